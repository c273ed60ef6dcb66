"""Signs of states over time. H = hidden neurons, T = positions in this call, D = dwell times told apart."""

from typing import Any

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.records import Floats

__all__ = ["sign_flips"]


@kernel
def sign_flips(h: Floats, start: int, last: Any, flips: Floats, dwell: Any) -> None:
    """flips[t, j] = 1 where h[t + 1, j] has another sign than h[t, j], else 0; the sign of 0 is +.

    dwell[j, d] += 1 for each two flips in a row, d < D steps apart; last[j] becomes the step of the latest flip,
    -1 before the first. h (T + 1, H), whose row 0 is step ``start``; last (H,) int64, flips (T, H), dwell (H, D) int64.
    """
    for t in range(flips.shape[0]):
        step = np.int64(start + t + 1)
        for j in range(flips.shape[1]):
            if (h[t + 1, j] >= 0) == (h[t, j] >= 0):
                flips[t, j] = 0
                continue
            flips[t, j] = 1
            if last[j] >= 0 and step - last[j] < dwell.shape[1]:
                dwell[j, step - last[j]] += 1
            last[j] = step
