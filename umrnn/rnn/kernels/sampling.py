"""Draw bytes from a network. V = alphabet, H = hidden neurons."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._jit import kernel
from umrnn.rnn.kernels.activation import exponential
from umrnn.rnn.kernels.forward import run_states
from umrnn.rnn.kernels.records import Bytes, Floats, Parameters, Workspace

__all__ = ["draw_bytes"]


@kernel
def powers(logits: Floats, b_y: Floats, temperature: float) -> None:
    """logits[v] becomes exp((logit - largest) / temperature), proportional to the probability of byte v."""
    inverse = logits.dtype.type(1 / temperature)
    largest = logits[0] + b_y[0]
    for v in range(logits.shape[0]):
        logits[v] += b_y[v]
        largest = max(largest, logits[v])
    for v in range(logits.shape[0]):
        logits[v] = exponential((logits[v] - largest) * inverse)


@kernel
def choose(masses: Floats, draw: float) -> Any:
    """Smallest byte whose cumulative mass exceeds draw * total, 0 <= draw < 1."""
    total = 0.0
    for v in range(masses.shape[0]):
        total += np.float64(masses[v])
    remaining = draw * total
    for v in range(masses.shape[0] - 1):
        remaining -= np.float64(masses[v])
        if remaining < 0:
            return v
    return masses.shape[0] - 1


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
