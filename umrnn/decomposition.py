"""Singular value decompositions with fixed signs, and the matrices of counts they are taken of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import InputError

__all__ = ["Decomposition", "centred", "decompose", "log_pair_table", "singular_values"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """M = U diag(S) V' for M of shape (m, n), r = min(m, n): U (m, r), S (r,) largest first, V (n, r)."""

    U: Matrix
    S: Matrix
    V: Matrix

    @property
    def size(self) -> int:
        """Cells of M."""
        return len(self.U) * len(self.V)

    def shares(self) -> Matrix:
        """S_i^2 / sum S^2, shape (r,); NaN for a matrix of zeros."""
        squares = np.square(self.S)
        total = float(squares.sum())
        return squares / total if total else np.full(len(squares), np.nan)

    def error(self, rank: int) -> float:
        """Mean square of what the first ``rank`` components leave."""
        return float(np.square(self.S[rank:]).sum()) / self.size


def decompose(matrix: Matrix, scale: float | None = None) -> Decomposition:
    """The decomposition in which the entry of each column of U largest in size, the first of equals, is positive.

    ``scale`` as in :func:`singular_values`.

    Examples
    --------
    >>> decompose(np.array([[0.0, -2.0], [1.0, 0.0]])).S.tolist()
    [2.0, 1.0]
    """
    with _converging():
        U, S, Vt = np.linalg.svd(matrix, full_matrices=False)
    sign = np.where(U[np.abs(U).argmax(axis=0), np.arange(len(S))] < 0, -1.0, 1.0)
    return Decomposition(U * sign, _without_rounding(S, matrix, scale), Vt.T * sign)


def singular_values(matrix: Matrix, scale: float | None = None) -> Matrix:
    """Largest first, 0 where only rounding is left of numbers of the size ``scale`` (the matrix itself by default)."""
    with _converging():
        S: Matrix = np.linalg.svd(matrix, compute_uv=False).astype(np.float64, copy=False)
    return _without_rounding(S, matrix, scale)


@contextmanager
def _converging() -> Iterator[None]:
    """LAPACK gives up on numbers near the end of float64, and on what became infinite on the way."""
    try:
        yield
    except np.linalg.LinAlgError:
        raise InputError("a matrix has no singular values: its numbers are too large for them") from None


def _without_rounding(S: Matrix, matrix: Matrix, scale: float | None) -> Matrix:
    least = max(matrix.shape) * np.finfo(np.float64).eps * (S[0] if scale is None else scale)
    return np.where(least < S, S, 0.0)


def centred(matrix: Matrix) -> Matrix:
    """``matrix`` less the means of its rows and of its columns, plus the grand mean: every row and column sums to 0.

    Examples
    --------
    >>> centred(np.array([[1.0, 2.0], [3.0, 6.0]])).tolist()
    [[0.5, -0.5], [-0.5, 0.5]]
    """
    less: Matrix = matrix - matrix.mean(axis=0) - matrix.mean(axis=1, keepdims=True) + matrix.mean()
    return less


def log_pair_table(counts: NDArray[np.int64]) -> Matrix:
    """log2((C(x, y) + 1/2) / (C(x) + V/2)) at [y, x], shape (V, V), from counts of x followed by y.

    Examples
    --------
    >>> log_pair_table(np.array([[1, 0], [0, 0]])).round(3).tolist()
    [[-0.415, -1.0], [-2.0, -1.0]]
    """
    smoothed = counts + 0.5
    table: Matrix = np.log2(smoothed / smoothed.sum(axis=1, keepdims=True)).T
    return np.ascontiguousarray(table)
