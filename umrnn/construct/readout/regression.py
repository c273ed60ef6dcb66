"""Regression: the loss of a linear softmax read-out on fixed features, with its first and second derivatives."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous
from umrnn.construct.kernels import softmax as kernels
from umrnn.errors import InputError
from umrnn.parallel import map_ordered, pool
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Bytes, Floats
from umrnn.rnn.weights import ALPHABET

__all__ = ["Linear", "Regression"]

_CHUNK = 1 << 14  # positions whose sums one thread takes; a constant, so that figures do not depend on threads
_FEW = 256  # positions of one thread in a small batch
_PART = 1 << 12  # the same for what is wanted at each position
_BLOCK = 64  # positions whose logits stay in the second cache: twice as fast as 512

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear softmax read-out, and gradients of it: W (V, F) and b (V,)."""

    W: Floats
    b: Floats

    def astype(self, dtype: Any) -> "Linear":
        """The same in another dtype."""
        return Linear(self.W.astype(dtype), self.b.astype(dtype))

    def plus(self, other: "Linear", rate: float) -> "Linear":
        """``self + rate * other``."""
        return Linear(self.W + rate * other.W, self.b + rate * other.b)

    def dot(self, other: "Linear") -> float:
        """Sum of products of all entries."""
        return float(np.vdot(self.W, other.W) + np.vdot(self.b, other.b))


class Regression:
    """The loss of a softmax read-out on the T positions of ``rows`` and ``targets``, with its derivatives.

    Bytes that are no target and have equal weights at the start keep equal weights under every step made from the
    gradient, so they share one row: its logit is raised by the logarithm of their number. On 1,024 bytes of 52
    symbols that is 53 outputs in place of 256.

    Parameters
    ----------
    rows : shape (T, F), float32 or float64: features, one row per position
    targets : shape (T,), uint8
    start : weights over all 256 bytes that tell which outputs may share a row
    threads : workers; no figure depends on it
    """

    def __init__(self, rows: Floats, targets: Bytes, start: Linear, *, threads: int | Executor | None = None) -> None:
        if len(rows) != len(targets) or not len(rows):
            raise InputError(f"there must be one target per row and at least one, got {len(targets)} for {len(rows)}")
        self.rows, self.threads = rows, threads
        both = np.column_stack((start.W, start.b))
        seen = np.bincount(targets, minlength=ALPHABET) > 0
        _, group = np.unique(both[~seen], axis=0, return_inverse=True)
        self.row_of = np.empty(ALPHABET, np.int64)
        self.row_of[seen] = np.arange(seen.sum())
        self.row_of[~seen] = seen.sum() + group.reshape(-1)
        self.shared = np.bincount(self.row_of)
        self.targets = contiguous(self.row_of[targets].astype(np.uint8))
        self.raised = np.log(self.shared)

    def __len__(self) -> int:
        return len(self.rows)

    def gathered(self, weights: Linear) -> Linear:
        """One row for every output told apart, float64."""
        first = np.unique(self.row_of, return_index=True)[1]
        return Linear(weights.W[first].astype(np.float64), weights.b[first].astype(np.float64))

    def spread(self, weights: Linear) -> Linear:
        """A row for each of the 256 bytes again."""
        return Linear(weights.W[self.row_of], weights.b[self.row_of])

    def sums(self, weights: Linear, span: slice, executor: Executor | None = None) -> tuple[float, Doubles, Doubles]:
        """Loss in nats and its derivatives by W and b, summed over a few positions."""

        def part(first: int) -> tuple[float, Doubles, Doubles]:
            by_W, by_b = np.zeros(W.shape), np.zeros(b.shape)
            some = slice(first, min(first + _FEW, span.stop))
            loss = kernels.add_gradient(self.rows[some], self.targets[some], W, b, self.room(), by_W, by_b)
            return loss, by_W, by_b

        W, b = self._in_dtype(weights, self.raised)
        return _added(map_ordered(part, range(span.start, span.stop, _FEW), executor))

    def gradient(self, weights: Linear, positions: int | None = None) -> tuple[float, Linear]:
        """Mean loss in nats and its derivative by the rows of ``weights``, as :meth:`gathered` has them.

        Over the first ``positions`` only, if given.
        """

        def part(span: slice) -> tuple[float, Doubles, Doubles]:
            by_W, by_b = np.zeros(W.shape), np.zeros(b.shape)
            return kernels.add_gradient(self.rows[span], self.targets[span], W, b, self.room(), by_W, by_b), by_W, by_b

        W, b = self._in_dtype(weights, self.raised)
        return self._mean(part, positions)

    def curvature(self, weights: Linear, along: Linear, positions: int | None = None) -> Linear:
        """Second derivative of the mean loss along ``along``, from the first ``positions`` (default: all)."""

        def part(span: slice) -> tuple[float, Doubles, Doubles]:
            by_W, by_b = np.zeros(W.shape), np.zeros(b.shape)
            kernels.add_curvature(self.rows[span], W, b, U, c, self.room(), by_W, by_b)
            return 0.0, by_W, by_b

        W, b = self._in_dtype(weights, self.raised)
        U, c = self._in_dtype(along)
        return self._mean(part, positions)[1]

    def bits(self, weights: Linear) -> Doubles:
        """-log2 p(target) at each position, (T,)."""
        W, b = self._in_dtype(weights, self.raised)
        out = np.empty(len(self))

        def part(span: slice) -> None:
            kernels.bits_of_targets(self.rows[span], self.targets[span], W, b, self.room(), out[span])

        with one_thread(), pool(self.threads) as executor:
            list(map_ordered(part, self._spans(len(self)), executor))
        return out

    def deltas(self, weights: Linear, span: slice) -> Floats:
        """P - onehot(target) at the positions of ``span``, (T, V), in the dtype of the rows."""
        W, b = self._in_dtype(weights, self.raised)
        rows, targets = self.rows[span], self.targets[span]
        out = np.empty((len(rows), len(b)), rows.dtype)

        def part(first: int) -> None:
            some = slice(first, first + _PART)
            kernels.deltas(rows[some], targets[some], W, b, self.room(), out[some])

        with one_thread(), pool(self.threads) as executor:
            list(map_ordered(part, range(0, len(rows), _PART), executor))
        return out

    def room(self) -> kernels.Room:
        """Scratch for one kernel call at a time."""
        outputs, inner, block, kind = len(self.shared), self.rows.shape[1], min(_BLOCK, len(self)), self.rows.dtype
        logits, along, top, total, chosen = (np.empty(n * block, kind) for n in (outputs, outputs, 1, 1, 1))
        product, sums = np.empty((outputs, inner), kind), np.empty(outputs, kind)
        return kernels.Room(logits, along, top, total, chosen, product, sums)

    def _mean(
        self, part: Callable[[slice], tuple[float, Doubles, Doubles]], positions: int | None = None
    ) -> tuple[float, Linear]:
        length = min(len(self), positions or len(self))
        with one_thread(), pool(self.threads if length > _CHUNK else 1) as executor:
            loss, W, b = _added(map_ordered(part, self._spans(length), executor))
        return loss / length, Linear(W / length, b / length)

    def _spans(self, length: int) -> list[slice]:
        return [slice(a, min(a + _CHUNK, length)) for a in range(0, length, _CHUNK)]

    def _in_dtype(self, weights: Linear, raised: Doubles | float = 0.0) -> tuple[Floats, Floats]:
        kind = self.rows.dtype
        return contiguous(weights.W, kind), contiguous(weights.b + raised, kind)


def _added(parts: Iterator[tuple[float, Doubles, Doubles]]) -> tuple[float, Doubles, Doubles]:
    """Sums of the parts, in their order."""
    loss, W, b = next(parts)
    for nats, by_W, by_b in parts:
        loss, W, b = loss + nats, W + by_W, b + by_b
    return loss, W, b
