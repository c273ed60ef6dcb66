"""Lyapunov exponents as slowly and plainly as they can be written."""

import math
from typing import Any

import numpy as np


def slopes(z: Any) -> list[list[float]]:
    """1 - tanh(z)^2, cell by cell."""
    return [[1 - math.tanh(value) ** 2 for value in row] for row in np.asarray(z, np.float64).tolist()]


def exponents(W_h: Any, slope: Any, directions: Any, skipped: int) -> list[float]:
    """Mean log growth of each direction by Gram-Schmidt after every step, largest first."""
    vectors, logs = [np.array(v) for v in directions], []
    for row in slope:
        vectors, sizes = [np.array(row) * (W_h @ v) for v in vectors], []
        for i, vector in enumerate(vectors):
            for earlier in vectors[:i]:
                vector = vector - (earlier @ vector) * earlier
            sizes.append(math.sqrt(vector @ vector))
            vectors[i] = vector / sizes[i]
        logs.append([math.log(size) for size in sizes])
    return sorted(np.mean(logs[skipped:], axis=0).tolist(), reverse=True)


def kaplan_yorke(exponents: list[float]) -> float:
    """The dimension at which the sum of the exponents, drawn as a line from point to point, falls below 0."""
    sums = [sum(exponents[:j]) for j in range(len(exponents) + 1)]
    below = [j for j in range(1, len(sums)) if sums[j] < 0]
    if not below:
        return float(len(exponents))
    j = below[0] - 1
    return j + sums[j] / (sums[j] - sums[j + 1])
