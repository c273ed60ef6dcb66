"""The network run forward. V = alphabet, H = hidden neurons, T = positions in this call.

    z_t = W_x[x_t] + W_h h_{t-1} + b_h        h_t = tanh(z_t)        logits_t = W_y h_t + b_y

Logits are kept transposed, (V, T): every product of a training step then has the layout BLAS is fastest at, and the
softmax runs side by side over positions.
"""

import math

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.activation import exponential, hyperbolic_tangent
from umrnn.rnn.kernels.products import multiply, transpose
from umrnn.rnn.kernels.records import Bytes, Floats, Parameters, Workspace

__all__ = ["bits_per_target", "read_out", "run_states"]


@kernel
def activate(W_x_row: Floats, b_h: Floats, z: Floats, h: Floats) -> None:
    """Add input and bias, then squash: z += W_x_row + b_h; h = tanh(z). All (H,)."""
    for j in range(z.shape[0]):
        z[j] += W_x_row[j] + b_h[j]
        h[j] = hyperbolic_tangent(z[j])


@kernel
def run_states(data: Bytes, weights: Parameters, W_h_transposed: Floats, z: Floats, h: Floats) -> None:
    """Fill z (T, H) and h[1:] (T + 1, H) for the T bytes of data, from the state h[0].

    BLAS is fastest at a row times a matrix: 33 µs for 50 steps of H = 128, against 38 with W_h itself. Dot products
    of eight rows at a time in numba take 33, beside a busy neighbour 54. Sums over rows, unrolled for H = 128, win only
    while W_h stays in the cache between calls: timed in turn with other work they take 35 to 46, BLAS 34 to 43.
    """
    for t in range(data.shape[0]):
        np.dot(h[t], W_h_transposed, z[t])
        activate(weights.W_x[np.int64(data[t])], weights.b_h, z[t], h[t + 1])


@kernel
def add_bias(b_y: Floats, logits: Floats, top: Floats) -> None:
    """logits[v, t] += b_y[v]; top[t] = max over v of logits[v, t]. logits (V, T)."""
    top[:] = -np.inf
    for v in range(logits.shape[0]):
        bias = b_y[v]
        for t in range(logits.shape[1]):
            logit = logits[v, t] + bias
            logits[v, t] = logit
            top[t] = logit if logit > top[t] else top[t]


@kernel
def exponentiate(top: Floats, logits: Floats, total: Floats) -> None:
    """logits[v, t] becomes exp(logits[v, t] - top[t]); total[t] = their sum over v. logits (V, T).

    exp has a loop of its own over all cells: in rows of 50, the two left over by vectors of 16 cost half the time.
    """
    total[:] = 0
    for v in range(logits.shape[0]):
        for t in range(logits.shape[1]):
            logits[v, t] -= top[t]
    cells = logits.reshape(logits.size)
    for i in range(cells.shape[0]):
        cells[i] = exponential(cells[i])
    for v in range(logits.shape[0]):
        for t in range(logits.shape[1]):
            total[t] += logits[v, t]


@kernel
def read_out(h: Floats, targets: Bytes, weights: Parameters, work: Workspace) -> Floats:
    """Leave exp(logit - top) in work.delta and the two parts of log p in work.total and work.chosen.

    h (T, H), targets (T,). Returns work.delta cut to (V, T).
    """
    length, hidden = h.shape
    columns = work.columns[: hidden * length].reshape((hidden, length))
    logits = work.delta[: weights.b_y.shape[0] * length].reshape((weights.b_y.shape[0], length))
    transpose(h, columns)
    multiply(weights.W_y, columns, logits)  # (V, T)
    add_bias(weights.b_y, logits, work.top[:length])
    for t in range(length):
        work.chosen[t] = logits[np.int64(targets[t]), t] - work.top[t]
    exponentiate(work.top[:length], logits, work.total[:length])
    return logits


@kernel
def bits_per_target(h: Floats, targets: Bytes, weights: Parameters, work: Workspace, bits: Floats) -> None:
    """bits[t] = -log2 p(targets[t]) given the state h[t]. h (n, H), targets (n,), bits (n,) float64."""
    block = work.top.shape[0]
    for first in range(0, targets.shape[0], block):
        last = min(first + block, targets.shape[0])
        read_out(h[first:last], targets[first:last], weights, work)
        for t in range(last - first):
            bits[first + t] = (math.log(np.float64(work.total[t])) - np.float64(work.chosen[t])) / math.log(2.0)
