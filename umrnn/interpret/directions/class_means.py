"""Mean states by the value of a feature: how far apart, along which components, and what W_h makes of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from umrnn.interpret.directions.feature_values import FeatureValues
from umrnn.interpret.directions.vectors import Vector
from umrnn.result import Table

__all__ = ["ClassMeans", "distance"]

_SHOWN, _COMPONENTS = 16, 3
_LISTED = 64


@dataclass(frozen=True, eq=False)
class ClassMeans:
    """E[h | f = value] of each value of a feature.

    Parameters
    ----------
    feature : with C classes
    rows : shape (C, H), the means
    components : shape (q, H), q <= 3, orthonormal: principal components of the means of the 16 smallest values, which
        count alike however many positions they have
    shares : shape (q,), of the sum of squares of these means about their mean
    """

    feature: FeatureValues
    rows: NDArray[np.float64]
    components: NDArray[np.float64]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, feature: FeatureValues, sums: NDArray[np.float64]) -> "ClassMeans":
        """From the sums of states by class, shape (C, H)."""
        rows = sums / feature.counts[:, np.newaxis]
        shown = rows[:_SHOWN]
        _, sizes, vectors = np.linalg.svd(shown - shown.mean(axis=0), full_matrices=False)
        rank = min(_COMPONENTS, int(np.count_nonzero(sizes > 1e-9 * np.linalg.norm(shown))))
        # The sense of a component is the solver's; the largest entry is made positive.
        components = vectors[:rank] * np.sign(np.take_along_axis(v := vectors[:rank], _largest(v), axis=1))
        return cls(feature, rows, components, np.square(sizes[:rank]) / max(float(sizes @ sizes), 1e-300))

    def along(self, frames: NDArray[np.float64]) -> NDArray[np.float64]:
        """Components of the means along ``frames`` (R, q, H), shape (C, R, q)."""
        components: NDArray[np.float64] = np.einsum("ch,rqh->crq", self.rows, frames)
        return components

    def table(self, direction: Vector, scatter: float) -> Table:
        """A row per value, the 64 smallest: its distance from the smallest value, and what chance makes of that."""
        columns = ("value", "count", "distance", "chance_distance", "along_direction", "pc_1", "pc_2", "pc_3")
        counts, rows = self.feature.counts, []
        for number in range(min(len(counts), _LISTED)):
            apart = self.rows[number] - self.rows[0]
            chance = sqrt(scatter * (1 / counts[number] + 1 / counts[0])) if number else 0.0
            along = [float(c @ self.rows[number]) for c in self.components]
            along += [nan] * (_COMPONENTS - len(along))
            rows.append(
                (
                    float(self.feature.classes[number]),
                    int(counts[number]),
                    float(np.linalg.norm(apart)),
                    chance,
                    float(self.rows[number] @ direction),
                    *along,
                )
            )
        return Table.of(columns, rows)

    def farthest(self) -> tuple[float, float]:
        """Largest distance of a mean from that of the smallest value, among the 16 smallest; and the value it is of."""
        apart = np.linalg.norm(self.rows[:_SHOWN] - self.rows[0], axis=1)
        return float(apart.max()), float(self.feature.classes[int(apart.argmax())])

    def propagation(self, W_h: NDArray[np.float64]) -> Sequence[tuple[float, float, float, float]]:
        """Of each component v: ||W_h v||, cos(W_h v, v), ||W_h^8 v||, and the part of ||W_h v|| in the components."""
        out = []
        for v in self.components:
            moved = W_h @ v
            far, norm = v, float(np.linalg.norm(moved))
            for _ in range(8):
                far = W_h @ far
            inside = float(np.linalg.norm(self.components @ moved))
            shares = (float(moved @ v) / norm, inside / norm) if norm else (nan, nan)
            out.append((norm, shares[0], float(np.linalg.norm(far)), shares[1]))
        return out


def distance(count: int, part: Vector, total_count: int, total: Vector, scatter: float) -> tuple[float, float]:
    """Distance of the mean of some states from that of the others, and its root mean square if drawn at random."""
    others = total_count - count
    if not count or not others:
        return nan, nan
    apart = np.linalg.norm(part / count - (total - part) / others)
    return float(apart), sqrt(scatter * (1 / count + 1 / others))


def _largest(rows: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.abs(rows).argmax(axis=1)[:, np.newaxis])
