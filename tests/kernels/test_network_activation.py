"""exp and tanh: stated bounds in units in the last place, and the values at the edges."""

import numpy as np
import pytest

from umrnn._jit import kernel
from umrnn.rnn.kernels.activation import exponential, hyperbolic_tangent

DTYPES = (np.float32, np.float64)


@kernel
def exponentials(x, out):
    for i in range(x.shape[0]):
        out[i] = exponential(x[i])


@kernel
def tangents(x, out):
    for i in range(x.shape[0]):
        out[i] = hyperbolic_tangent(x[i])


def error(function, x, exact):
    """Largest distance from ``exact``, in units in the last place of the exact value."""
    out = np.empty_like(x)
    function(x, out)
    wide = exact(x.astype(np.longdouble))
    unit = np.spacing(np.abs(wide).astype(x.dtype))
    return float(np.max(np.abs(out - wide) / unit))


@pytest.mark.parametrize("dtype", DTYPES)
def test_exponential__is_within_2_units(dtype):
    x = -np.concatenate([np.linspace(0, 87, 3001), np.geomspace(1e-30, 87, 1001), [0.0]]).astype(dtype)
    assert error(exponentials, x, np.exp) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_exponential__has_a_floor(dtype):
    x = np.array([-87.0, -88, -1000, -np.inf], dtype)
    out = np.empty_like(x)
    exponentials(x, out)
    assert np.all(out == out[0])
    assert 0 < out[0] < 2e-38


@pytest.mark.parametrize("dtype", DTYPES)
def test_tangent__is_within_3_units(dtype):
    size = np.concatenate([np.linspace(1e-3, 25, 3001), np.geomspace(1e-30, 25, 1001)])
    x = np.concatenate([size, -size]).astype(dtype)
    assert error(tangents, x, np.tanh) <= 3


@pytest.mark.parametrize("dtype", DTYPES)
def test_tangent__at_the_edges(dtype):
    x = np.array([0.0, 1e4, -1e4, np.inf, -np.inf], dtype)
    out = np.empty_like(x)
    tangents(x, out)
    assert out.tolist() == [0, 1, -1, 1, -1]


@pytest.mark.needs_jit
def test_tangent__passes_not_a_number_on():
    x = np.array([np.nan])
    out = np.zeros(1)
    tangents(x, out)
    assert np.isnan(out[0])


@pytest.mark.needs_jit
@pytest.mark.parametrize("dtype", DTYPES)
def test_bounds__hold_on_a_million_points(dtype):
    rng = np.random.default_rng(0)
    x = (-87 * rng.random(1_000_000)).astype(dtype)
    assert error(exponentials, x, np.exp) <= 2
    z = (rng.standard_normal(1_000_000) * np.exp2(rng.integers(-20, 4, 1_000_000))).astype(dtype)
    assert error(tangents, z, np.tanh) <= 3
