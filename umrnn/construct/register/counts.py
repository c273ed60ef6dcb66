"""What a shift register needs to know of a corpus: which bytes its groups hold, together and before which next byte.

A **lag** counts back from the byte just read. Position t has read x_t and predicts y_t, which is x_{t+1} unless targets
were shuffled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.study.lesson import Lesson
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Bytes
from umrnn.um.counts import OffsetCounts, offset_counts
from umrnn.um.marginal import smoothed_shares

__all__ = ["SPARE", "RegisterCounts", "count_register", "offsets_of"]

Counts = NDArray[np.int64]
Doubles = NDArray[np.float64]

SPARE = 3  # bytes that a fit needs besides those that fill the register


@dataclass(frozen=True, eq=False, repr=False)
class RegisterCounts:
    """Counts of what a shift register of G groups holds, from which every closed form follows.

    Parameters
    ----------
    pairs : shape (G, 256, 256); pairs[d, a, b] = positions t with x[t - d] = a and x[t] = b
    nexts : shape (G, 256, 256); nexts[g, a, y] = positions t with x[t - g] = a that predict y
    length : n
    head, tail : the first and last bytes, at least G + 1 of each
    head_targets, tail_targets : what the first and last positions predict, up to y_{n-2}
    """

    pairs: Counts
    nexts: Counts
    length: int
    head: Bytes
    tail: Bytes
    head_targets: Bytes
    tail_targets: Bytes

    def __repr__(self) -> str:
        return f"RegisterCounts(groups={self.groups}, length={self.length})"

    @property
    def groups(self) -> int:
        """G, groups of the register."""
        return len(self.pairs)

    @property
    def byte_counts(self) -> Counts:
        """How often each byte occurs, (256,)."""
        return np.diagonal(self.pairs[0])

    @property
    def marginal(self) -> Doubles:
        """Smoothed share of each byte, (count + 1/2) / (n + 128): its logarithm is the output bias b_y."""
        return smoothed_shares(self.byte_counts)

    @classmethod
    def of(cls, counts: OffsetCounts, groups: int) -> "RegisterCounts":
        """From the counts of a whole corpus at :func:`offsets_of` the register, which may be merged from shards.

        Raises
        ------
        InputError
            If an offset is missing, or contexts reach back before the counted range.
        """
        for offset in offsets_of(groups):
            counts.table(offset)
        length = counts.stop - counts.start
        if int(counts.table(1).sum()) != length - 1:
            raise InputError(
                f"counts must begin where the corpus does, contexts reach back before {counts.start}",
                hint="merge the counts of all shards first",
            )
        return cls(
            pairs=_stacked(counts, range(groups)),
            nexts=_stacked(counts, range(1, groups + 1)),
            length=length,
            head=counts.head,
            tail=counts.tail,
            head_targets=counts.head[1:],
            tail_targets=counts.tail[1:],
        )


def offsets_of(groups: int) -> range:
    """Offsets to count for a register: what its groups hold, and one more for the length of both edges.

    Examples
    --------
    >>> list(offsets_of(2))
    [0, 1, 2, 3]
    """
    return range(max(groups, 2) + 2)


def count_register(lesson: Lesson, groups: int, *, work: Work = Work()) -> RegisterCounts:
    """Count what a register of ``groups`` groups holds while it reads the lesson, and what it should predict.

    Memory is ``groups`` + 2 tables of 512 KiB, twice that where targets were shuffled.

    Raises
    ------
    InputError
        If the corpus is too short to fill the register and to predict a byte from it.

    Examples
    --------
    >>> count_register(Lesson.of(Corpus.siteinfo()), 16)
    RegisterCounts(groups=16, length=1024)
    """
    corpus = lesson.corpus
    if len(corpus) < groups + SPARE:
        raise InputError(
            f"a register of {groups} groups needs at least {groups + SPARE} bytes, got {len(corpus)}",
            hint="take a longer corpus, or fewer --groups",
        )
    counts = RegisterCounts.of(offset_counts(corpus, offsets_of(groups), work=work), groups)
    if np.array_equal(lesson.targets, corpus.data[1:]):
        return counts
    # Targets written after the bytes: the byte at lag g is then n - 1 + g places before its target.
    both = Corpus.from_bytes(np.concatenate((corpus.data[:-1], lesson.targets)))
    lags = range(len(lesson), len(lesson) + groups)
    nexts = offset_counts(both, lags, start=len(lesson), work=work)
    edge = len(counts.tail) - 1
    return replace(counts, nexts=nexts.counts, head_targets=lesson.targets[:edge], tail_targets=lesson.targets[-edge:])


def _stacked(counts: OffsetCounts, offsets: Sequence[int]) -> Counts:
    """Tables of ``offsets`` in that order, without a copy where they lie so."""
    first = counts.offsets.index(offsets[0])
    if counts.offsets[first : first + len(offsets)] == tuple(offsets):
        return counts.counts[first : first + len(offsets)]
    return np.stack([counts.table(d) for d in offsets])
