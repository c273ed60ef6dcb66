"""What single neurons do, by definition: replaced at the read-out, rounded, counted; weights are a dict of arrays."""

import math
import struct
from itertools import pairwise
from typing import Any

import numpy as np

from tests.naive import network


def read_out_bits(weights: Any, state: Any, target: int) -> float:
    return -math.log2(network.probabilities(weights, state)[target])


def replaced_bits(weights: Any, states: Any, targets: Any, values: Any) -> Any:
    """Summed bits for each neuron j when h[t, j] becomes values[t][j]."""
    total = np.zeros(states.shape[1])
    for state, target, value in zip(states, targets, values):
        for j in range(len(state)):
            changed = state.copy()
            changed[j] = value[j]
            total[j] += read_out_bits(weights, changed, int(target))
    return total


def knocked_out_bits(weights: Any, states: Any, targets: Any, means: Any) -> Any:
    """Rows: each neuron becomes 0, its sign, its mean."""
    zeros, signs = np.zeros_like(states), np.where(states >= 0, 1.0, -1.0)
    kinds = (zeros, signs, np.broadcast_to(means, states.shape))
    return np.array([replaced_bits(weights, states, targets, values) for values in kinds])


def cut(value: float, bits: int) -> float:
    """``value`` with ``bits`` mantissa bits, towards zero, by arithmetic."""
    if value == 0:
        return 0.0
    fraction, exponent = math.frexp(value)  # fraction in [1/2, 1)
    return math.ldexp(math.trunc(fraction * 2 ** (bits + 1)) / 2 ** (bits + 1), exponent)


def half_precision(value: float) -> float:
    """``value`` through the half-precision format of the standard library."""
    return float(struct.unpack("<e", struct.pack("<e", value))[0])


def run_rounded(weights: Any, data: Any, before: Any, rounded: Any) -> Any:
    """States of the run in which each state is rounded value by value before the next step."""
    out, state = [], np.asarray(before)
    for x in data:
        state = np.tanh(weights["W_x"][:, int(x)] + weights["W_h"] @ state + weights["b_h"])
        state = np.array([rounded(float(value)) for value in state])
        out.append(state)
    return np.array(out)


def flips(states: Any) -> list[list[int]]:
    """Steps t > 0 at which each neuron's sign differs from that at t - 1."""
    return [
        [t for t in range(1, len(states)) if (states[t, j] >= 0) != (states[t - 1, j] >= 0)]
        for j in range(states.shape[1])
    ]


def dwell(steps: list[int], longest: int) -> list[int]:
    """How often two flips in a row are d < longest steps apart."""
    counts = [0] * longest
    for earlier, later in pairwise(steps):
        if later - earlier < longest:
            counts[later - earlier] += 1
    return counts


def divergence(weights: Any, state: Any, changed: Any) -> float:
    """KL(p || p') in bits between the read-outs of two states."""
    p, q = network.probabilities(weights, state), network.probabilities(weights, changed)
    return float(sum(a * math.log2(a / b) for a, b in zip(p, q) if a > 0))
