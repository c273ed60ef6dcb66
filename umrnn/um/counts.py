"""OffsetCounts: how often byte a stands d places before byte b, for many d at once; mergeable, bit for bit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous, integer
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.um.kernels import counts as kernels

__all__ = ["OffsetCounts", "offset_counts"]

_BLOCK = 1 << 24  # targets per kernel call: long enough to be fast, short enough to report progress
_KEYS = 4096  # keys formed at a time: they stay in the first-level cache


@dataclass(frozen=True, eq=False, repr=False)
class OffsetCounts:
    """Exact counts of (byte at offset d, predicted byte) for a set of offsets.

    Parameters
    ----------
    offsets : D distinct offsets >= 0; offset 0 pairs a byte with itself, its diagonal counts the targets
    counts : shape (D, 256, 256), int64; counts[i, a, b] = targets t in the range with x[t - offsets[i]] = a, x[t] = b
    start, stop : the range of targets, as positions in the source
    head, tail : uint8, the first and last max(offsets) targets of the range (all of them where it is shorter), from
        which sums over other ranges of the same pairs are corrected exactly at both edges

    Two counts of adjoining ranges add up to the counts of the whole, bit for bit.

    Examples
    --------
    >>> whole = offset_counts(Corpus.from_bytes(b"abracadabra"), [1, 2])
    >>> whole
    OffsetCounts(offsets=(1, 2), targets=0:11)
    >>> int(whole.table(1)[ord("a"), ord("b")])
    2
    """

    offsets: tuple[int, ...]
    counts: NDArray[np.int64]
    start: int
    stop: int
    head: NDArray[np.uint8]
    tail: NDArray[np.uint8]

    def __post_init__(self) -> None:
        for name in ("counts", "head", "tail"):
            object.__setattr__(self, name, contiguous(getattr(self, name)))

    def __repr__(self) -> str:
        return f"OffsetCounts(offsets={self.offsets}, targets={self.start}:{self.stop})"

    def table(self, offset: int) -> NDArray[np.int64]:
        """The (256, 256) table of one offset: rows are the byte at the offset, columns the predicted byte."""
        if offset not in self.offsets:
            raise InputError(f"offset {offset} was not counted, only {', '.join(map(str, self.offsets))}")
        table: NDArray[np.int64] = self.counts[self.offsets.index(offset)]
        return table

    def __add__(self, other: "OffsetCounts") -> "OffsetCounts":
        """Counts of the two adjoining ranges together.

        Raises
        ------
        InputError
            If the offsets differ or ``other`` does not begin where this ends.
        """
        if self.offsets != other.offsets:
            raise InputError(f"counts add only for equal offsets, got {self.offsets} and {other.offsets}")
        if self.stop != other.start:
            raise InputError(f"counts add only for adjoining ranges, got {self!r} and {other!r}")
        edge = max(self.offsets)
        head = np.concatenate((self.head, other.head))[:edge] if len(self.head) < edge else self.head
        both = np.concatenate((self.tail, other.tail))
        tail = both[len(both) - edge :] if len(both) > edge else both
        return OffsetCounts(self.offsets, self.counts + other.counts, self.start, other.stop, head, tail)

    @staticmethod
    def merged(parts: Sequence["OffsetCounts"]) -> "OffsetCounts":
        """Counts of all parts, which together cover one range without gap or overlap; their order does not matter."""
        if not parts:
            raise InputError("there are no counts to merge")
        ordered = sorted(parts, key=lambda part: part.start)
        total = ordered[0]
        for part in ordered[1:]:
            total = total + part
        return total


@reads_text
def offset_counts(
    corpus: Corpus,
    offsets: Iterable[int],
    *,
    start: int = 0,
    stop: int | None = None,
    work: Work = Work(),
) -> OffsetCounts:
    """Count (byte at offset, byte) pairs for every offset, for targets in ``[start, stop)`` of the corpus.

    Contexts may reach back before ``start``, so counts of shards that adjoin add up to the counts of the whole.
    Memory is D tables of 512 KiB and does not grow with the corpus.

    Raises
    ------
    InputError
        If offsets are not distinct integers in ``[0, n - 1]`` or the range holds no target.
    """
    chosen = tuple(integer("every offset", d, 0, len(corpus) - 1) for d in offsets)
    if not chosen or len(set(chosen)) < len(chosen):
        raise InputError(f"offsets must be distinct and at least one, got {chosen}")
    end = len(corpus) if stop is None else stop
    if not 0 <= start < end <= len(corpus):
        raise InputError(f"targets must satisfy 0 <= start < stop <= {len(corpus)}, got {start}:{end}")
    counts = np.zeros((len(chosen), 256, 256), np.int64)
    work.progress.start("counting pairs", len(chosen) * (end - start), "pairs")

    def count(index: int) -> int:
        offset = chosen[index]
        keys, partial = np.empty(_KEYS, np.uint16), np.zeros(256 * 256, np.uint32)
        for begin in range(max(start, offset), end, _BLOCK):
            kernels.pair_counts(corpus.data, offset, begin, min(begin + _BLOCK, end), keys, partial, counts[index])
        return end - start

    with pool(work.threads) as executor:
        for done in map_ordered(count, range(len(chosen)), executor):
            work.progress.advance(done)
    work.progress.finish()
    edge = max(chosen)
    head, tail = corpus.data[start : min(start + edge, end)], corpus.data[max(start, end - edge) : end]
    return OffsetCounts(chosen, counts, corpus.start + start, corpus.start + end, head.copy(), tail.copy())
