"""Truncated back-propagation through one chunk. V = alphabet, H = hidden neurons, T = targets in the chunk.

loss = -sum over t of ln p(x_{t+1})       delta_t = p_t - onehot(x_{t+1})
dz_t = (1 - h_t²) (W_yᵀ delta_t + W_hᵀ dz_{t+1})         dz beyond the chunk is 0
"""

import math

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.forward import read_out, run_states
from umrnn.rnn.kernels.products import multiply, transpose
from umrnn.rnn.kernels.records import Bytes, Floats, Parameters, Workspace

__all__ = ["chunk_gradient"]

_LEAST_PROBABILITY = 1e-8  # floor of the reported loss, as the published trainer has it; the gradient has none


@kernel
def derivative_by_logits(targets: Bytes, total: Floats, delta: Floats) -> None:
    """delta[v, t] becomes delta[v, t] / total[t] - (v == targets[t]). delta (V, T); total becomes its inverse."""
    for t in range(total.shape[0]):
        total[t] = 1 / total[t]
    for v in range(delta.shape[0]):
        for t in range(delta.shape[1]):
            delta[v, t] *= total[t]
    for t in range(targets.shape[0]):
        delta[np.int64(targets[t]), t] -= 1


@kernel(fast=True)
def row_sums(matrix: Floats, out: Floats) -> None:
    """out[i] = sum over j of matrix[i, j]."""
    for i in range(matrix.shape[0]):
        total = matrix.dtype.type(0)
        for j in range(matrix.shape[1]):
            total += matrix[i, j]
        out[i] = total


@kernel
def derivative_by_z(h: Floats, one_half: Floats, other_half: Floats, back: Floats, dz: Floats) -> None:
    """dz[j] = (1 - h[j]²) (one_half[j] + other_half[j] + back[j])."""
    one = h.dtype.type(1)
    for j in range(h.shape[0]):
        dz[j] = (one - h[j] * h[j]) * (one_half[j] + other_half[j] + back[j])


@kernel
def backwards_through_time(h: Floats, W_h: Floats, work: Workspace) -> None:
    """Fill work.dz[:T] from work.dh. h (T, H) are the states of the chunk."""
    length = h.shape[0]
    work.dz[length] = 0
    for t in range(length - 1, -1, -1):
        np.dot(work.dz[t + 1], W_h, work.z[t])
        derivative_by_z(h[t], work.dh[0, t], work.dh[1, t], work.z[t], work.dz[t])


@kernel
def input_gradient(data: Bytes, dz: Floats, gradient: Parameters, touched: Bytes) -> None:
    """Add dz[t] to the row of byte data[t] and to b_h. A byte read several times adds up first."""
    gradient.b_h[:] = 0
    for t in range(data.shape[0]):
        x = np.int64(data[t])
        if touched[x] == 0:
            touched[x] = 1
            gradient.W_x[x] = 0
        row = gradient.W_x[x]
        for j in range(row.shape[0]):
            row[j] += dz[t, j]
            gradient.b_h[j] += dz[t, j]


@kernel
def chunk_gradient(chunk: Bytes, weights: Parameters, gradient: Parameters, work: Workspace) -> float:
    """Gradient of the summed loss of a chunk of T + 1 bytes, from the state work.h[0]; returns the loss in nats.

    Only the rows of gradient.W_x of bytes marked in work.touched are written.
    """
    length = chunk.shape[0] - 1
    inputs, targets = chunk[:length], chunk[1:]
    h = work.h[1 : length + 1]
    transpose(weights.W_h, work.W_h_transposed)
    run_states(inputs, weights, work.W_h_transposed, work.z, work.h)
    delta = read_out(h, targets, weights, work)  # (V, T)
    loss = 0.0
    for t in range(length):
        surprise = math.log(np.float64(work.total[t])) - np.float64(work.chosen[t])
        loss += min(surprise, -math.log(_LEAST_PROBABILITY))
    derivative_by_logits(targets, work.total[:length], delta)
    row_sums(delta, gradient.b_y)
    multiply(delta, h, gradient.W_y)  # (V, H)
    half = delta.shape[0] // 2  # two products of half the alphabet stay below the size at which BLAS packs
    np.dot(delta[:half].T, weights.W_y[:half], work.dh[0, :length])
    np.dot(delta[half:].T, weights.W_y[half:], work.dh[1, :length])
    backwards_through_time(h, weights.W_h, work)
    np.dot(work.dz[:length].T, work.h[:length], gradient.W_h)
    work.touched[:] = 0
    input_gradient(inputs, work.dz[:length], gradient, work.touched)
    return loss
