"""What replacing one byte does, by reading the whole corpus again from the start; weights are a dict of arrays."""

import math
from typing import Any, NamedTuple

import numpy as np

from tests.naive import network


class Effect(NamedTuple):
    """At one position: neurons whose sign differs, KL(p || p') in bits, rise of -log2 p(next byte)."""

    neurons: list[int]
    kl_bits: float
    delta_bits: float


def effect(weights: network.Weights, data: Any, changed: int, byte: int, position: int) -> Effect:
    """At ``position`` >= ``changed``, after ``byte`` was read in place of the one at ``changed``."""
    before = np.zeros(len(weights["b_h"]))
    other = np.array(data)
    other[changed] = byte
    h = network.run(weights, data[: position + 1], before)[1][-1]
    altered = network.run(weights, other[: position + 1], before)[1][-1]
    p, q = network.probabilities(weights, h), network.probabilities(weights, altered)
    following = int(data[position + 1])
    return Effect(
        neurons=[j for j in range(len(h)) if (h[j] >= 0) != (altered[j] >= 0)],
        kl_bits=sum(float(a) * math.log2(a / b) for a, b in zip(p, q)),
        delta_bits=math.log2(p[following] / q[following]),
    )


def pointwise_information(data: Any, d: int, x: int, y: int, stop: int) -> float:
    """log2 p_d(x, y) / (p(x) p(y)) from the bytes before ``stop``."""
    counted = [int(byte) for byte in data[:stop]]
    pairs = [(counted[t - d], counted[t]) for t in range(d, stop)]
    if (x, y) not in pairs:
        return -math.inf
    joint = pairs.count((x, y)) / len(pairs)
    return math.log2(joint / (counted.count(x) / stop) / (counted.count(y) / stop))
