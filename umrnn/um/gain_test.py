"""Is the largest gain of a search step more than chance gives? A permutation test of the maximum.

The targets are shuffled within the cells of the context chosen so far: all that the context knows is kept, only what
a further offset could add is destroyed. Shuffling the candidate instead, or testing the winner alone, finds offsets in
i.i.d. bytes, because the winner of many candidates is large by selection.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.um.cells import Cells
from umrnn.um.fixed_point import growth, scale, weights_of
from umrnn.um.kernels import cells as cell_kernels
from umrnn.um.kernels import entropy as kernels

__all__ = ["GainTest", "largest_gain_test"]

_BATCH_BYTES = 1 << 25  # shuffled targets held at a time


@dataclass(frozen=True)
class GainTest:
    """Largest gain observed, mean of the largest gain over shuffles (bits per byte), and the p-value."""

    gain: float
    null_gain: float
    p_value: float


@dataclass(frozen=True, eq=False)
class _Groups:
    """Targets grouped by (cell, byte at one candidate): indices, starts and sum of n log2 n; singles left out."""

    order: NDArray[np.int32]
    starts: NDArray[np.int64]
    weight: int


def largest_gain_test(
    cells: Cells,
    candidates: list[int],
    first: int,
    null: Null,
    step: int,
    work: Work = Work(),
) -> GainTest:
    """Test the largest gain over ``candidates`` on the positions t >= ``first`` of ``cells``.

    Parameters
    ----------
    cells : positions grouped by the context chosen so far
    candidates : offsets, none above ``first``
    step : number of offsets chosen so far; names the random stream
    """
    support = cells.from_position(first)
    opened = support.unsettled()  # shuffling within a settled cell changes nothing
    targets = opened.data[opened.members]
    steps = growth(int(opened.sizes.max(initial=1)), len(cells.data))
    everything = np.arange(len(targets), dtype=np.int32)
    known = weights_of(opened.sizes, steps) - _pattern_weight(targets, everything, opened.starts, steps)

    def largest_gains(rows: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Largest fixed-point gain over all candidates for each row of targets, shape (rows,)."""

        def gains(offset: int) -> NDArray[np.int64]:
            groups = _grouped(opened, offset, steps)
            patterns = [_pattern_weight(row, groups.order, groups.starts, steps) for row in rows]
            return known - groups.weight + np.array(patterns, np.int64)

        per_candidate = np.stack(list(map_ordered(gains, candidates, executor)))
        return np.asarray(per_candidate.max(axis=0), np.int64)

    simulated: list[int] = []
    batch = max(1, _BATCH_BYTES // max(1, len(targets)))
    with pool(work.threads) as executor:
        observed = int(largest_gains(targets[np.newaxis])[0])
        for begin in range(0, null.permutations, batch):
            numbers = range(begin, min(begin + batch, null.permutations))
            rows = map_ordered(lambda k: _shuffled(targets, opened.starts, null, step, k), numbers, executor)
            simulated += largest_gains(np.stack(list(rows))).tolist()
            work.progress.advance(len(numbers))
    unit = scale(len(cells.data)) * max(1, len(support.members))
    return GainTest(observed / unit, float(np.mean(simulated)) / unit, null.p_value(observed, simulated))


def _grouped(cells: Cells, offset: int, steps: NDArray[np.int64]) -> _Groups:
    """Split the cells by the byte at ``offset``. Done once per candidate and used for every shuffle."""
    column = cells.data[cells.members - np.int32(offset)]
    index = np.arange(len(column), dtype=np.int32)
    order, starts = np.empty_like(index), np.empty(len(index) + 1, np.int64)
    _, count = cell_kernels.refine(column, 0, index, cells.starts, order, starts, np.empty(257, np.int64))
    sizes = np.diff(starts[: count + 1])
    repeated = sizes > 1  # a group of one weighs nothing, whatever its target
    kept = sizes[repeated]
    return _Groups(order[np.repeat(repeated, sizes)], np.concatenate(([0], np.cumsum(kept))), weights_of(kept, steps))


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
