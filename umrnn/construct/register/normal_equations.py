"""Least squares on the codes of a shift register, from counts alone: the cost does not depend on the corpus.

X has a row for each position t of the fit, the codes of x_t, x_{t-1}, …; Y the byte each predicts, as one in 256. With
S the codes, (256, B), and C_d the pair counts at offset d, (256, 256), the first row of blocks of XᵀX is Sᵀ C_dᵀ S, and
XᵀY is made of blocks Sᵀ C_{g+1}, over all positions; those before and after the fit are taken off row by row. The other
blocks of XᵀX follow down the diagonals, since lag g + 1 at t is lag g at t - 1:

    (XᵀX)[g+1, g'+1] = (XᵀX)[g, g'] + (row before the fit)ᵀ(row before the fit) - (last row)ᵀ(last row)

All entries are whole numbers below 2^53, so float64 holds them exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigvalsh
from scipy.linalg.lapack import dpocon

from umrnn._validate import integer
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.counts import RegisterCounts
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.rnn.blas import one_thread

__all__ = ["LeastSquares", "NormalEquations", "normal_equations"]

Doubles = NDArray[np.float64]

_SINGULAR = 1e15  # condition numbers beyond which float64 has no digits left


@dataclass(frozen=True)
class LeastSquares:
    """Solved normal equations.

    Parameters
    ----------
    W : shape (256, H), float64
    condition_number : of XᵀX + ridge, in the 1-norm, estimated from its Cholesky factor to a factor of about 3
    """

    W: Doubles
    condition_number: float


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """Sums over the positions of a fit; integers, in float64.

    Parameters
    ----------
    moments : XᵀX, shape (H, H)
    with_next : XᵀY, shape (H, 256)
    sums : Xᵀ1, shape (H,)
    positions : rows of X
    """

    moments: Doubles
    with_next: Doubles
    sums: Doubles
    positions: int

    def solved(self, marginal: Doubles, ridge: float) -> LeastSquares:
        """(XᵀX + ridge I)⁻¹ Xᵀ(Y - marginal), transposed: the read-out of what ``marginal``, (256,), does not say.

        Raises
        ------
        InputError
            If the matrix is singular, or so near that float64 cannot tell.
        """
        matrix = self.moments + ridge * np.eye(len(self.sums))
        right = self.with_next - np.outer(self.sums, marginal)
        with one_thread():
            try:
                factor = cho_factor(matrix, lower=True)
            except LinAlgError:
                values = np.abs(eigvalsh(matrix))
                raise _singular(float(values.max() / values.min()) if values.min() else np.inf, ridge) from None
            reciprocal, _ = dpocon(factor[0], float(np.abs(matrix).sum(axis=0).max()), uplo="L")
            if reciprocal * _SINGULAR < 1:
                raise _singular(1 / reciprocal if reciprocal else np.inf, ridge)
            return LeastSquares(cho_solve(factor, right).T, float(1 / reciprocal))


def _singular(condition: float, ridge: float) -> InputError:
    said = f"condition number {condition:.0e}" if condition < 1e300 else "no condition number"
    return InputError(
        f"least squares are singular with ridge {ridge:g}: {said}, where float64 can bear {_SINGULAR:.0e}",
        hint="take --ridge 0.01, or codes whose signs are not the same for all bytes of the corpus",
    )


def normal_equations(
    counts: RegisterCounts, carrier: Carrier, *, first: int | None = None, last: int | None = None
) -> NormalEquations:
    """XᵀX and XᵀY of the codes (signs, not states) over the positions ``first`` … ``last``, the last one included.

    Parameters
    ----------
    counts : of as many groups as the carrier has
    first : in [0, G]; default: G, the first position that the source fits
    last : n - 2 or n - 3; default: n - 2, the last position with a byte to predict

    Raises
    ------
    InputError
        If the groups differ, or the positions are none or out of reach of the edges that were kept.
    """
    if counts.groups != carrier.groups:
        raise InputError(f"counts must be of {carrier.groups} groups as the carrier is, got {counts.groups}")
    length, bits = counts.length, carrier.bits
    begin = carrier.groups if first is None else integer("first", first, 0, carrier.groups)
    end = length - 2 if last is None else integer("last", last, length - 3, length - 2)
    if end < begin:
        raise InputError(f"the fit must hold at least one position, got {begin} to {end}")
    head = _rows(carrier, counts.head)
    tail = _rows(carrier, counts.tail)
    leaving = end - length  # from the end of the tail
    codes = np.ascontiguousarray(carrier.codes.T, np.float64)  # (B, 256)
    # Positions outside the fit: those before it, and those after it, of which the last predicts nothing.
    outside = np.concatenate((head[:begin], tail[leaving + 1 :]))
    targets = np.concatenate((counts.head_targets[:begin], counts.tail_targets[leaving + 2 :]))
    with one_thread():
        with_next = np.concatenate([codes @ table.astype(np.float64) for table in counts.nexts])
        for row, target in zip(outside[:-1], targets):
            with_next[:, target] -= row
        blocks = [codes @ (codes @ table.astype(np.float64)).T for table in counts.pairs]
        top = np.hstack(blocks) - outside[:, :bits].T @ outside
    sums: Doubles = codes @ counts.byte_counts.astype(np.float64) - outside[:, :bits].sum(axis=0)
    before = head[begin - 1] if begin else np.zeros(carrier.hidden)
    return NormalEquations(
        _down_the_diagonals(top, before, tail[leaving]),
        with_next,
        _down(sums, before, tail[leaving]),
        end - begin + 1,
    )


def _rows(carrier: Carrier, edge: NDArray[np.uint8]) -> Doubles:
    return carrier.states(Corpus.from_bytes(edge), signs=True, dtype=np.float64).astype(np.float64)


def _down_the_diagonals(top: Doubles, before: Doubles, leaving: Doubles) -> Doubles:
    """The whole of XᵀX from its first row of blocks (B, H)."""
    bits, hidden = top.shape
    matrix = np.empty((hidden, hidden))
    matrix[:bits] = top
    for k in range(bits, hidden, bits):
        above, upper = slice(k - bits, k), slice(k - bits, hidden - bits)
        matrix[k : k + bits, k:] = matrix[above, upper]
        matrix[k : k + bits, k:] += np.outer(before[above], before[upper]) - np.outer(leaving[above], leaving[upper])
        matrix[k : k + bits, :k] = matrix[:k, k : k + bits].T
    return matrix


def _down(sums: Doubles, before: Doubles, leaving: Doubles) -> Doubles:
    """Xᵀ1 from its first block (B,)."""
    bits, steps = len(sums), before - leaving
    blocks = [sums]
    for k in range(0, len(steps) - bits, bits):
        blocks.append(blocks[-1] + steps[k : k + bits])
    return np.concatenate(blocks)
