"""Greedy search for the offsets that say most about the next byte, with a stopping rule.

Start with the empty context; add the offset d that makes H(next byte | chosen context, byte at d) smallest; repeat.
On a small corpus every added offset seems to help, so each step is tested (:mod:`umrnn.um.gain_test`): the same search
is made where nothing but the offsets chosen so far says what follows, and the statistic is the *largest* gain over all
remaining candidates, because the largest is what the search takes.
"""

from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.parallel import pool
from umrnn.progress import Work
from umrnn.um.candidates import TIE, candidate_entropies
from umrnn.um.cells import Cells, conditional_entropy
from umrnn.um.gain_test import GainTest, chance_gains

__all__ = ["ALPHA", "SELECT", "SearchStep", "greedy_steps"]

SELECT = ("gain", "excess")
ALPHA = 0.01  # a step is taken for real if chance does as well at most this often


@dataclass(frozen=True)
class SearchStep:
    """One step of the search; entropies and gains in bits per byte.

    ``bits`` is H with the offset added and ``gain`` its fall, on the positions that have the chosen offsets.
    ``test`` compares gains on the positions that have every candidate; None where no null was asked for. A step that
    ended the search, because chance does as well, is the last and is not ``taken``.
    """

    offset: int
    bits: float
    gain: float
    test: GainTest | None
    taken: bool = True


@reads_text
def greedy_steps(
    corpus: Corpus,
    count: int,
    max_offset: int,
    *,
    stop: bool = False,
    select: str = "gain",
    null: Null | None = None,
    work: Work = Work(),
) -> list[SearchStep]:
    """Choose up to ``count`` offsets among 1 … ``max_offset``, one at a time.

    Each candidate is scored on the positions that have it and all chosen offsets, t >= max(chosen, d), as published.
    The search ends early where the context settles every byte, and with ``stop`` at the first step whose p-value
    exceeds ``ALPHA``. That step is returned as the last, not taken; it may be the only one.

    Parameters
    ----------
    select : ``gain`` takes the offset that leaves least uncertain, as published; ``excess`` the one whose gain most
        exceeds what chance gives the same offset, on the positions that have every candidate

    Raises
    ------
    InputError
        If the corpus is not longer than ``max_offset``, or ``stop`` or ``excess`` is asked for without a null.
    """
    null = null or Null()
    _check_search(corpus, count, max_offset, stop, select, null)
    chosen: list[SearchStep] = []
    cells = Cells.whole(corpus)
    bits = conditional_entropy(cells, cells.refined(0))
    work.progress.start("greedy offsets", min(count, max_offset) * (1 + null.permutations), "draws")
    with pool(work.threads) as executor:
        search = _Search(corpus, max_offset, select, null, replace(work, threads=executor or 1))
        while len(chosen) < min(count, max_offset) and bits > 0:
            step = search.step(cells, bits, [each.offset for each in chosen])
            work.progress.advance(1, offsets=len(chosen) + 1)
            taken = not (stop and step.test is not None and step.test.p_value > ALPHA)
            chosen.append(replace(step, taken=taken))
            if not taken:
                break
            cells, bits = cells.refined(step.offset), step.bits
    work.progress.finish()
    return chosen


@dataclass(frozen=True)
class _Search:
    """What all steps of a search share."""

    corpus: Corpus
    max_offset: int
    select: str
    null: Null
    work: Work

    def step(self, cells: Cells, bits: float, chosen: list[int]) -> SearchStep:
        """The best of the offsets not ``chosen``, whose cells leave ``bits`` uncertain, and its test."""
        candidates = [offset for offset in range(1, self.max_offset + 1) if offset not in chosen]
        chance = None
        if self.null.permutations:
            chance = chance_gains(self.corpus, cells, chosen, candidates, self.max_offset, self.null, self.work)
        by_excess = chance is not None and self.select == "excess"
        if chance is not None and by_excess:
            best = int(np.flatnonzero(chance.excess >= chance.excess.max() - TIE)[0])
            after = conditional_entropy(joined := cells.refined(candidates[best]), joined.refined(0))
        else:
            executor = self.work.threads if isinstance(self.work.threads, Executor) else None
            entropies = candidate_entropies(self.corpus, cells, candidates, executor)
            best = int(np.flatnonzero(entropies <= entropies.min() + TIE)[0])
            after = max(0.0, float(entropies[best]))
        test = chance.test(best, by_excess=by_excess) if chance is not None else None
        return SearchStep(candidates[best], after, bits - after, test)


def _check_search(corpus: Corpus, count: int, max_offset: int, stop: bool, select: str, null: Null) -> None:
    """Refuse offsets beyond the corpus, and a null too small to stop or to choose by."""
    integer("greedy", count, 1)
    integer("max-offset", max_offset, 1)
    if max_offset >= len(corpus):
        raise InputError(f"max-offset must be shorter than the corpus of {len(corpus)} bytes, got {max_offset}")
    if select not in SELECT:
        raise InputError(f"select must be one of {', '.join(SELECT)}, got {select}")
    if select == "excess" and not null.permutations:
        raise InputError("select excess needs at least 1 permutation, which say what chance gives, got 0")
    if stop and null.permutations < 1 / ALPHA - 1:
        raise InputError(
            f"stop needs at least {round(1 / ALPHA) - 1} permutations to reach p <= {ALPHA}, got {null.permutations}"
        )
