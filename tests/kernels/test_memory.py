"""The spread between groups equals its definition."""

import numpy as np
import pytest

from tests.naive import memory as naive
from umrnn.interpret.kernels.memory import spread_between_groups


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("label", "stratum"), [([0], [0]), ([0, 1, 0, 2, 1], [0, 0, 0]), ([3, 1, 0, 2, 1, 3, 3], [0, 1, 0, 1])]
)
def test_spread__is_the_definition(label, stratum, dtype):
    label, stratum = np.array(label), np.array(stratum)
    p = np.random.default_rng(3).random((len(label), 4)).astype(dtype)
    size = np.bincount(label).astype(np.float64)
    means, centres, out = np.full((len(size), 4), 7.0), np.full((stratum.max() + 1, 4), 7.0), np.empty(1)
    spread_between_groups(p, label, size, stratum, means, centres, out)
    assert out[0] == pytest.approx(naive.spread(p, label, stratum[label]), rel=1e-12, abs=1e-30)
    np.testing.assert_allclose(means[label[0]], p[label == label[0]].mean(axis=0, dtype=np.float64), rtol=1e-12)
