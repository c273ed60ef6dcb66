"""Cells: the positions of a corpus grouped by their context, from which entropies and patterns follow."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.um.kernels import cells as kernels

__all__ = ["Cells", "conditional_entropy", "weight"]

_LONGEST = 2**31 - 1  # positions are int32: half the memory traffic of int64


@dataclass(frozen=True, eq=False)
class Cells:
    """Positions t of predicted bytes in groups that share a context.

    Parameters
    ----------
    data : shape (n,), uint8, the whole corpus
    members : shape (m,), int32, positions, those of one cell side by side and ascending
    starts : shape (c + 1,), int64, where each cell begins in ``members``
    """

    data: NDArray[np.uint8]
    members: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def whole(cls, corpus: Corpus, first: int = 0, stop: int | None = None) -> "Cells":
        """All positions in ``[first, stop)`` in one cell: the empty context.

        Raises
        ------
        InputError
            If the corpus is longer than 2**31 - 1 bytes, which positions cannot number.
        """
        if len(corpus) > _LONGEST:
            raise InputError(
                f"patterns need a corpus of at most {_LONGEST} bytes, got {len(corpus)}",
                hint="take a part of it with --range; byte and offset counts have no such limit",
            )
        members = np.arange(first, len(corpus) if stop is None else stop, dtype=np.int32)
        return cls(corpus.data, members, np.array([0, len(members)], np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of positions in each cell, shape (c,)."""
        return np.diff(self.starts)

    def refined(self, offset: int) -> "Cells":
        """Split every cell by the byte at ``offset``; positions that have no such byte leave."""
        members = np.empty_like(self.members)
        starts = np.empty(len(members) + 1, np.int64)
        tally = np.empty(257, np.int64)
        positions, count = kernels.refine(self.data, offset, self.members, self.starts, members, starts, tally)
        return Cells(self.data, members[:positions], starts[: count + 1].copy())

    def unsettled(self) -> "Cells":
        """Only the cells in which more than one byte follows."""
        members, starts = np.empty_like(self.members), np.empty_like(self.starts)
        positions, count = kernels.unsettled(self.data, self.members, self.starts, members, starts)
        return Cells(self.data, members[:positions], starts[: count + 1])

    def from_position(self, first: int) -> "Cells":
        """Only the positions at or after ``first``; cells left empty stay, in their place."""
        kept = self.members >= first
        before = np.concatenate(([0], np.cumsum(kept)))
        return Cells(self.data, self.members[kept], before[self.starts])

    def labels(self) -> NDArray[np.int32]:
        """The number of the cell of every position of the corpus, shape (n,); -1 outside all cells."""
        labels = np.full(len(self.data), -1, np.int32)
        kernels.label(self.members, self.starts, labels)
        return labels

    def contexts(self, offsets: Iterable[int]) -> NDArray[np.uint8]:
        """The byte at each offset for every (non-empty) cell, shape (c, number of offsets)."""
        first = self.members[self.starts[:-1]].astype(np.int64)
        columns = [self.data[first - d] for d in offsets]
        return np.stack(columns, axis=1) if columns else np.empty((len(first), 0), np.uint8)


def weight(counts: NDArray[Any]) -> float:
    """Sum of n log2 n over counts; zero counts add nothing.

    Equal counts are weighed once, so the sum depends on which counts occur, not on their order.
    """
    values, times = np.unique(counts[counts > 1], return_counts=True)
    return float(np.sum(times * (values * np.log2(values))))


def conditional_entropy(contexts: Cells, patterns: Cells) -> float:
    """H(next byte | context) in bits: maximum likelihood, in-sample.

    ``patterns`` are the ``contexts`` refined by the predicted byte.

    Examples
    --------
    >>> alternating = Corpus.from_bytes(b"abababab")
    >>> context = Cells.whole(alternating).refined(1)
    >>> conditional_entropy(context, context.refined(0))
    0.0
    """
    return max(0.0, weight(contexts.sizes) - weight(patterns.sizes)) / len(contexts.members)
