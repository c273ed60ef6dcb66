"""One step of the optimisers after each chunk. P = parameters, V = alphabet, H = hidden neurons.

Parameters and gradient are flat, (P,), with W_x in front; only its rows of bytes marked as touched have a gradient.
"""

import math

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.backward import chunk_gradient
from umrnn.rnn.kernels.records import Adam, Bytes, Floats, Moments, Parameters, Workspace

__all__ = ["adam_chunks", "sgd_chunks"]

Flat = tuple[Floats, Floats, Floats]  # parameters, gradient, and 1 where a parameter is trained; the last may be empty
Rates = tuple[float, float, float]


@kernel(fast=True)
def sum_of_squares(values: Floats) -> float:
    """Sum of values[i]²: of 1,024 at a time in their own dtype, twice as fast, of these sums in float64."""
    total = 0.0
    for first in range(0, values.shape[0], 1024):
        part = values[first : first + 1024]
        subtotal = values.dtype.type(0)
        for i in range(part.shape[0]):
            subtotal += part[i] * part[i]
        total += np.float64(subtotal)
    return total


@kernel
def gradient_norm(flat: Floats, gradient: Parameters, touched: Bytes) -> float:
    """Euclidean norm of the whole gradient."""
    total = sum_of_squares(flat[gradient.W_x.size :])
    for x in range(touched.shape[0]):
        if touched[x]:
            total += sum_of_squares(gradient.W_x[x])
    return math.sqrt(total)


@kernel
def clip_factor(norm: float, clip: float) -> float:
    """Factor that brings a gradient of this norm down to the norm ``clip``; 1 where it is smaller."""
    return clip / norm if norm > clip else 1.0


@kernel
def hold(gradient: Floats, kept: Floats) -> None:
    """Take the gradient from parameters that are held: gradient[i] *= kept[i]. Nothing where ``kept`` is empty."""
    for i in range(kept.shape[0]):
        gradient[i] *= kept[i]


@kernel
def descend(values: Floats, gradient: Floats, rate: float) -> None:
    """Step downhill: values -= rate * gradient, in the dtype of the values."""
    factor = values.dtype.type(rate)
    for i in range(values.shape[0]):
        values[i] -= factor * gradient[i]


@kernel
def adam_step(values: Floats, gradient: Floats, moments: Moments, rates: Rates, settings: Adam) -> None:
    """One dense step of Adam; ``rates`` = (rate / (1 - beta_1^k), 1 / sqrt(1 - beta_2^k), clip factor) of step k.

    m = beta_1 m + (1 - beta_1) g        v = beta_2 v + (1 - beta_2) g²        g = clip factor * gradient
    values -= rates[0] m / (rates[1] sqrt(v) + epsilon)
    """
    number = values.dtype.type
    rate, correction, factor = number(rates[0]), number(rates[1]), number(rates[2])
    keep_1, keep_2, epsilon = number(settings.beta_1), number(settings.beta_2), number(settings.epsilon)
    new_1, new_2 = number(1 - settings.beta_1), number(1 - settings.beta_2)
    first, second = moments.first, moments.second
    for i in range(values.shape[0]):
        g = factor * gradient[i]
        first[i] = keep_1 * first[i] + new_1 * g
        second[i] = keep_2 * second[i] + new_2 * g * g
        values[i] -= rate * first[i] / (correction * np.sqrt(second[i]) + epsilon)


@kernel
def sgd_chunks(
    data: Bytes,
    bptt: int,
    flat: Flat,
    weights: Parameters,
    gradient: Parameters,
    work: Workspace,
    settings: tuple[float, float],
) -> tuple[float, float]:
    """Train on consecutive chunks of ``bptt`` targets; the last may be shorter.

    ``flat`` = (parameters, gradient, kept), of which weights and gradient are views; settings = (rate, clip).
    work.h[0] is the state before the first chunk, and after the last. Returns (loss in nats, sum of gradient norms).
    """
    values, slope, kept = flat
    rate, clip = settings
    dense = weights.W_x.size
    losses, norms = 0.0, 0.0
    for first in range(0, data.shape[0] - 1, bptt):
        length = min(bptt, data.shape[0] - 1 - first)
        losses += chunk_gradient(data[first : first + length + 1], weights, gradient, work)
        hold(slope, kept)
        norm = gradient_norm(slope, gradient, work.touched)
        norms += norm
        step = rate * clip_factor(norm, clip)
        descend(values[dense:], slope[dense:], step)
        for x in range(work.touched.shape[0]):
            if work.touched[x]:
                descend(weights.W_x[x], gradient.W_x[x], step)
        work.h[0] = work.h[length]
    return losses, norms


@kernel
def adam_chunks(
    data: Bytes,
    bptt: int,
    flat: Flat,
    weights: Parameters,
    gradient: Parameters,
    work: Workspace,
    moments: Moments,
    settings: Adam,
) -> tuple[float, float]:
    """As ``sgd_chunks``, with the steps of Adam, the first numbered ``settings.updates`` + 1."""
    values, slope, kept = flat
    losses, norms = 0.0, 0.0
    k = settings.updates
    for first in range(0, data.shape[0] - 1, bptt):
        length = min(bptt, data.shape[0] - 1 - first)
        losses += chunk_gradient(data[first : first + length + 1], weights, gradient, work)
        hold(slope, kept)
        norm = gradient_norm(slope, gradient, work.touched)
        norms += norm
        k += 1
        rate = settings.rate / (1 - settings.beta_1**k)
        correction = 1 / math.sqrt(1 - settings.beta_2**k)
        adam_step(values, slope, moments, (rate, correction, clip_factor(norm, settings.clip)), settings)
        for x in range(work.touched.shape[0]):
            if work.touched[x]:
                gradient.W_x[x] = 0
        work.h[0] = work.h[length]
    return losses, norms
