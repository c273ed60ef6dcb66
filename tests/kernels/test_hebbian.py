"""Flips of negated states, and matches of estimates and weights, equal their definitions."""

import numpy as np
import pytest

from tests.kernels.test_network_forward import DTYPES
from tests.naive import hebbian as naive
from umrnn.construct.kernels.hebbian import MEETING, SAME_SIGN, SUMS, add_matches, count_flips


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("states", "hidden"), [(1, 1), (5, 3), (2, 9)])
def test_count_flips__negates_each_neuron(states, hidden, dtype):
    rng = np.random.default_rng(states)
    W_h, h, z = (
        rng.standard_normal(shape).astype(dtype) for shape in ((hidden, hidden), (states, hidden), (states, hidden))
    )
    z[0, 0] = 0  # whose sign is +1
    expected = naive.flips(W_h, h, z)
    for first in range(0, hidden, 2):
        rows = np.ascontiguousarray(W_h[first : first + 2])
        out = np.ones(rows.shape, np.int32)
        count_flips(rows, first, h, z, out)
        np.testing.assert_array_equal(out - 1, expected[first : first + 2])


@pytest.mark.parametrize("thresholds", [(0.0,), (2.0, 0.5, 0.0), (9.0, 0.0)])  # nothing is as large as 9
def test_add_matches__class_by_class(thresholds):
    rng = np.random.default_rng(1)
    weights, estimate = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    estimate[1] = 0
    rows, columns = np.array([2, 0, 1]), np.array([0, 3, 1, 2])
    order = sorted(np.ndindex(3, 4), key=lambda cell: -abs(weights[cell]))
    cells = np.array(order, np.int32)
    ends = np.array([(np.abs(weights) >= least).sum() for least in thresholds])
    out = np.full((len(ends), SUMS), 7.0)
    add_matches(weights[tuple(cells.T)], cells, estimate, rows, columns, ends, out)
    renamed = estimate[np.ix_(rows, columns)]
    for found, least in zip(out.cumsum(axis=0), thresholds):
        np.testing.assert_allclose(found, naive.matches(weights, renamed, np.abs(weights) >= least), atol=1e-13)
    assert out[:, SAME_SIGN].sum() <= out[:, MEETING].sum() == 8
