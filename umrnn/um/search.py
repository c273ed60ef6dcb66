"""Greedy search for the offsets that say most about the next byte, with a stopping rule.

Start with the empty context; add the offset d that makes H(next byte | chosen context, byte at d) smallest; repeat.
On a small corpus every added offset seems to help, so each step is tested: the targets are shuffled *within the cells
of the context chosen so far*, which keeps all that is already known and destroys only what a new offset could add, and
the statistic is the *largest* gain over all remaining candidates, because the largest is what the search takes.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import SILENT, Progress
from umrnn.um.cells import Cells, conditional_entropy
from umrnn.um.fixed_point import growth, scale
from umrnn.um.gain_test import GainTest, largest_gain_test
from umrnn.um.kernels import entropy as kernels

__all__ = ["ALPHA", "Step", "greedy_steps"]

ALPHA = 0.01  # a step is taken for real if chance does as well at most this often
TIE = 1e-12  # bits: entropies this near are equal, and the smaller offset wins


@dataclass(frozen=True)
class Step:
    """One step of the search; entropies and gains in bits per byte.

    ``bits`` is H with the offset added and ``gain`` its fall, on the positions that have the chosen offsets.
    ``test`` compares gains on the positions that have every candidate; None where no null was asked for.
    """

    offset: int
    bits: float
    gain: float
    test: GainTest | None


def greedy_steps(
    corpus: Corpus,
    count: int,
    max_offset: int,
    *,
    stop: bool = False,
    null: Null | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> list[Step]:
    """Choose up to ``count`` offsets among 1 … ``max_offset``, one at a time.

    Each candidate is scored on the positions that have it and all chosen offsets, t >= max(chosen, d), as published.
    The search ends early where the context settles every byte, and with ``stop`` at the first step whose p-value
    exceeds ``ALPHA``; that step is not taken, so no step at all is a possible answer.

    Raises
    ------
    InputError
        If the corpus is not longer than ``max_offset``, or ``stop`` is asked for without a null.
    """
    integer("greedy", count, 1)
    integer("max-offset", max_offset, 1)
    if max_offset >= len(corpus):
        raise InputError(f"max-offset must be shorter than the corpus of {len(corpus)} bytes, got {max_offset}")
    null = null or Null()
    if stop and null.permutations < 1 / ALPHA - 1:
        raise InputError(
            f"stop needs at least {round(1 / ALPHA) - 1} permutations to reach p <= {ALPHA}, got {null.permutations}"
        )
    steps = growth(len(corpus), len(corpus))
    chosen: list[Step] = []
    cells = Cells.whole(corpus)
    remaining = list(range(1, max_offset + 1))
    bits = conditional_entropy(cells, cells.refined(0))
    progress.start("greedy offsets", min(count, max_offset) * (1 + null.permutations), "shuffles")
    with pool(threads) as executor:
        while len(chosen) < count and remaining and bits > 0:
            entropies = _candidate_entropies(cells, remaining, steps, executor)
            smallest = entropies.min()
            offset = next(d for d, value in zip(remaining, entropies) if value <= smallest + TIE)
            test = None
            if null.permutations:
                test = largest_gain_test(cells, remaining, max_offset, null, len(chosen), executor, progress)
            progress.advance(1, offsets=len(chosen) + 1)
            if stop and test is not None and test.p_value > ALPHA:
                break
            cells = cells.refined(offset)
            after = conditional_entropy(cells, cells.refined(0))
            chosen.append(Step(offset, after, bits - after, test))
            bits = after
            remaining.remove(offset)
    progress.finish()
    return chosen


def _candidate_entropies(
    cells: Cells, candidates: list[int], steps: NDArray[np.int64], executor: Executor | None
) -> NDArray[np.float64]:
    """H(next byte | cell, byte at d) for every candidate d, each on its own positions t >= d."""
    opened = cells.unsettled()  # settled cells add to N but not to H
    early = cells.members[cells.members < max(candidates)]
    unit = scale(len(steps))

    def entropy(offset: int) -> float:
        contexts, patterns = _weights(opened, offset, steps)
        positions = len(cells.members) - int(np.count_nonzero(early < offset))
        return (contexts - patterns) / unit / positions

    return np.array(list(map_ordered(entropy, candidates, executor)))


def _weights(cells: Cells, offset: int, steps: NDArray[np.int64]) -> tuple[int, int]:
    """Fixed-point sums of n log2 n over (cell, byte at offset) and over (cell, byte at offset, next byte)."""
    keys = np.empty(len(cells.members), np.uint16)
    key_starts = np.empty_like(cells.starts)
    kernels.candidate_keys(cells.data, offset, cells.members, cells.starts, keys, key_starts)
    tally, pairs = np.zeros(256, np.uint32), np.zeros(256 * 256, np.uint32)
    contexts, patterns = kernels.key_weights(keys, key_starts, tally, pairs, steps)
    return int(contexts), int(patterns)
