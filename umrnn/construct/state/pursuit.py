"""Projection pursuit: which conjunction of the byte just read and the state before explains most of what is left.

    e_t = p_t - onehot(x_{t+1})      s_t = (the state before byte t, standardised, and a 1)
    M_x = sum of s_t e_tᵀ            C_x = sum of s_t s_tᵀ             over the positions where x_t = x

A conjunction lets a projection v·s pass for some bytes: its feature is a(x_t) v·s_t with 0 <= a <= 1. Adding it to the
read-out lowers the loss, to second order, by |sum of feature * e|² over the sum of its squares. The maximum is a
rank-one fit of the tensor M, found by solving for v, a and the output pattern w in turn. No gradient passes back.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from umrnn.parallel import map_ordered, pool
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Bytes, Floats

__all__ = ["Conjunction", "StateMoments", "moments", "pursue"]

_CHUNK = 1 << 14  # positions whose deltas are held at a time
_LEAST = 50  # occurrences from which a byte has moments of its own in a long text …
_FEWEST, _PER_BYTE = 3, 2000  # … and in a short one: one in so many, but not fewer than these
_MOST = 1 << 13  # bytes x outputs: on a text of many kinds the rarer bytes have no moments
_ROUNDS = 10  # of the alternation; the gain changes by less than 1 % after that
_STARTS = 2
_RIDGE = 0.02  # of the mean variance, on directions
_PRIOR = 50  # positions of average variance that a byte's share must prove itself against
_FULL = 0.8  # quantile of the shares that counts as wholly open

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Conjunction:
    """One feature a(x_t) v·s_t.

    Parameters
    ----------
    gate : shape (256,), a in [0, 1]: for which bytes just read it is open
    direction : shape (m + 1,), v over the standardised state before and a 1, of unit variance where it is open
    pattern : shape (V,), w of unit length: which outputs it lowers where it is high
    gain : nats by which it lowers the summed loss, to second order
    """

    gate: Array
    direction: Array
    pattern: Array
    gain: float


@dataclass(frozen=True, eq=False)
class StateMoments:
    """``cross`` M, shape (A, m + 1, V), ``square`` C, shape (A, m + 1, m + 1), of the A bytes that occur often enough.

    ``seen`` (A,) are these bytes, ``count`` (A,) their occurrences.
    """

    cross: Floats
    square: Floats
    seen: NDArray[np.int64]
    count: Floats


def moments(
    before: Floats,
    read: Bytes,
    deltas: Callable[[slice], Floats],
    mean: Floats,
    spread: Floats,
    *,
    threads: int | Executor | None = None,
) -> StateMoments:
    """Sums by byte, a chunk of positions at a time.

    Parameters
    ----------
    before : shape (T, m), the states before; ``mean`` and ``spread``, (m,), standardise them
    read : shape (T,), the byte just read
    deltas : gives e of a span of positions, shape (length, V)

    Examples
    --------
    >>> ones = np.ones((60, 1), np.float32)
    >>> sums = moments(ones, np.zeros(60, np.uint8), lambda span: 2 * ones[span], np.zeros(1), np.ones(1))
    >>> sums.cross.tolist()
    [[[120.0], [120.0]]]
    """
    occurring = np.bincount(read, minlength=256)
    seen = np.flatnonzero(occurring >= min(_LEAST, max(_FEWEST, len(read) // _PER_BYTE), occurring.max()))
    inner, kind, outputs = before.shape[1] + 1, before.dtype, deltas(slice(0, 1)).shape[1]
    seen = np.sort(seen[np.argsort(-occurring[seen], kind="stable")[: max(1, _MOST // outputs)]])
    cross = np.zeros((len(seen), inner, outputs), kind)
    square = np.zeros((len(seen), inner, inner), kind)
    with one_thread(), pool(threads) as executor:
        for first in range(0, len(read), _CHUNK):
            span = slice(first, min(first + _CHUNK, len(read)))
            left = deltas(span)
            rows = np.ones((len(left), inner), kind)
            np.subtract(before[span], mean, out=rows[:, :-1], casting="same_kind")
            rows[:, :-1] *= (1 / spread).astype(kind)
            chosen = np.split(np.argsort(read[span], kind="stable"), np.cumsum(np.bincount(read[span], minlength=256)))

            def add(index: int, rows: Floats = rows, left: Floats = left, chosen: list[Array] = chosen) -> None:
                some = chosen[seen[index]]
                part = rows[some]
                cross[index] += part.T @ left[some]
                square[index] += part.T @ part

            list(map_ordered(add, range(len(seen)), executor))
    return StateMoments(cross, square, seen, occurring[seen].astype(kind))


def pursue(sums: StateMoments, number: int) -> list[Conjunction]:
    """The ``number`` best conjunctions one after the other, what each explains taken out of the sums."""
    cross, found = sums.cross.copy(), []
    # BLAS computes on padding too, and now and then what stands there raises a flag that NumPy reports as ours.
    with one_thread(), np.errstate(invalid="ignore"):
        average = sums.square.sum(axis=0) / sums.count.sum()
        for _ in range(number):
            gate, direction, size = _best(cross, sums, average)
            pattern = gate @ (direction @ cross) / size
            pulled = gate[:, None] * (sums.square @ direction)
            cross -= pulled[:, :, None] * pattern
            length = float(np.linalg.norm(pattern))
            whole = np.zeros(256)
            whole[sums.seen] = gate
            unit = np.sqrt(size / float(gate * gate @ sums.count))
            found.append(Conjunction(whole, direction / unit, pattern / max(length, 1e-30), length * length * size))
    return found


def _best(cross: Floats, sums: StateMoments, average: Floats) -> tuple[Floats, Floats, float]:
    """Gate, direction and sum of squares of the feature with the largest gain, from the bytes that have most left."""
    left = np.einsum("aio,aio->a", cross, cross) / (sums.count + 4 * _PRIOR)
    tried = [_alternate(int(byte), cross, sums, average) for byte in np.argsort(-left, kind="stable")[:_STARTS]]
    return max(tried, key=lambda one: one[3])[:3]


def _alternate(byte: int, cross: Floats, sums: StateMoments, average: Floats) -> tuple[Floats, Floats, float, float]:
    """Solve for direction, gate and pattern in turn, from the gate that opens for one byte."""
    inner = cross.shape[1]
    gate = np.zeros(len(cross), cross.dtype)
    gate[byte] = 1
    pattern = _foremost(cross[byte])
    flat = sums.square.reshape(len(cross), -1)
    for _ in range(_ROUNDS):
        metric = ((gate * gate) @ flat).reshape(inner, inner)
        metric[np.diag_indices(inner)] += _RIDGE * np.trace(metric) / inner + 1e-6
        toward = cross @ pattern  # (A, m + 1)
        direction = np.linalg.solve(metric, gate @ toward)
        pulled = sums.square @ direction  # (A, m + 1)
        squares = pulled @ direction  # (A,)
        spread = squares + _PRIOR * float(direction @ average @ direction)
        share = np.maximum(toward @ direction / np.maximum(spread, 1e-12), 0)
        if share.max() > 0:
            gate = np.minimum(share / np.quantile(share[share > 0], _FULL), 1).astype(cross.dtype)
        pattern = gate @ (direction @ cross)
        pattern /= np.linalg.norm(pattern) + 1e-12
    explained = gate @ (direction @ cross)
    size = max(float((gate * gate) @ squares), 1e-12)
    return gate, direction, size, float(explained @ explained) / size


def _foremost(matrix: Floats) -> Floats:
    """The right singular vector of the largest singular value, from the smaller of the two products of the matrix."""
    small = min(matrix.shape)
    is_wide = small < matrix.shape[1]
    product = matrix @ matrix.T if is_wide else matrix.T @ matrix
    vector = eigh(product, subset_by_index=(small - 1, small - 1))[1][:, 0]
    if is_wide:
        vector = vector @ matrix
    found: Floats = vector / (np.linalg.norm(vector) + 1e-12)
    return found
