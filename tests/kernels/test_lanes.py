"""Stretches side by side equal one after the other."""

import numpy as np
import pytest

from tests.kernels.test_network_forward import DTYPES, SIZES, TOLERANCE, data_of, layout
from tests.naive import lanes as naive
from tests.naive import network
from umrnn.rnn.kernels.lanes import run_lanes


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("warm", [0, 2, 50])
@pytest.mark.parametrize("starts", [(0,), (0, 5, 10), (10, 5), (0, 3, 6, 9, 12)])
@pytest.mark.parametrize(("alphabet", "hidden"), SIZES)
def test_lanes__are_runs_that_begin_early(alphabet, hidden, starts, warm, dtype):
    """Also lanes that would begin before the text, end with it, or lie beyond it (the last of five)."""
    weights, data, steps = network.random_weights(alphabet, hidden, dtype=dtype), data_of(alphabet, 12), 5
    shape = (len(starts), hidden)
    state, z, h = (
        np.full(shape, np.nan, dtype),
        np.full(shape, np.nan, dtype),
        np.full((len(starts), steps, hidden), 9.0, dtype),
    )
    turned = np.ascontiguousarray(weights["W_h"].T)
    run_lanes(data, np.array(starts), warm, steps, layout(weights), turned, state, z, h)
    wide = {name: array.astype(np.float64) for name, array in weights.items()}
    for i, start in enumerate(starts):
        there = max(0, min(steps, len(data) - start))
        expected = naive.stretch(wide, data, start, warm, steps) if there else np.empty((0, hidden))
        np.testing.assert_allclose(h[i, :there], expected, rtol=0, atol=50 * TOLERANCE[dtype])
        assert (h[i, there:] == 9).all()  # rows beyond the text are left alone
