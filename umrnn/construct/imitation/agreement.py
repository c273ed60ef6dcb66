"""How well an estimate meets the weights: over all of them, over the large ones, and by chance."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous
from umrnn.construct.kernels import hebbian as kernels
from umrnn.nulls import Null
from umrnn.parallel import map_ordered
from umrnn.statistics import correlation_of_sums, spearman

__all__ = ["Agreement", "SelectedWeights", "agreements", "correlation", "correlations", "relabelled"]

Wide = NDArray[np.float64]
Indices = NDArray[np.int64]
Places = tuple[Indices, Indices]


@dataclass(frozen=True)
class Agreement:
    """One estimate beside the selected weights of one array.

    ``shuffled_r`` and ``scrambled_r`` are of other bytes and of other weights, see
    :meth:`umrnn.construct.imitation.comparison.Predictors.beside`; ``null_…`` are means over relabelled neurons, of
    |r| and of the sign accuracy; ``held_out_…`` are of the estimate from the second half of the states.
    """

    array: str
    estimate: str
    weights: str
    count: int
    r: float
    shuffled_r: float | None
    scrambled_r: float | None
    null_r: float | None
    p_value: float | None
    held_out_r: float
    split_half_r: float
    rank_r: float
    sign_accuracy: float
    null_sign_accuracy: float | None
    held_out_sign_accuracy: float


class SelectedWeights:
    """The weights of an array, those of the strictest selection first.

    Within a selection cells stay row by row, so that relabelled estimates are read from the caches.

    Parameters
    ----------
    weights : any array of a network
    least : the least size of a selected weight, by the name of the selection
    rows, columns : those looked at, all if None
    """

    def __init__(
        self,
        weights: Wide,
        least: Mapping[str, float],
        *,
        rows: Indices | None = None,
        columns: Indices | None = None,
    ) -> None:
        table = _table(weights)
        sides = (np.arange(size) if one is None else one for one, size in zip((rows, columns), table.shape))
        i, j = (side.ravel() for side in np.meshgrid(*sides, indexing="ij"))
        strict = sorted(least.values(), reverse=True)
        passed = len(strict) - np.searchsorted(strict[::-1], np.abs(table[i, j]), side="right")
        order = np.argsort(passed.astype(np.uint8), kind="stable")
        self.shape = table.shape
        self.cells = contiguous(np.stack([i[order], j[order]], axis=1), np.int32)
        self.weights: Wide = contiguous(table[i[order], j[order]])
        self.counts = {name: int((passed <= strict.index(size)).sum()) for name, size in least.items()}
        self._ends = contiguous(sorted(self.counts.values()), np.int64)

    def of(self, estimate: Wide, count: int) -> Wide:
        """The estimates of the largest ``count`` weights."""
        i, j = self.cells[:count].T
        values: Wide = _table(estimate)[i, j]
        return values

    def sums(self, estimate: Wide, places: Places | None = None) -> Wide:
        """Sums of the kernel for each selection, (K, 8); ``places`` gives rows and columns other names."""
        rows, columns = places or (np.arange(self.shape[0]), np.arange(self.shape[1]))
        out = np.empty((len(self._ends), kernels.SUMS))
        kernels.add_matches(self.weights, self.cells, _table(estimate), rows, columns, self._ends, out)
        chosen = np.searchsorted(self._ends, list(self.counts.values()))
        return np.asarray(out.cumsum(axis=0)[chosen])


def relabelled(array: str, shape: tuple[int, ...], generator: np.random.Generator) -> Places:
    """Rows and columns of an array of a network whose neurons are called by other names; bytes keep theirs.

    Examples
    --------
    >>> [part.tolist() for part in relabelled("W_y", (2, 1), np.random.default_rng(0))]
    [[0, 1], [0]]
    """
    rows, columns = np.arange(shape[0]), np.arange(shape[1] if len(shape) > 1 else 1)
    if array == "W_h":
        rows = columns = generator.permutation(len(rows))
    elif array in ("W_x", "b_h"):
        rows = generator.permutation(len(rows))
    elif array == "W_y":
        columns = generator.permutation(len(columns))
    return rows, columns


def agreements(
    named: tuple[str, str],
    cells: SelectedWeights,
    estimates: Sequence[Wide],
    null: Null,
    executor: Executor | None = None,
) -> list[Agreement]:
    """A record per selection of ``cells``.

    Parameters
    ----------
    named : the array and the estimate
    estimates : of the whole corpus, of its first and of its second half, each in the shape of the array
    null : how many times neurons are relabelled
    """
    whole, late = cells.sums(estimates[0]), cells.sums(estimates[2])

    def drawn(number: int) -> Wide:
        return cells.sums(estimates[0], relabelled(named[0], estimates[0].shape, null.generator(number)))

    draws = np.array(list(map_ordered(drawn, range(null.permutations), executor))).reshape(-1, *whole.shape)
    (r, late_r, chance), (signs, late_signs, chance_signs) = (
        [figures(sums) for sums in (whole, late, draws)] for figures in (correlations, _accuracies)
    )
    rows = []
    for k, (name, count) in enumerate(cells.counts.items()):
        weights, (first, second) = cells.weights[:count], (cells.of(part, count) for part in estimates[1:])
        simulated = np.abs(chance[:, k])
        known = bool(len(draws)) and not np.isnan([r[k], *simulated]).any()
        rows.append(
            Agreement(
                *named,
                name,
                count,
                r=float(r[k]),
                shuffled_r=None,
                scrambled_r=None,
                null_r=float(simulated.mean()) if known else None,
                p_value=Null.p_value(abs(r[k]), simulated.tolist()) if known else None,
                held_out_r=float(late_r[k]),
                split_half_r=correlation(first, second),
                rank_r=spearman(weights, cells.of(estimates[0], count)),
                sign_accuracy=float(signs[k]),
                null_sign_accuracy=float(chance_signs[:, k].mean()) if len(draws) else None,
                held_out_sign_accuracy=float(late_signs[k]),
            )
        )
    return rows


def correlation(a: Wide, b: Wide) -> float:
    """Pearson's correlation of two arrays of one shape; NaN where either does not vary.

    Examples
    --------
    >>> correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    1.0
    """
    x, y = a.ravel(), b.ravel()
    return float(correlations(np.array([len(x), x.sum(), x @ x, y.sum(), y @ y, x @ y], np.float64)))


def correlations(sums: Wide) -> Wide:
    """Correlation of w and e from sums of 1, w, w², e, e², w e along the last axis; NaN where either is constant."""
    return correlation_of_sums(*np.moveaxis(sums[..., :6], -1, 0))


def _accuracies(sums: Wide) -> Wide:
    """Share of the weights and estimates other than 0 that have one sign; NaN where there are none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., kernels.SAME_SIGN] / sums[..., kernels.MEETING])


def _table(array: Wide) -> Wide:
    return np.ascontiguousarray(array.reshape(len(array), -1))
