"""Slopes equal their definition, also where a state rounds to 1."""

import math

import numpy as np
import pytest

from tests.naive import lyapunov as naive
from umrnn.interpret.kernels.lyapunov import slopes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5)])
def test_slopes__are_one_minus_the_square_of_the_state(shape, dtype):
    z = (2 * np.random.default_rng(1).standard_normal(shape)).astype(dtype)
    out = np.empty(shape)
    slopes(z, out)
    np.testing.assert_allclose(out, naive.slopes(z), rtol=1e-12)


@pytest.mark.parametrize("sign", [-1, 1])
def test_slopes__of_saturated_neurons_keep_their_size(sign):
    z, out = sign * np.array([[20.0, 40.0, 300.0]]), np.empty((1, 3))
    slopes(z, out)
    np.testing.assert_allclose(np.log(out[0]), [math.log(4) - 2 * size for size in (20, 40, 300)], rtol=1e-12)
