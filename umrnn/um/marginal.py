"""Smoothed shares: how likely a byte is where nothing else is known, or only what was counted beside it."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["smoothed_shares"]


def smoothed_shares(counts: ArrayLike) -> NDArray[np.float64]:
    """(count + ½) / (n + V/2) along the last axis of length V, n the sum of the counts there: no share is 0.

    With V = 256 bytes that is (count + ½) / (n + 128), the Krichevsky–Trofimov estimate.

    Examples
    --------
    >>> smoothed_shares([3, 0]).tolist()
    [0.875, 0.125]
    """
    found: NDArray[Any] = np.asarray(counts, np.float64)
    shares: NDArray[np.float64] = (found + 0.5) / (found.sum(axis=-1, keepdims=True) + 0.5 * found.shape[-1])
    return shares
