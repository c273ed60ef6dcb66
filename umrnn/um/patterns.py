"""Patterns: the distinct (context, next byte) pairs of a tuple of offsets, with their counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import offset_tuple
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.um.cells import Cells, weight

__all__ = ["Patterns"]


@dataclass(frozen=True, eq=False, repr=False)
class Patterns:
    """Distinct (context, next byte) pairs and how often each occurs; mergeable.

    Parameters
    ----------
    offsets : the k offsets, in the order that contexts are written
    contexts : shape (p, k), uint8, byte at each offset
    targets : shape (p,), uint8, the next byte
    counts : shape (p,), int64, >= 1
        Rows are distinct and in lexicographic order of (context, next byte).

    Examples
    --------
    >>> Patterns.of(Corpus.from_bytes(b"abcabd"), (1,))
    Patterns(offsets=(1,), patterns=4, contexts=3, positions=5)
    """

    offsets: tuple[int, ...]
    contexts: NDArray[np.uint8]
    targets: NDArray[np.uint8]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)

    def __repr__(self) -> str:
        return (
            f"Patterns(offsets={self.offsets}, patterns={len(self)}, contexts={len(self.context_counts)}, "
            f"positions={self.positions})"
        )

    @classmethod
    def of(cls, corpus: Corpus, offsets: Iterable[int], *, start: int = 0, stop: int | None = None) -> "Patterns":
        """Count the patterns whose target t lies in ``[start, stop)``; contexts may reach back before ``start``.

        Targets without a full context, t < max(offsets), are left out.

        Raises
        ------
        InputError
            If an offset is not a distinct integer in ``[1, n - 1]``, or no target is left.
        """
        chosen = offset_tuple(offsets, len(corpus))
        return cls.of_cells(pattern_cells(corpus, chosen, start, stop), chosen)

    @classmethod
    def of_cells(cls, cells: Cells, offsets: tuple[int, ...]) -> "Patterns":
        """From cells already refined by every offset and by the next byte (offset 0), in this order."""
        targets = cells.data[cells.members[cells.starts[:-1]]]
        return cls(offsets, cells.contexts(offsets), targets, cells.sizes)

    @classmethod
    def merged(cls, parts: Sequence["Patterns"]) -> "Patterns":
        """The patterns of all parts together: exact, in any order and grouping of the parts.

        Raises
        ------
        InputError
            If there is no part, or the parts speak of different offsets.
        """
        if not parts or any(part.offsets != parts[0].offsets for part in parts):
            raise InputError("patterns merge only where all parts have the same offsets")
        rows = np.concatenate([np.column_stack((part.contexts, part.targets)) for part in parts])
        distinct, index = np.unique(rows, axis=0, return_inverse=True)
        counts = np.zeros(len(distinct), np.int64)
        np.add.at(counts, index.reshape(-1), np.concatenate([part.counts for part in parts]))
        return cls(parts[0].offsets, distinct[:, :-1], distinct[:, -1], counts)

    @property
    def positions(self) -> int:
        """Number of counted targets."""
        return int(self.counts.sum())

    @property
    def context_starts(self) -> NDArray[np.int64]:
        """Row at which each distinct context begins, shape (c,)."""
        changed = np.any(self.contexts[1:] != self.contexts[:-1], axis=1)
        return np.concatenate(([0], np.flatnonzero(changed) + 1)).astype(np.int64)

    @property
    def context_counts(self) -> NDArray[np.int64]:
        """How often each distinct context occurs, shape (c,)."""
        return np.add.reduceat(self.counts, self.context_starts)

    @property
    def bits(self) -> float:
        """H(next byte | context) in bits, maximum likelihood, in-sample."""
        return max(0.0, weight(self.context_counts) - weight(self.counts)) / self.positions

    def gains(self) -> NDArray[np.float64]:
        """Bits each pattern saves against the bytes' own frequencies, n(c, y) log2 (P(y | c) / P(y)), shape (p,)."""
        rows = np.diff(np.append(self.context_starts, len(self)))
        of_context = np.repeat(self.context_counts, rows)
        of_target = np.bincount(self.targets, weights=self.counts, minlength=256)[self.targets]
        ratio: NDArray[np.float64] = self.counts / of_context * self.positions / of_target
        return np.asarray(self.counts * np.log2(ratio), np.float64)


def pattern_cells(corpus: Corpus, offsets: tuple[int, ...], start: int = 0, stop: int | None = None) -> Cells:
    """Targets in ``[start, stop)`` that have every offset, refined by the offsets and then by the target itself."""
    first = max(start, *offsets)
    end = len(corpus) if stop is None else stop
    if not 0 <= start < end <= len(corpus):
        raise InputError(f"targets must satisfy 0 <= start < stop <= {len(corpus)}, got {start}:{end}")
    if first >= end:
        raise InputError(f"no target in {start}:{end} has a byte {max(offsets)} before it")
    cells = Cells.whole(corpus, first, end)
    for offset in offsets:
        cells = cells.refined(offset)
    return cells.refined(0)
