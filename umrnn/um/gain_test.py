"""Is the gain of a search step more than chance gives? A test of the largest over all candidates.

Chance is simulated in one of two ways (:class:`umrnn.nulls.Null`):

* ``surrogate``: the search is tried on whole texts in which only the offsets chosen so far say what follows
  (:mod:`umrnn.um.surrogate`);
* ``permuted``: the next bytes are shuffled within the cells of the context chosen so far. All that the context knows is
  kept, but not the order in which the bytes of a cell come, so of a text with runs chance is thought less able than
  it is.

Shuffling the candidate instead, or testing the winner alone, finds offsets in i.i.d. bytes, because the winner of many
candidates is large by selection.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.um.candidates import open_weights
from umrnn.um.cells import Cells
from umrnn.um.fixed_point import growth, scale, weights_of
from umrnn.um.kernels import cells as cell_kernels
from umrnn.um.kernels import entropy as kernels
from umrnn.um.surrogate import Surrogates

__all__ = ["ChanceGains", "GainTest", "chance_gains"]

_BATCH_BYTES = 1 << 25  # shuffled targets held at a time


@dataclass(frozen=True)
class GainTest:
    """What a step gains beside what chance gives, in bits per byte, on the positions that have every candidate.

    Parameters
    ----------
    gain : of the offset taken
    null_gain : mean over draws of the largest gain
    excess : the gain less the mean over draws of the gain of the same offset
    p_value : share of draws in which the best candidate does as well, as the search ranks candidates
    """

    gain: float
    null_gain: float
    excess: float
    p_value: float


@dataclass(frozen=True, eq=False)
class ChanceGains:
    """Gains of all candidates, of the text and of the draws of chance, in units of 1 / ``unit`` bits per byte.

    Parameters
    ----------
    observed : shape (candidates,), int64
    simulated : shape (permutations, candidates), int64
    """

    observed: NDArray[np.int64]
    simulated: NDArray[np.int64]
    unit: float

    @property
    def excess(self) -> NDArray[np.float64]:
        """Gain less its mean over draws, in bits per byte, shape (candidates,)."""
        return np.asarray((self.observed - self.simulated.mean(axis=0)) / self.unit, np.float64)

    def test(self, taken: int, *, by_excess: bool = False) -> GainTest:
        """Test the candidate numbered ``taken``: the best by its gain, or by its excess."""
        centre = self.simulated.mean(axis=0) if by_excess else 0
        best = (self.observed - centre).max()
        return GainTest(
            gain=float(self.observed[taken]) / self.unit,
            null_gain=float(self.simulated.max(axis=1).mean()) / self.unit,
            excess=float(self.excess[taken]),
            p_value=Null.p_value(best, (self.simulated - centre).max(axis=1)),
        )


def chance_gains(
    corpus: Corpus,
    cells: Cells,
    chosen: Sequence[int],
    candidates: list[int],
    first: int,
    null: Null,
    work: Work = Work(),
) -> ChanceGains:
    """Gains of ``candidates`` on the positions t >= ``first`` of ``cells``, and what chance makes of them.

    Parameters
    ----------
    cells : positions of ``corpus`` grouped by the bytes at the ``chosen`` offsets
    candidates : offsets, none above ``first``
    null : its scheme says how chance is simulated
    """
    support = cells.from_position(first)
    with pool(work.threads) as executor:
        observed = open_weights(support, candidates, executor)
        shared = replace(work, threads=executor or 1)
        if null.scheme == "surrogate":
            simulated = _surrogate_gains(Surrogates.of(corpus, chosen, first), candidates, null, shared)
        else:
            simulated = _permuted_gains(support, len(chosen), candidates, null, shared)
    return ChanceGains(observed, simulated, scale(len(cells.data)) * max(1, len(support.members)))


def _surrogate_gains(surrogates: Surrogates, candidates: list[int], null: Null, work: Work) -> NDArray[np.int64]:
    """The same gains in texts where only the chosen offsets say what follows; a text to a thread."""
    chosen = surrogates.offsets.tolist()

    def gains(number: int) -> NDArray[np.int64]:
        cells = Cells.whole(surrogates.draw(null.generator(len(chosen), number)), surrogates.first)
        for offset in chosen:
            cells = cells.refined(offset)
        found = open_weights(cells, candidates)
        work.progress.advance(1)
        return found

    with pool(work.threads) as executor:
        return np.array(list(map_ordered(gains, range(null.permutations), executor)), np.int64)


def _permuted_gains(support: Cells, step: int, candidates: list[int], null: Null, work: Work) -> NDArray[np.int64]:
    """The same gains where the next bytes are shuffled within the cells; a candidate to a thread."""
    opened = support.unsettled()  # shuffling within a settled cell changes nothing
    targets = opened.data[opened.members]
    steps = growth(int(opened.sizes.max(initial=1)), len(support.data))
    everything = np.arange(len(targets), dtype=np.int32)
    known = weights_of(opened.sizes, steps) - _pattern_weight(targets, everything, opened.starts, steps)
    simulated = []
    batch = max(1, _BATCH_BYTES // max(1, len(targets)))
    with pool(work.threads) as executor:
        for begin in range(0, null.permutations, batch):
            numbers = range(begin, min(begin + batch, null.permutations))
            rows = map_ordered(lambda k: _shuffled(targets, opened.starts, null, step, k), numbers, executor)
            gains = _candidate_gains(opened, np.stack(list(rows)), known, steps)
            simulated.append(np.stack(list(map_ordered(gains, candidates, executor)), axis=1))
            work.progress.advance(len(numbers))
    return np.concatenate(simulated)


def _candidate_gains(
    opened: Cells, rows: NDArray[np.uint8], known: int, steps: NDArray[np.int64]
) -> Callable[[int], NDArray[np.int64]]:
    """The gain of one offset for each row of shuffled targets."""

    def gains(offset: int) -> NDArray[np.int64]:
        order, starts, contexts = _grouped(opened, offset, steps)
        patterns = [_pattern_weight(row, order, starts, steps) for row in rows]
        return known - contexts + np.array(patterns, np.int64)

    return gains


def _grouped(cells: Cells, offset: int, steps: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64], int]:
    """Targets grouped by (cell, byte at the offset): indices, starts and sum of n log2 n; singles are left out."""
    column = cells.data[cells.members - np.int32(offset)]
    index = np.arange(len(column), dtype=np.int32)
    order, starts = np.empty_like(index), np.empty(len(index) + 1, np.int64)
    _, count = cell_kernels.refine(column, 0, index, cells.starts, order, starts, np.empty(257, np.int64))
    sizes = np.diff(starts[: count + 1])
    repeated = sizes > 1  # a group of one weighs nothing, whatever its target
    kept = sizes[repeated]
    return order[np.repeat(repeated, sizes)], np.concatenate(([0], np.cumsum(kept))), weights_of(kept, steps)


def _shuffled(
    targets: NDArray[np.uint8], starts: NDArray[np.int64], null: Null, step: int, number: int
) -> NDArray[np.uint8]:
    copy = targets.copy()
    kernels.shuffle_cells(copy, starts, null.generator(step, number).random(len(targets)))
    return copy


def _pattern_weight(
    targets: NDArray[np.uint8], order: NDArray[np.int32], starts: NDArray[np.int64], steps: NDArray[np.int64]
) -> int:
    return int(kernels.target_weight(targets, order, starts, steps, np.empty(256, np.uint32)))
