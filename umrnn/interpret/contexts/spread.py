"""Spread of predictions between groups of contexts, beside that between groups drawn at random."""

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from umrnn.interpret.kernels.memory import spread_between_groups
from umrnn.nulls import Null

__all__ = ["Spread", "group_spread"]

_SMALLEST = 5  # contexts of a group
_FEWEST, _ENOUGH = 199, 20  # draws; those that reach the variance found
_NEGLIGIBLE = 1e-8  # share of all variance
_ROUNDING = 1e-28  # squared distances between probabilities that are rounding alone


@dataclass(frozen=True)
class Spread:
    """Groups, variance between them, its mean under shuffled labels, and the p-value; NaN where there are no two."""

    groups: int
    variance: float
    null_variance: float
    p_value: float


def group_spread(
    p: NDArray[np.float64], label: NDArray[np.uint8], stratum: NDArray[np.uint8], null: Null, *index: int
) -> Spread:
    """Mean over groups of |group mean - mean of the group means of its stratum|²; a group has one label and stratum.

    Groups of fewer than five rows, and those alone in their stratum, are left out. Chance shuffles the labels of the
    rows that remain within each stratum, which keeps the sizes of the groups. Draws end before ``null.permutations``
    when there were 199 and 20 of them reached the variance found: the p-value will not become small (Besag & Clifford,
    Biometrika 78, 1991).

    Parameters
    ----------
    p : shape (N, V), a prediction per row
    label, stratum : shape (N,)
    index : number of the random stream of ``null``

    Examples
    --------
    >>> p = np.repeat(np.eye(2), 5, axis=0)
    >>> group_spread(p, np.repeat(np.array([7, 8], np.uint8), 5), np.zeros(10, np.uint8), Null(99)).variance
    0.5
    """
    key, group, size = np.unique(stratum.astype(np.int64) * 256 + label, return_inverse=True, return_counts=True)
    large = size >= _SMALLEST
    in_stratum = np.bincount(key[large] // 256, minlength=256)
    good = large & (in_stratum[key // 256] > 1)
    if not good.any():
        return Spread(0, nan, nan, nan)
    rows = np.flatnonzero(good[group])
    rows = rows[np.argsort(key[group[rows]], kind="stable")]  # by stratum, then label
    renumbered = np.cumsum(good) - 1
    groups, sizes = renumbered[group[rows]], size[good].astype(np.float64)
    _, strata = np.unique(key[good] // 256, return_inverse=True)
    of_row, shuffled = strata[groups], _Chosen(_varying(p[rows]), sizes, strata)
    found, generator = _Chosen(p[rows], sizes, strata).variance(groups), null.generator(*index)
    reached, drawn = shuffled.variance(groups) * (1 - 1e-9) - _ROUNDING, np.empty(null.permutations)
    draws = exceeding = 0
    while draws < null.permutations and (draws < _FEWEST or exceeding < _ENOUGH):
        drawn[draws] = shuffled.variance(groups[np.argsort(of_row + generator.random(len(rows)))])
        exceeding += int(drawn[draws] >= reached)
        draws += 1
    if not draws:
        return Spread(len(sizes), found, nan, nan)
    return Spread(len(sizes), found, float(drawn[:draws].mean()), (1 + exceeding) / (1 + draws))


class _Chosen:
    """Rows p (N, V) in groups of ``sizes`` (G,), which lie in ``strata`` (G,)."""

    def __init__(self, p: NDArray[np.float64], sizes: NDArray[np.float64], strata: NDArray[np.int64]) -> None:
        self._arrays = np.ascontiguousarray(p), sizes, strata
        self._room = np.empty((len(sizes), p.shape[1])), np.empty((int(strata.max()) + 1, p.shape[1])), np.empty(1)

    def variance(self, labels: NDArray[np.int64]) -> float:
        """Between the groups that ``labels`` (N,) make of the rows."""
        p, sizes, strata = self._arrays
        spread_between_groups(p, labels, sizes, strata, *self._room)
        return float(self._room[-1][0])


def _varying(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns that hold 1e-8 of the variance or more: most bytes are never predicted, and shuffles are many."""
    variance = p.var(axis=0)
    return p[:, variance >= _NEGLIGIBLE * variance.sum()]
