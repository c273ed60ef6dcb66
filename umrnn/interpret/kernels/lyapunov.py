"""The slope of tanh along a run. H = hidden neurons, T = positions in this call.

dh_t / dh_{t-1} = diag(1 - h_t^2) W_h        1 - tanh(z)^2 = 4 e / (1 + e)^2,  e = exp(-2 |z|)
"""

import math

import numpy as np

from umrnn._jit import kernel

__all__ = ["slopes"]


@kernel
def slopes(z, out):
    """out[t, j] = 1 - tanh(z[t, j])^2. z (T, H) float32 or float64; out (T, H) float64.

    From the pre-activation: 1 - h^2 of a state rounded to 1 is 0, and its logarithm minus infinity.
    """
    for t in range(z.shape[0]):
        for j in range(z.shape[1]):
            e = math.exp(-2.0 * abs(np.float64(z[t, j])))
            out[t, j] = 4.0 * e / ((1.0 + e) * (1.0 + e))
