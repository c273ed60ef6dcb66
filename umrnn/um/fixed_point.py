"""n log2 n in fixed point: integer sums have the same bits in any order and on any machine.

With N positions a sum of n log2 n never exceeds N log2 N, so the unit is chosen to keep that below 2**62. At N = 1e6
one unit is 2**-37 bits, and an entropy is off by at most 4e-12 bits; equal counts always give equal entropies.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["growth", "scale", "weights_of"]


def scale(positions: int) -> float:
    """Units per bit for sums over at most ``positions`` positions; a power of two."""
    most = positions * np.log2(max(positions, 2))
    return float(2.0 ** (62 - np.ceil(np.log2(max(most, 2.0)))))


def growth(largest: int, positions: int) -> NDArray[np.int64]:
    """Entry k is (k + 1) log2 (k + 1) - k log2 k in units of ``scale(positions)``, for k < ``largest``.

    Examples
    --------
    >>> (growth(3, 8) / scale(8)).round(3).tolist()
    [0.0, 2.0, 2.755]
    """
    counts = np.arange(largest + 1, dtype=np.float64)
    counts[1:] *= np.log2(counts[1:])
    return np.round(np.diff(counts) * scale(positions)).astype(np.int64)


def weights_of(counts: NDArray[np.int64], steps: NDArray[np.int64]) -> int:
    """Sum of n log2 n over ``counts`` in the units of ``steps``, which reach the largest count."""
    if len(counts) == 0:
        return 0
    values, times = np.unique(counts, return_counts=True)
    whole = np.concatenate(([0], np.cumsum(steps[: int(values[-1])])))
    return int(np.sum(times * whole[values]))
