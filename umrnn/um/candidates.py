"""What each of many candidate offsets would leave uncertain, once its byte joins the context."""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.parallel import map_ordered
from umrnn.progress import Work
from umrnn.um.cells import Cells, weight
from umrnn.um.counts import offset_counts
from umrnn.um.fixed_point import growth, scale, weights_of
from umrnn.um.kernels import entropy as kernels

__all__ = ["TIE", "candidate_entropies", "open_weights"]

TIE = 1e-12  # bits: entropies this near are equal, and the smaller offset wins
_GROUP = 8  # candidates that share one pass over the cells; a piece of work for one thread
_FIRST = 2  # groups scored in full; the rest only as far as they can still win
_NO_LIMIT = 2.0**62


def candidate_entropies(
    corpus: Corpus, cells: Cells, candidates: list[int], executor: Executor | None
) -> NDArray[np.float64]:
    """H(next byte | cell, byte at d) of every candidate d, each on its own positions t >= d, shape (candidates,).

    The smallest is exact, and so are those within ``TIE`` of it; others may be given up half way, at a value that is
    too small but already larger than the smallest.
    """
    if len(cells.members) == len(corpus):  # nothing is chosen yet: plain tables of pairs say it all
        return np.array(list(map_ordered(lambda d: _pair_entropy(corpus, d), candidates, executor)))
    opened = _Opened.of(cells)
    early = cells.members[cells.members < max(candidates)]
    positions = len(cells.members) - np.array([np.count_nonzero(early < d) for d in candidates])
    unit = positions * scale(len(corpus))

    def weights(group: slice, limit: float = np.inf) -> NDArray[np.int64]:
        limits = np.minimum((limit + TIE) * unit[group], _NO_LIMIT).astype(np.int64)
        return opened.weights(np.array(candidates[group]), limits)

    groups = [slice(i, i + _GROUP) for i in range(0, len(candidates), _GROUP)]
    near = np.concatenate(list(map_ordered(weights, groups[:_FIRST], executor)))
    best = float(np.min(near / unit[: len(near)]))
    far = list(map_ordered(lambda group: weights(group, best), groups[_FIRST:], executor))
    return np.asarray(np.concatenate([near, *far]) / unit, np.float64)


def open_weights(cells: Cells, candidates: list[int], executor: Executor | None = None) -> NDArray[np.int64]:
    """What every candidate gains on all positions of ``cells``, none of which lies before a candidate.

    (H(next byte | cell) - H(next byte | cell, byte at d)) * positions * scale(n), shape (candidates,), exact.
    """
    opened = _Opened.of(cells)
    groups = [np.array(candidates[i : i + _GROUP]) for i in range(0, len(candidates), _GROUP)]
    no_limits = np.full(_GROUP, _NO_LIMIT, np.int64)
    found = map_ordered(lambda group: opened.weights(group, no_limits[: len(group)]), groups, executor)
    return np.asarray(opened.known - np.concatenate(list(found)), np.int64)


@dataclass(frozen=True, eq=False)
class _Opened:
    """Cells in which more than one byte follows, as the kernel wants them; settled cells add to N but not to H."""

    cells: Cells
    members: NDArray[np.int32]
    runs: NDArray[np.uint32]
    steps: NDArray[np.int64]
    known: int

    @classmethod
    def of(cls, cells: Cells) -> "_Opened":
        opened = cells.unsettled()
        by_target = opened.refined(0)
        begins = np.repeat(by_target.starts[:-1], by_target.sizes) - np.repeat(opened.starts[:-1], opened.sizes)
        steps = growth(int(opened.sizes.max(initial=1)), len(cells.data))
        known = weights_of(opened.sizes, steps) - weights_of(by_target.sizes, steps)
        return cls(opened, by_target.members, begins.astype(np.uint32), steps, known)

    def weights(self, offsets: NDArray[np.int64], limits: NDArray[np.int64]) -> NDArray[np.int64]:
        """H(next byte | cell, byte at the offset) * positions * scale(n) of each offset."""
        largest = int(self.cells.sizes.max(initial=1))
        out, tally, pairs = np.empty(len(offsets), np.int64), np.empty(256, np.uint32), np.empty(256, np.uint32)
        column, kept = np.empty(largest, np.uint8), np.empty(largest, np.uint32)
        text, grouped = (self.cells.data, offsets, limits), (self.members, self.cells.starts, self.runs, self.steps)
        kernels.candidate_weights(*text, *grouped, column, kept, tally, pairs, out)
        return out


def _pair_entropy(corpus: Corpus, offset: int) -> float:
    """H(byte | byte at the offset) in bits."""
    table = offset_counts(corpus, [offset], start=offset, work=Work(threads=1)).counts[0]
    return (weight(table.sum(axis=1)) - weight(table)) / int(table.sum())
