"""Features of a read-out without dynamics. T = positions, D = offsets, K = features of a byte, M = rectified neurons.

x_t = (codes[0][b_1], …, codes[D-1][b_D])       b_i = the byte ``offsets[i]`` places before the predicted one
"""

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.products import multiply
from umrnn.rnn.kernels.records import Floats

__all__ = ["gather", "rectify"]


@kernel
def gather(data, first, offsets, codes, out):
    """out[t, i K : (i + 1) K] = codes[i, byte at offsets[i] before byte first + t + 1]; zero where there is none.

    data uint8; offsets (D,) int64; codes (D, V, K); out (T, D K).
    """
    width = codes.shape[2]
    for t in range(out.shape[0]):
        for i in range(offsets.shape[0]):
            place = first + t + 1 - offsets[i]
            for k in range(width):
                out[t, i * width + k] = codes[i, np.int64(data[place]), k] if place >= 0 else 0


@kernel
def rectify(rows: Floats, W_transposed: Floats, b: Floats, out: Floats) -> None:
    """out[t, m] = max(0, sum over f of rows[t, f] W_transposed[f, m] + b[m]). rows (T, F), out (T, M)."""
    multiply(rows, W_transposed, out)
    zero = out.dtype.type(0)
    for t in range(out.shape[0]):
        for m in range(out.shape[1]):
            value = out[t, m] + b[m]
            out[t, m] = value if value > zero else zero
