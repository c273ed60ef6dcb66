"""Statistics: against scipy and the definition, where something is constant, missing or alone."""

import numpy as np
import pytest
from scipy import stats

from umrnn.statistics import correlation_of_sums, mean_of_known, pearson, row_correlations, spearman


@pytest.mark.parametrize("count", [2, 3, 50])
def test_correlations__are_those_of_scipy(count):
    rng = np.random.default_rng(count)
    a, b = rng.integers(0, 9, count).astype(float) + np.arange(count), rng.standard_normal(count)
    assert pearson(a, b) == pytest.approx(stats.pearsonr(a, b).statistic)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)
    sums = (np.ones_like(a), a, a * a, b, b * b, a * b)
    assert correlation_of_sums(*(part.sum() for part in sums)) == pytest.approx(pearson(a, b))


@pytest.mark.parametrize(("a", "b"), [([], []), ([1.0], [2.0]), ([1.0, 1.0], [2.0, 3.0])])
def test_correlations__without_variation_are_missing(a, b):
    assert np.isnan(pearson(a, b))
    assert np.isnan(spearman(a, b))
    x, y = np.array(a), np.array(b)
    sums = (np.ones_like(x), x, x * x, y, y * y, x * y)
    assert np.isnan(correlation_of_sums(*(part.sum() for part in sums)))


def test_row_correlations__of_every_row_with_every_row():
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((3, 7)), rng.standard_normal((4, 7)) + 1e3
    a[1] = 0.1
    expected = [[stats.pearsonr(x, y).statistic if np.ptp(x) else np.nan for y in b] for x in a]
    np.testing.assert_allclose(row_correlations(a, b), expected, atol=1e-12)


def test_means__leave_out_what_is_missing():
    assert np.isnan(mean_of_known([]))
    assert np.isnan(mean_of_known([float("nan")]))
    assert mean_of_known(np.array([np.nan, 2.0, 4.0])) == 3
