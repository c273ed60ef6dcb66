"""A layer of rectified neurons under a softmax. T = positions, F = features, M = neurons, V = outputs told apart.

y_t = max(0, W_1 x_t + b_1)        logits_t = W_y y_t + b_y        delta_t = p_t - onehot(target)
derivative by y_t: g_t = W_yᵀ delta_t, 0 where y_t = 0
derivative by W_1: sum over t of g_t x_tᵀ                          by b_1: sum over t of g_t
"""

import math
from typing import NamedTuple

import numpy as np

from umrnn._jit import kernel
from umrnn.construct.kernels.softmax import add_sums, exponentials
from umrnn.rnn.kernels.backward import derivative_by_logits
from umrnn.rnn.kernels.features import rectify
from umrnn.rnn.kernels.records import Floats

__all__ = ["Hidden", "Slope", "add_layers_gradient"]


class Hidden(NamedTuple):
    """Scratch of the hidden layer for blocks of up to T positions, in the dtype of the features."""

    neurons: Floats  # (T, M) y
    back: Floats  # (T, M) g
    product: Floats  # (M, F)


class Slope(NamedTuple):
    """Sums of derivatives, float64."""

    W_1: Floats  # (M, F)
    b_1: Floats  # (M,)
    W_y: Floats  # (V, M)
    b_y: Floats  # (V,)


@kernel
def add_hidden_sums(back, neurons, rows, product, W_1, b_1):
    """Zero ``back`` where the neuron rests, then W_1 += backᵀ rows and b_1 += its column sums, float64."""
    for t in range(back.shape[0]):
        for m in range(back.shape[1]):
            back[t, m] = back[t, m] if neurons[t, m] > 0 else 0
            b_1[m] += np.float64(back[t, m])
    np.dot(back.T, rows, product)
    for m in range(product.shape[0]):
        for f in range(product.shape[1]):
            W_1[m, f] += np.float64(product[m, f])


@kernel
def add_layers_gradient(rows, targets, layers, room, hidden, slope):
    """Add the derivatives of the loss to ``slope``; return the loss in nats.

    rows (T, F); targets (T,); layers = (W_1 transposed (F, M), b_1, W_y, b_y); room as of the softmax of M features.
    """
    W_1_transposed, b_1, W_y, b_y = layers
    block, loss = room.top.shape[0], 0.0
    for first in range(0, rows.shape[0], block):
        length = min(block, rows.shape[0] - first)
        part, chosen = rows[first : first + length], targets[first : first + length]
        neurons, back = hidden.neurons[:length], hidden.back[:length]
        rectify(part, W_1_transposed, b_1, neurons)
        logits = exponentials(neurons, chosen, W_y, b_y, room)
        for t in range(length):
            loss += math.log(np.float64(room.total[t])) - np.float64(room.chosen[t])
        derivative_by_logits(chosen, room.total[:length], logits)
        add_sums(logits, neurons, room, slope.W_y, slope.b_y)
        np.dot(logits.T, W_y, back)
        add_hidden_sums(back, neurons, part, hidden.product, slope.W_1, slope.b_1)
    return loss
