"""One neuron replaced at the read-out. V = alphabet, H = hidden neurons, T = positions in this call, B = 64.

Replacing h_j by c changes all logits by a multiple of one column, so each neuron costs V exponentials per position and
no product:

    logits' = logits + W_y[:, j] (c - h_j)
"""

import math

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.activation import exponential
from umrnn.rnn.kernels.forward import add_bias
from umrnn.rnn.kernels.products import multiply
from umrnn.rnn.kernels.records import Bytes, Floats

__all__ = ["BLOCK", "VARIANTS", "knocked_out_bits"]

BLOCK = 64  # positions whose logits stay in the second cache, in whole vectors
VARIANTS = 3  # h_j becomes 0, its sign, its mean
_ROWS = 64  # of logits at a time: 16 KiB in float32
_WIDEST = 40.0  # nats that a bound on the largest logit may lie above it: exp(-40) is far from float32's least


@kernel
def replacement(variant: int, h: Floats, mean: Floats, change: Floats) -> None:
    """change[t] = c - h[t], where c is 0, the sign of h[t] (that of 0 is +1), or mean. h, change (B,); mean scalar."""
    for t in range(h.shape[0]):
        if variant == 0:
            change[t] = -h[t]
        elif variant == 1:
            change[t] = (1 if h[t] >= 0 else -1) - h[t]
        else:
            change[t] = mean - h[t]


@kernel
def bound(low: Floats, high: Floats, change: Floats, top: Floats, out: Floats) -> None:
    """out[t] = top[t] + max(low change[t], high change[t]), which no logit exceeds; low and high bound the column."""
    for t in range(out.shape[0]):
        out[t] = top[t] + max(low * change[t], high * change[t])


@kernel
def largest(logits: Floats, column: Floats, change: Floats, out: Floats) -> None:
    """out[t] = max over v of logits[v, t] + column[v] change[t]. logits (V, B), others as above."""
    out[:] = -np.inf
    for v in range(logits.shape[0]):
        for t in range(out.shape[0]):
            logit = logits[v, t] + column[v] * change[t]
            out[t] = logit if logit > out[t] else out[t]


@kernel
def changed_total(logits: Floats, column: Floats, change: Floats, top: Floats, cells: Floats, total: Floats) -> None:
    """total[t] = sum over v of exp(logits[v, t] + column[v] change[t] - top[t]). logits (V, B), others as above.

    cells (R, B) is scratch that stays in the first cache. exp has a loop of its own over it: fused with the sum, a cell
    takes 2.8 ns, not 0.3.
    """
    total[:] = 0
    for first in range(0, logits.shape[0], cells.shape[0]):
        rows = min(cells.shape[0], logits.shape[0] - first)
        for i in range(rows):
            weight = column[first + i]
            for t in range(total.shape[0]):
                cells[i, t] = logits[first + i, t] + weight * change[t] - top[t]
        flat = cells.reshape(cells.size)
        for i in range(rows * total.shape[0]):
            flat[i] = exponential(flat[i])
        for i in range(rows):
            for t in range(total.shape[0]):
                total[t] += cells[i, t]


@kernel
def knocked_out_bits(
    h: Floats, targets: Bytes, W_y: Floats, columns: Floats, b_y: Floats, means: Floats, out: Floats
) -> None:
    """out[variant, j] += sum over t of -log2 p(targets[t]) with h[t, j] replaced.

    h (T, H), targets (T,), W_y (V, H), columns (H, V) its transpose, means (H,), out (3, H) float64.
    """
    alphabet, hidden = W_y.shape
    states = np.zeros((hidden, BLOCK), h.dtype)  # the last block is filled up with states of 0
    logits, cells = np.empty((alphabet, BLOCK), h.dtype), np.empty((_ROWS, BLOCK), h.dtype)
    # Arrays of their own: as rows of one array they cost the vectorised loops, and half the speed.
    top, roof = np.empty(BLOCK, h.dtype), np.empty(BLOCK, h.dtype)
    change, total = np.empty(BLOCK, h.dtype), np.empty(BLOCK, h.dtype)
    for first in range(0, targets.shape[0], BLOCK):
        length = min(BLOCK, targets.shape[0] - first)
        states[:, :length] = h[first : first + length].T
        multiply(W_y, states, logits)
        add_bias(b_y, logits, top)
        for j in range(hidden):
            low, high = columns[j].min(), columns[j].max()
            for variant in range(VARIANTS):
                replacement(variant, states[j], means[j], change)
                if 2 * (high - low) > _WIDEST:  # no change exceeds 2
                    largest(logits, columns[j], change, roof)
                else:
                    bound(low, high, change, top, roof)
                changed_total(logits, columns[j], change, roof, cells, total)
                for t in range(length):
                    target = np.int64(targets[first + t])
                    chosen = np.float64(logits[target, t] + columns[j, target] * change[t] - roof[t])
                    out[variant, j] += (math.log(np.float64(total[t])) - chosen) / math.log(2.0)
