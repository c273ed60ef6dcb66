"""Products and transposes of matrices.

Matrix products are left to BLAS, held at one thread (see ``umrnn/rnn/blas.py``): it makes 53 of the 57 multiply-adds
per nanosecond that one core has; the best hand-blocked loops in numba (4 x 4 accumulators) made 38.
"""

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.records import Floats

__all__ = ["multiply", "transpose"]

_SMALL = 1_000_000  # multiply-adds up to which OpenBLAS multiplies in place, without packing: 53 against 40 per ns


@kernel
def multiply(a: Floats, b: Floats, out: Floats) -> None:
    """Matrix product: out = a b. a (M, K), b (K, N), out (M, N), all contiguous."""
    rows, inner = a.shape
    step = _SMALL // (inner * b.shape[1])
    if step == 0:
        step = rows
    for i in range(0, rows, step):
        np.dot(a[i : i + step], b, out[i : i + step])


@kernel
def transpose(a: Floats, out: Floats) -> None:
    """out[j, i] = a[i, j]. a (M, N), out (N, M).

    Eight rows at a time, a number the compiler must know: 4 µs for 128 x 128, against 11 row by row.
    """
    rows, columns = a.shape
    whole = rows - rows % 8
    for first in range(0, whole, 8):
        for j in range(columns):
            for i in range(first, first + 8):
                out[j, i] = a[i, j]
    for i in range(whole, rows):
        for j in range(columns):
            out[j, i] = a[i, j]
