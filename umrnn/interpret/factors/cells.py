"""Cells of positions that share a few small columns, and how well their means tell the states of a neuron.

in-sample      R² = 1 - SSE / SST, each position predicted by the mean of its cell, itself included
leave-one-out  by the mean of the others of its cell; a lone position by the mean of all others
held out       by the mean of its cell's counted positions; an unseen cell by the mean of all counted ones, which is
               also the reference of R², so that knowing nothing scores 0
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CellMeans", "Grouping"]

_TOGETHER = 1 << 20  # positions whose codes are worked out together


@dataclass(frozen=True, eq=False)
class Grouping:
    """Positions by their cell: those with equal values in all columns.

    Parameters
    ----------
    columns : each (m,), uint8; views, so that a grouping of a long corpus costs no memory
    number : shape (product of the columns' ranges,), int32, the cell of every combination of values that occurs
    sizes : shape (c,), int64, positions of each cell
    """

    columns: tuple[NDArray[np.uint8], ...]
    number: NDArray[np.int32]
    sizes: NDArray[np.int64]

    @classmethod
    def by(cls, *columns: NDArray[np.uint8]) -> "Grouping":
        """Group by ``columns``; the product of their ranges must fit in memory.

        Examples
        --------
        >>> Grouping.by(np.array([0, 1, 0], np.uint8), np.array([5, 5, 5], np.uint8)).sizes.tolist()
        [2, 1]
        """
        widths = [int(column.max()) + 1 for column in columns]
        counts = np.zeros(math.prod(widths), np.int64)
        for start in range(0, len(columns[0]), _TOGETHER):
            codes = _codes(columns, widths, start, start + _TOGETHER)
            counts += np.bincount(codes, minlength=len(counts))
        seen = np.flatnonzero(counts)
        number = np.zeros(len(counts), np.int32)
        number[seen] = np.arange(len(seen), dtype=np.int32)
        return cls(columns, number, counts[seen])

    def __len__(self) -> int:
        return len(self.sizes)

    def labels(self, start: int = 0, stop: int | None = None) -> NDArray[np.int32]:
        """The cell of each of the positions ``[start, stop)``."""
        widths = [int(column.max()) + 1 for column in self.columns]
        return self.number[_codes(self.columns, widths, start, stop)]

    @property
    def chance_r2(self) -> float:
        """Exact mean of the in-sample R² over all orders of any states: (cells - 1) / (positions - 1)."""
        return (len(self.sizes) - 1) / max(1, len(self.columns[0]) - 1)


def _codes(
    columns: Sequence[NDArray[np.uint8]], widths: Sequence[int], start: int, stop: int | None
) -> NDArray[np.int64]:
    codes = columns[0][start:stop].astype(np.int64)
    for column, width in zip(columns[1:], widths[1:]):
        codes *= width
        codes += column[start:stop]
    return codes


@dataclass(frozen=True, eq=False)
class CellMeans:
    """Means of one neuron in every cell, over the counted positions.

    Parameters
    ----------
    grouping : the cells
    mean : mean of the neuron over all counted positions
    means : shape (c,), of each cell, less ``mean``; 0 in cells without a counted position
    in_sample_r2, leave_one_out_r2, held_out_r2 : as in the module text; NaN for a neuron that never changes, and held
        out where nothing is left to score
    """

    grouping: Grouping
    mean: float
    means: NDArray[np.float64]
    in_sample_r2: float
    leave_one_out_r2: float
    held_out_r2: float

    @classmethod
    def of(
        cls, grouping: Grouping, labels: NDArray[np.int32], values: NDArray[Any], counted: int | None = None
    ) -> "CellMeans":
        """Means of ``values`` (m,) in the cells ``labels`` (m,); the first ``counted`` positions count (default: all).

        Examples
        --------
        >>> cells = Grouping.by(np.array([0, 0, 1, 1], np.uint8))
        >>> CellMeans.of(cells, cells.labels(), np.array([0.0, 2.0, 3.0, 5.0])).in_sample_r2.__round__(6)
        0.692308
        """
        count = len(values) if counted is None else counted
        mean = float(values[:count].mean(dtype=np.float64))
        centred = values.astype(np.float64) - mean
        known, seen = centred[:count], labels[:count]
        sizes = np.bincount(seen, minlength=len(grouping))
        means = np.bincount(seen, known, len(grouping)) / np.maximum(sizes, 1)
        errors = known - means[seen]
        inside = sizes[seen]
        others = np.where(inside > 1, errors * inside / np.maximum(inside - 1, 1), known * count / max(1, count - 1))
        rest = centred[count:]
        scores = (
            _r2(errors, known),
            _r2(others, known) if count > 1 else math.nan,
            _r2(rest - means[labels[count:]], rest) if len(rest) else math.nan,
        )
        return cls(grouping, mean, means, *scores)


def _r2(errors: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """1 - SSE / SST about 0; NaN where the values never change, though rounding may have moved them off 0."""
    if values.max() == values.min():
        return math.nan
    # Not np.dot: BLAS takes two threads for long arrays, and other last bits with them.
    return 1 - float(np.square(errors).sum() / np.square(values).sum())
