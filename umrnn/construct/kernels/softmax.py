"""Softmax regression on fixed features. T = positions, F = features, V = outputs told apart.

    logits_t = W x_t + b        loss = -sum over t of ln p_t[y_t]        delta_t = p_t - onehot(y_t)
    derivative by W: sum over t of delta_t x_tᵀ                      by b: sum over t of delta_t
    second derivative along (U, c): the same sums of q_t = p_t * (u_t - p_t·u_t) with u_t = U x_t + c

As in the network's own kernels logits are kept transposed, (V, T), a block of positions at a time.
"""

import math
from typing import NamedTuple

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.backward import derivative_by_logits, row_sums
from umrnn.rnn.kernels.forward import add_bias, exponentiate
from umrnn.rnn.kernels.products import multiply, transpose
from umrnn.rnn.kernels.records import Floats

__all__ = ["Room", "add_curvature", "add_gradient", "bits_of_targets", "deltas"]


class Room(NamedTuple):
    """Scratch for blocks of up to T positions, in the dtype of the features."""

    logits: Floats  # (V * T,) logits, then exponentials, then probabilities or deltas
    along: Floats  # (V * T,) the same along a direction
    top: Floats  # (T,) largest logit
    total: Floats  # (T,) sum of exp(logit - top)
    chosen: Floats  # (T,) logit of the target - top
    product: Floats  # (V, F)
    sums: Floats  # (V,)


@kernel
def logits_of(rows, W, b, room):
    """Logits of the T rows, (V, T); room.top is their maximum.

    BLAS reads the rows as columns for nothing; copies of them, transposed, cost a tenth of the product.
    """
    length = rows.shape[0]
    logits = room.logits[: b.shape[0] * length].reshape((b.shape[0], length))
    multiply(W, rows.T, logits)
    add_bias(b, logits, room.top[:length])
    return logits


@kernel
def exponentials(rows, targets, W, b, room):
    """exp(logit - top), (V, T), with their sums in room.total and the logit of the target - top in room.chosen."""
    length = rows.shape[0]
    logits = logits_of(rows, W, b, room)
    for t in range(length):
        room.chosen[t] = logits[np.int64(targets[t]), t] - room.top[t]
    exponentiate(room.top[:length], logits, room.total[:length])
    return logits


@kernel
def bits_of_targets(rows, targets, W, b, room, bits):
    """bits[t] = -log2 p_t[targets[t]], float64. rows (T, F), targets (T,), W (V, F), b (V,)."""
    block = room.top.shape[0]
    for first in range(0, rows.shape[0], block):
        last = min(first + block, rows.shape[0])
        exponentials(rows[first:last], targets[first:last], W, b, room)
        for t in range(last - first):
            bits[first + t] = (math.log(np.float64(room.total[t])) - np.float64(room.chosen[t])) / math.log(2.0)


@kernel
def add_sums(delta, rows, room, by_W, by_b):
    """by_W += delta rows and by_b += the row sums of delta: (V, F) and (V,), float64."""
    multiply(delta, rows, room.product)
    row_sums(delta, room.sums)
    for v in range(by_W.shape[0]):
        by_b[v] += np.float64(room.sums[v])
        for f in range(by_W.shape[1]):
            by_W[v, f] += np.float64(room.product[v, f])


@kernel
def add_gradient(rows, targets, W, b, room, by_W, by_b):
    """Add the derivative of the loss to by_W (V, F) and by_b (V,), float64; return the loss in nats."""
    block, loss = room.top.shape[0], 0.0
    for first in range(0, rows.shape[0], block):
        last = min(first + block, rows.shape[0])
        part, chosen = rows[first:last], targets[first:last]
        logits = exponentials(part, chosen, W, b, room)
        for t in range(last - first):
            loss += math.log(np.float64(room.total[t])) - np.float64(room.chosen[t])
        derivative_by_logits(chosen, room.total[: last - first], logits)
        add_sums(logits, part, room, by_W, by_b)
    return loss


@kernel
def weigh_by_spread(exponential, total, along, mean):
    """along[v, t] becomes p (along - mean over p of along). exponential, along (V, T); mean (T,) is scratch."""
    mean[:] = 0
    for t in range(total.shape[0]):
        total[t] = 1 / total[t]
    for v in range(along.shape[0]):
        for t in range(along.shape[1]):
            exponential[v, t] *= total[t]
            mean[t] += exponential[v, t] * along[v, t]
    for v in range(along.shape[0]):
        for t in range(along.shape[1]):
            along[v, t] = exponential[v, t] * (along[v, t] - mean[t])


@kernel
def add_curvature(rows, W, b, U, c, room, by_W, by_b):
    """Add the second derivative of the loss along (U, c) to by_W (V, F) and by_b (V,), float64."""
    block = room.top.shape[0]
    for first in range(0, rows.shape[0], block):
        length = min(block, rows.shape[0] - first)
        part = rows[first : first + length]
        logits = logits_of(part, W, b, room)
        exponentiate(room.top[:length], logits, room.total[:length])
        along = room.along[: logits.size].reshape(logits.shape)
        multiply(U, part.T, along)
        for v in range(along.shape[0]):
            for t in range(length):
                along[v, t] += c[v]
        weigh_by_spread(logits, room.total[:length], along, room.chosen[:length])
        add_sums(along, part, room, by_W, by_b)


@kernel
def deltas(rows, targets, W, b, room, out):
    """out[t, v] = p_t[v] - onehot(targets[t])[v], the derivative of the loss by the logits. out (T, V)."""
    block = room.top.shape[0]
    for first in range(0, rows.shape[0], block):
        last = min(first + block, rows.shape[0])
        logits = exponentials(rows[first:last], targets[first:last], W, b, room)
        derivative_by_logits(targets[first:last], room.total[: last - first], logits)
        transpose(logits, out[first:last])
