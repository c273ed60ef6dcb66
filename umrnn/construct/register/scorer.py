"""Read-outs that add up over the groups of a register, scored: logits b + scale * sum over g of what group g says."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous
from umrnn.construct.kernels import carrier as kernels
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.study.lesson import Lesson
from umrnn.corpus import Corpus
from umrnn.parallel import map_ordered, pool
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Bytes, Floats

__all__ = ["RegisterScorer", "Span", "scale_grid"]

Doubles = NDArray[np.float64]
Plain = Callable[[Corpus, int, int], Floats]  # logits of the positions first ... stop - 1 at scale 1, without bias

_BLOCK = 256  # positions whose logits stay in the second cache
_CHUNK = 1 << 13  # positions that one thread scores at a time
_TABLES = 1 << 23  # bytes of tables that stay in a cache; larger ones lose to a matrix product
_COARSE = 8  # every which scale of a grid is tried first


@dataclass(frozen=True)
class Span:
    """Positions ``first`` to ``last``, the last one included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def latest(self, most: int) -> "Span":
        """The last ``most`` positions of it."""
        return Span(max(self.first, self.last + 1 - most), self.last)


@final
class RegisterScorer:
    """Softmax of b + scale * sum over g of tables[g, x[t - g]]; outputs that are alike everywhere share a column.

    Make one with :meth:`of_weights` or :meth:`of_tables`. Logits are float32.
    """

    def __init__(self, plain: Plain, b: Doubles, row_of: NDArray[np.int64]) -> None:
        first = np.unique(row_of, return_index=True)[1]
        self._plain, self._row_of = plain, row_of
        self._raised = np.log(np.bincount(row_of))  # a shared column stands for several outputs
        self._b = contiguous(b[first] + self._raised, np.float32)

    @classmethod
    def of_weights(cls, carrier: Carrier, W_y: Floats, b_y: Floats) -> "RegisterScorer":
        """The read-out W_y (256, H), b_y (256,) of the states of ``carrier``."""
        row_of, first = _alike(np.column_stack((W_y, b_y)))
        few = np.asarray(W_y, np.float64)[first]
        if carrier.groups * 256 * len(first) * 4 <= _TABLES:
            return cls(_looked_up(carrier.tables(few)), np.asarray(b_y, np.float64), row_of)
        weights = contiguous(few.T, np.float32)

        def multiplied(corpus: Corpus, first: int, stop: int) -> Floats:
            logits: Floats = carrier.states(corpus, first, stop, threads=1) @ weights
            return logits

        return cls(multiplied, np.asarray(b_y, np.float64), row_of)

    @classmethod
    def of_tables(cls, tables: Doubles, b: Doubles) -> "RegisterScorer":
        """Tables (G, 256, 256) of what each byte in each group adds to each logit."""
        row_of, first = _alike(np.vstack((tables.reshape(-1, tables.shape[2]), b)).T)
        return cls(_looked_up(tables[:, :, first]), b, row_of)

    def bits(self, lesson: Lesson, span: Span, scale: float = 1.0, *, threads: int | Executor | None = None) -> float:
        """Mean of -log2 p(y_t) over the positions of ``span``."""
        return float(self.losses(lesson, span, np.array([scale]), threads=threads)[0])

    def losses(self, lesson: Lesson, span: Span, scales: Doubles, *, threads: int | Executor | None = None) -> Doubles:
        """Mean bits at each scale, (K,): what the groups say is added up once for all."""

        def score(first: int) -> Doubles:
            sums = np.zeros(len(scales))
            for targets, plain in self._blocks(lesson, Span(first, min(first + _CHUNK - 1, span.last))):
                logits, top, total = np.empty_like(plain), *np.empty((2, len(targets)), np.float32)
                bits, rows = np.empty(len(targets)), contiguous(self._row_of[targets], np.uint8)
                shared = float(self._raised[rows].sum()) / math.log(2)
                for k, scale in enumerate(scales):
                    kernels.bits_of_scale(plain, rows, self._b, scale, logits, top, total, bits)
                    sums[k] += bits.sum() + shared
            return sums

        with one_thread(), pool(threads if len(span) > _CHUNK else 1) as executor:
            parts = list(map_ordered(score, range(span.first, span.last + 1, _CHUNK), executor))
        mean: Doubles = np.sum(parts, axis=0) / len(span)
        return mean

    def best_scale(
        self, lesson: Lesson, span: Span, grid: Doubles, *, threads: int | Executor | None = None
    ) -> tuple[float, float]:
        """The scale of ``grid`` (ascending) with the least mean bits, and these.

        The loss is convex in the scale, so every eighth is tried first and then those beside the best.
        """
        coarse = np.unique(np.append(np.arange(0, len(grid), _COARSE), len(grid) - 1))
        near = coarse[int(np.argmin(self.losses(lesson, span, grid[coarse], threads=threads)))]
        fine = np.arange(max(0, near - _COARSE + 1), min(len(grid), near + _COARSE))
        found = self.losses(lesson, span, grid[fine], threads=threads)
        best = int(np.argmin(found))
        return float(grid[fine[best]]), float(found[best])

    def _blocks(self, lesson: Lesson, span: Span) -> Iterator[tuple[Bytes, Floats]]:
        """Targets and logits at scale 1 without bias, (V, T), of blocks of positions."""
        for first in range(span.first, span.last + 1, _BLOCK):
            stop = min(first + _BLOCK, span.last + 1)
            yield lesson.targets[first:stop], np.ascontiguousarray(self._plain(lesson.corpus, first, stop).T)


def scale_grid(least: float, most: float, step: float) -> Doubles:
    """Multiples of ``step`` from ``least`` to ``most``, both included, without the rounding of repeated sums.

    Examples
    --------
    >>> scale_grid(0.05, 0.2, 0.05).tolist()
    [0.05, 0.1, 0.15, 0.2]
    """
    count = round((most - least) / step) + 1
    return np.round(least + step * np.arange(count), 10)


def _looked_up(tables: Doubles) -> Plain:
    """Logits as sums over tables (G, 256, V)."""
    narrow = contiguous(tables, np.float32)

    def added(corpus: Corpus, first: int, stop: int) -> Floats:
        rows = np.empty((stop - first, narrow.shape[2]), np.float32)
        kernels.additive_logits(corpus.data, first, narrow, rows)
        return rows

    return added


def _alike(rows: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each output the number of its group of equal rows, and the first output of each group."""
    numbers: dict[bytes, int] = {}
    row_of = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in np.ascontiguousarray(rows) + 0.0])
    return row_of, np.unique(row_of, return_index=True)[1]
