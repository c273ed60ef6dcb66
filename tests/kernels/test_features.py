"""Features of past bytes, and rectified sums of them, equal their definitions."""

import numpy as np
import pytest

from tests.naive import readout as naive
from umrnn.rnn.kernels.features import gather, rectify

DTYPES = (np.float32, np.float64)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("first", "length"), [(0, 9), (0, 1), (4, 3)])
@pytest.mark.parametrize("offsets", [(1,), (3, 1), (2, 12, 5)])
def test_gather__is_the_definition_with_zeros_before_the_text(offsets, first, length, dtype):
    rng = np.random.default_rng(2)
    data, codes = rng.integers(0, 5, 9).astype(np.uint8), rng.standard_normal((len(offsets), 5, 2)).astype(dtype)
    out = np.full((length, 2 * len(offsets)), np.nan, dtype)
    gather(data, first, np.array(offsets), codes, out)
    expected = [naive.features(data, t, offsets, codes) for t in range(first, first + length)]
    np.testing.assert_array_equal(out, np.array(expected, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("inner", "neurons"), [(1, 1), (3, 4), (5, 2)])
def test_rectify__is_the_definition(inner, neurons, dtype):
    rng = np.random.default_rng(inner)
    rows, W, b = (rng.standard_normal(s).astype(dtype) for s in ((6, inner), (neurons, inner), (neurons,)))
    out = np.empty((6, neurons), dtype)
    rectify(rows, np.ascontiguousarray(W.T), b, out)
    expected = [naive.rectified(row.astype(float), W.astype(float), b.astype(float)) for row in rows]
    np.testing.assert_allclose(out, expected, atol=2e-6 if dtype == np.float32 else 2e-15)
    assert (out == 0).any() or neurons == 1
    assert (out > 0).any()
