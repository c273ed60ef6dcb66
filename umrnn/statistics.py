"""Correlations, means of what is known, and discoveries controlled for how many were sought."""

from collections.abc import Iterable, Sequence
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "correlation_of_moments",
    "correlation_of_sums",
    "false_discovery_q",
    "mean_of_known",
    "pearson",
    "row_correlations",
    "spearman",
]

Floats = NDArray[np.float64]

_VANISHING = 1e-13  # variance beside the mean square that is left over by rounding


def pearson(a: Sequence[float] | Floats, b: Sequence[float] | Floats) -> float:
    """Pearson's correlation; NaN where either is constant, or has fewer than two values.

    Examples
    --------
    >>> pearson([1, 2, 3], [2, 4, 6]), pearson([1, 2], [5, 5])
    (1.0, nan)
    """
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if not len(x):
        return nan
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else nan


def spearman(a: Sequence[float] | Floats, b: Sequence[float] | Floats) -> float:
    """Spearman's correlation, of ranks, over cells where neither is NaN; NaN for fewer than two, or all equal.

    Examples
    --------
    >>> spearman([1.0, 2.0, 9.0, nan], [0.0, 1.0, 4.0, 5.0])
    1.0
    """
    from scipy.stats import rankdata

    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    known = ~(np.isnan(x) | np.isnan(y))
    return nan if known.sum() < 2 else pearson(rankdata(x[known]), rankdata(y[known]))


def correlation_of_sums(count: Floats, x: Floats, xx: Floats, y: Floats, yy: Floats, xy: Floats) -> Floats:
    """Pearson's correlation from sums of 1, x, x², y, y² and x y, cell by cell; NaN where either is constant.

    Examples
    --------
    >>> correlation_of_sums(*(np.array(total) for total in (3.0, 6.0, 14.0, 12.0, 56.0, 28.0))).round(9).tolist()
    1.0
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        x, xx, y, yy, xy = (total / count for total in (x, xx, y, yy, xy))
        return correlation_of_moments(xy - x * y, (xx - x * x, xx), (yy - y * y, yy))


def correlation_of_moments(covariance: Floats, x: tuple[Floats, Floats], y: tuple[Floats, Floats]) -> Floats:
    """Pearson's correlation from a covariance, and of each side its variance and its mean square, cell by cell.

    NaN where a variance is no more than what rounding leaves of the mean square.

    Examples
    --------
    >>> of_x, of_y = (np.array([4.0, 0.0]), np.array([5.0, 9.0])), (np.ones(2), np.ones(2))
    >>> correlation_of_moments(np.array([1.0, 0.0]), of_x, of_y).tolist()
    [0.5, nan]
    """
    vary = (x[0] > _VANISHING * x[1]) & (y[0] > _VANISHING * y[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(vary, np.clip(covariance / np.sqrt(x[0] * y[0]), -1, 1), nan))


def row_correlations(a: Floats, b: Floats) -> Floats:
    """Pearson's correlation of each row of ``a`` with each row of ``b``, shape (R, S); NaN where a row is constant.

    Examples
    --------
    >>> row_correlations(np.array([[1.0, 2.0], [3.0, 3.0]]), np.array([[5.0, 4.0]])).round(9).tolist()
    [[-1.0], [nan]]
    """
    return np.asarray(np.clip(_standard(a) @ _standard(b).T, -1, 1))


def _standard(rows: Floats) -> Floats:
    """Each row centred and of length 1; NaN where it is constant."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    vary = length > np.sqrt(_VANISHING) * np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = np.divide(centred, length, out=np.full_like(centred, nan), where=vary)
    return unit


def mean_of_known(values: Iterable[float]) -> float:
    """Mean of what is not NaN; NaN without any.

    Examples
    --------
    >>> mean_of_known([1.0, nan, 3.0])
    2.0
    """
    known = [value for value in values if not isnan(value)]
    return float(np.mean(known)) if known else nan


def false_discovery_q(p_values: Floats) -> Floats:
    """q-values of Benjamini and Hochberg: the least false discovery rate at which each is a discovery; NaN stays.

    q of the i-th smallest of n p-values is the least of p n / rank over ranks >= i.

    Examples
    --------
    >>> false_discovery_q(np.array([0.01, 0.04, 0.03])).round(6).tolist()
    [0.03, 0.04, 0.04]
    """
    q = np.full(len(p_values), nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    ranks = np.arange(1, len(order) + 1)
    q[order] = np.minimum.accumulate((p_values[order] * (len(order) / ranks))[::-1])[::-1]
    return np.asarray(np.minimum(q, 1.0))
