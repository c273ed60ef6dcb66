"""Greedy search for the offsets that say most about the next byte, with a stopping rule.

Start with the empty context; add the offset d that makes H(next byte | chosen context, byte at d) smallest; repeat.
On a small corpus every added offset seems to help, so each step is tested: the targets are shuffled *within the cells
of the context chosen so far*, which keeps all that is already known and destroys only what a new offset could add, and
the statistic is the *largest* gain over all remaining candidates, because the largest is what the search takes.
"""

from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.um.cells import Cells, conditional_entropy, weight
from umrnn.um.counts import offset_counts
from umrnn.um.fixed_point import growth, scale
from umrnn.um.gain_test import GainTest, largest_gain_test
from umrnn.um.kernels import entropy as kernels

__all__ = ["ALPHA", "SearchStep", "greedy_steps"]

ALPHA = 0.01  # a step is taken for real if chance does as well at most this often
TIE = 1e-12  # bits: entropies this near are equal, and the smaller offset wins
_GROUP = 8  # candidates that share one pass over the cells; a piece of work for one thread
_FIRST = 2  # groups scored in full; the rest only as far as they can still win
_NO_LIMIT = 2.0**62


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


def greedy_steps(
    corpus: Corpus,
    count: int,
    max_offset: int,
    *,
    stop: bool = False,
    null: Null | None = None,
    work: Work = Work(),
) -> list[SearchStep]:
    """Choose up to ``count`` offsets among 1 … ``max_offset``, one at a time.

    Each candidate is scored on the positions that have it and all chosen offsets, t >= max(chosen, d), as published.
    The search ends early where the context settles every byte, and with ``stop`` at the first step whose p-value
    exceeds ``ALPHA``. That step is returned as the last, not taken; it may be the only one.

    Raises
    ------
    InputError
        If the corpus is not longer than ``max_offset``, or ``stop`` is asked for without a null.
    """
    null = null or Null()
    _check_search(corpus, count, max_offset, null if stop else None)
    chosen: list[SearchStep] = []
    cells = Cells.whole(corpus)
    remaining = list(range(1, max_offset + 1))
    bits = conditional_entropy(cells, cells.refined(0))
    work.progress.start("greedy offsets", min(count, max_offset) * (1 + null.permutations), "shuffles")
    with pool(work.threads) as executor:
        shared = replace(work, threads=executor or 1)
        while len(chosen) < count and remaining and bits > 0:
            entropies = _candidate_entropies(corpus, cells, remaining, executor)
            best = int(np.flatnonzero(entropies <= entropies.min() + TIE)[0])
            offset, after = remaining[best], max(0.0, float(entropies[best]))
            test = None
            if null.permutations:
                test = largest_gain_test(cells, remaining, max_offset, null, len(chosen), shared)
            work.progress.advance(1, offsets=len(chosen) + 1)
            taken = not (stop and test is not None and test.p_value > ALPHA)
            chosen.append(SearchStep(offset, after, bits - after, test, taken))
            if not taken:
                break
            cells, bits = cells.refined(offset), after
            remaining.remove(offset)
    work.progress.finish()
    return chosen


def _check_search(corpus: Corpus, count: int, max_offset: int, stopping: Null | None) -> None:
    """Refuse offsets beyond the corpus, and a null too small to stop by."""
    integer("greedy", count, 1)
    integer("max-offset", max_offset, 1)
    if max_offset >= len(corpus):
        raise InputError(f"max-offset must be shorter than the corpus of {len(corpus)} bytes, got {max_offset}")
    if stopping is not None and stopping.permutations < 1 / ALPHA - 1:
        raise InputError(
            f"stop needs at least {round(1 / ALPHA) - 1} permutations to reach p <= {ALPHA}, "
            f"got {stopping.permutations}"
        )


def _candidate_entropies(
    corpus: Corpus, cells: Cells, candidates: list[int], executor: Executor | None
) -> NDArray[np.float64]:
    """H(next byte | cell, byte at d) of every candidate d, each on its own positions t >= d, shape (candidates,).

    The smallest is exact, and so are those within ``TIE`` of it; others may be given up half way, at a value that is
    too small but already larger than the smallest.
    """
    if len(cells.members) == len(corpus):  # nothing is chosen yet: plain tables of pairs say it all
        return np.array(list(map_ordered(lambda d: _pair_entropy(corpus, d), candidates, executor)))
    opened = cells.unsettled()  # settled cells add to N but not to H
    by_target = opened.refined(0)
    begins = np.repeat(by_target.starts[:-1], by_target.sizes) - np.repeat(opened.starts[:-1], opened.sizes)
    runs = begins.astype(np.uint32)
    largest = int(opened.sizes.max(initial=1))
    steps = growth(largest, len(corpus))
    early = cells.members[cells.members < max(candidates)]
    positions = len(cells.members) - np.array([np.count_nonzero(early < d) for d in candidates])
    unit = positions * scale(len(corpus))

    def weights(group: slice, limit: float = np.inf) -> NDArray[np.int64]:
        offsets = np.array(candidates[group])
        limits = np.minimum((limit + TIE) * unit[group], _NO_LIMIT).astype(np.int64)
        out, tally, pairs = np.empty(len(offsets), np.int64), np.empty(256, np.uint32), np.empty(256, np.uint32)
        column, kept = np.empty(largest, np.uint8), np.empty(largest, np.uint32)
        text, grouped = (corpus.data, offsets, limits), (by_target.members, opened.starts, runs, steps)
        kernels.candidate_weights(*text, *grouped, column, kept, tally, pairs, out)
        return out

    groups = [slice(i, i + _GROUP) for i in range(0, len(candidates), _GROUP)]
    near = np.concatenate(list(map_ordered(weights, groups[:_FIRST], executor)))
    best = float(np.min(near / unit[: len(near)]))
    far = list(map_ordered(lambda group: weights(group, best), groups[_FIRST:], executor))
    return np.asarray(np.concatenate([near, *far]) / unit, np.float64)


def _pair_entropy(corpus: Corpus, offset: int) -> float:
    """H(byte | byte at the offset) in bits."""
    table = offset_counts(corpus, [offset], start=offset, work=Work(threads=1)).counts[0]
    return (weight(table.sum(axis=1)) - weight(table)) / int(table.sum())
