"""Draw bytes from a network. V = alphabet, H = hidden neurons."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._jit import kernel
from umrnn.rnn.kernels.activation import exponential
from umrnn.rnn.kernels.forward import run_states
from umrnn.rnn.kernels.records import Bytes, Floats, Parameters, Workspace

__all__ = ["draw_bytes"]

_LEAST = -87.0  # the least exponent ``exponential`` takes


@kernel
def powers(logits: Floats, b_y: Floats, temperature: float) -> None:
    """logits[v] becomes exp((logit - largest) / temperature), proportional to the probability of byte v.

    The exponent is a quotient in float64: in float32 the inverse of 1e-39 is infinite, and 0 times that is no number.
    Beyond the floor of exp the mass is 0, so that a cold network draws nothing but its first choice.
    """
    largest = logits[0] + b_y[0]
    for v in range(logits.shape[0]):
        logits[v] += b_y[v]
        largest = max(largest, logits[v])
    for v in range(logits.shape[0]):
        gap = np.float64(logits[v]) - np.float64(largest)
        if gap < _LEAST * temperature:
            logits[v] = 0
        else:
            logits[v] = exponential(logits.dtype.type(gap / temperature))


@kernel
def choose(masses: Floats, draw: float) -> Any:
    """Smallest byte whose cumulative mass exceeds draw * total, 0 <= draw < 1; never one without mass."""
    total = 0.0
    for v in range(masses.shape[0]):
        total += np.float64(masses[v])
    remaining = draw * total
    last = 0
    for v in range(masses.shape[0]):
        if masses[v] > 0:
            last = v
            remaining -= np.float64(masses[v])
            if remaining < 0:
                return v
    return last  # rounding alone leads here


@kernel
def draw_bytes(
    weights: Parameters,
    temperature: float,
    draws: NDArray[np.float64],
    work: Workspace,
    out: Bytes,
) -> None:
    """out[i] = byte drawn after the state h[0], which then reads it. draws (n,).

    h = work.h and W_h_transposed must be filled in; room for one position is enough.
    """
    logits = work.delta[: weights.b_y.shape[0]]
    for i in range(out.shape[0]):
        np.dot(weights.W_y, work.h[0], logits)
        powers(logits, weights.b_y, temperature)
        out[i] = choose(logits, draws[i])
        run_states(out[i : i + 1], weights, work.W_h_transposed, work.z, work.h)
        work.h[0] = work.h[1]
