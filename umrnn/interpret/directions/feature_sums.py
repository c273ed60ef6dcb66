"""Sums over the states of a run from which directions follow along which a feature of the text can be read.

    covariance   d ~ sum over t of (h_t - mean h) (f_t - mean f)
    regression   d ~ C^+ times the same, where C is the covariance of the states: the least-squares fit of f by h

Both are fitted from sums over positions, so a long corpus needs no more memory than a short one.
"""

from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.interpret.directions.feature_values import FeatureValues, feature_column, feature_names
from umrnn.interpret.directions.vectors import Vector
from umrnn.nulls import Null, Split
from umrnn.progress import Work
from umrnn.rnn.kernels.moments import add_by_class
from umrnn.rnn.trace import LARGEST_ARRAY, trace
from umrnn.rnn.weights import Elman
from umrnn.statistics import correlation_of_moments

__all__ = ["FeatureSums", "Sums"]


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over positions that means, covariances and correlations follow from; K features, V = 256.

    Parameters
    ----------
    count : positions
    h : shape (H,), of states
    squares : shape (H, H), of h h'
    products : shape (K, H), of each feature times h
    features : shape (2, K), of each feature and of its square
    """

    count: int
    h: Vector
    squares: NDArray[np.float64]
    products: NDArray[np.float64]
    features: NDArray[np.float64]
    _known: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def none(cls, hidden: int, features: int) -> "Sums":
        """Sums over no position."""
        shapes = ((hidden,), (hidden, hidden), (features, hidden), (2, features))
        return cls(0, *(np.zeros(shape) for shape in shapes))

    def plus(self, states: NDArray[Any], features: NDArray[np.float64]) -> "Sums":
        """With the positions of ``states`` (m, H) and ``features`` (K, m) added, in place but for the count."""
        wide = states.astype(np.float64)
        self.h[:] += wide.sum(axis=0)
        self.squares[:] += wide.T @ wide
        self.products[:] += features @ wide
        self.features[:] += (features.sum(axis=1), np.square(features).sum(axis=1))
        return Sums(self.count + len(states), self.h, self.squares, self.products, self.features)

    def joined(self, other: "Sums") -> "Sums":
        """Over the positions of both."""
        pairs = zip(
            (self.h, self.squares, self.products, self.features),
            (other.h, other.squares, other.products, other.features),
        )
        return Sums(self.count + other.count, *(a + b for a, b in pairs))

    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the states, shape (H, H)."""
        mean = self.h / self.count
        spread: NDArray[np.float64] = self.squares / self.count - np.outer(mean, mean)
        return spread

    def with_features(self) -> NDArray[np.float64]:
        """Covariance of each feature with each neuron, shape (K, H)."""
        both: NDArray[np.float64] = (
            self.products / self.count - np.outer(self.features[0], self.h) / float(self.count) ** 2
        )
        return both

    def regression(self) -> NDArray[np.float64]:
        """Least-squares weights of each feature on the states, the shortest where several fit equally, shape (K, H)."""
        values, vectors, rank = self._eigen()
        kept = vectors[:, len(values) - rank :]
        return (self.with_features() @ kept / values[len(values) - rank :]) @ kept.T

    def rank(self) -> int:
        """Directions in which the states vary, by their covariance."""
        return self._eigen()[2]

    def _eigen(self) -> tuple[Vector, NDArray[np.float64], int]:
        """Eigenvalues, ascending, and eigenvectors of the covariance of the states; how many are not rounding."""
        if "eigen" not in self._known:
            values, vectors = np.linalg.eigh(self.covariance())
            scale = float(np.trace(self.squares)) / self.count
            limit = max(len(values), self.count) * np.finfo(np.float64).eps * scale
            self._known["eigen"] = (values, vectors, int(np.count_nonzero(values > limit)))
        found: tuple[Vector, NDArray[np.float64], int] = self._known["eigen"]
        return found

    def correlations(self, directions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Correlation of feature k with h . directions[k], shape (K,); NaN where either does not vary."""
        if self.count < 2:
            return np.full(len(directions), nan)
        moved = directions @ self.squares
        square = np.einsum("kh,kh->k", moved, directions) / self.count
        spread = square - np.square(directions @ self.h / self.count)
        mean, raw = self.features / self.count
        variance = raw - mean**2
        together = np.einsum("kh,kh->k", self.with_features(), directions)
        return correlation_of_moments(together, (spread, square), (variance, raw))

    def correlation(self, direction: Vector, feature: int = 0) -> float:
        """Correlation of one feature with h . direction."""
        one = Sums(self.count, self.h, self.squares, self.products[feature : feature + 1], self.features[:, [feature]])
        return float(one.correlations(direction[np.newaxis])[0])

    def neurons(self) -> NDArray[np.float64]:
        """Correlation of each feature with each neuron, shape (K, H); NaN where either does not vary."""
        mean, raw = self.features[..., np.newaxis] / self.count
        own = np.diagonal(self.covariance()), np.diagonal(self.squares) / self.count
        return correlation_of_moments(self.with_features(), (raw - mean**2, raw), own)


@dataclass(frozen=True, eq=False)
class FeatureSums:
    """One pass over a corpus: sums over the two halves, by class of a feature, and by what was read.

    Features are in this order: the chosen one, the others of ``feature_names``, then the chosen one shuffled.
    """

    halves: tuple[Sums, Sums]
    by_class: NDArray[np.float64]  # (C, H)
    after_space: tuple[int, Vector]  # count and sum of states whose byte before is a space
    at_space: tuple[int, Vector]  # whose byte is a space
    others: tuple[str, ...]
    draws: int

    @classmethod
    def over(
        cls, model: Elman, corpus: Corpus, feature: FeatureValues, null: Null, *, work: Work = Work()
    ) -> "FeatureSums":
        """Run ``model`` over ``corpus`` and sum what the readings need."""
        others = tuple(name for name in feature_names() if name != feature.name.replace("_", "-"))
        compact = feature.values.astype(np.min_scalar_type(int(feature.values.max())))
        draws = min(null.permutations, LARGEST_ARRAY // compact.nbytes)
        shuffled = [null.generator(number).permutation(compact) for number in range(draws)]
        columns = [feature.values, *(feature_column(name, corpus) for name in others), *shuffled]
        halves, boundary = [Sums.none(model.hidden, len(columns)) for _ in range(2)], Split().boundary(len(corpus))
        by_class = np.zeros((len(feature.classes), model.hidden))
        at_space, after_space = corpus.data == ord(" "), np.append(False, corpus.data[:-1] == ord(" "))
        spaces = np.zeros((2, model.hidden))
        work.progress.start("means of states", len(corpus), "B")
        for block in trace(model, corpus):
            here = slice(block.start, block.start + len(block.h))
            add_by_class(block.h, feature.labels[here], by_class)
            spaces += np.array([after_space[here], at_space[here]], np.float64) @ block.h.astype(np.float64)
            middle = min(max(boundary - block.start, 0), len(block.h))
            for half, rows in enumerate((slice(0, middle), slice(middle, len(block.h)))):
                own = np.array([column[here][rows] for column in columns], np.float64)
                halves[half] = halves[half].plus(block.h[rows], own)
            work.progress.advance(len(block.h))
        work.progress.finish()
        counts = int(after_space.sum()), int(at_space.sum())
        return cls((halves[0], halves[1]), by_class, (counts[0], spaces[0]), (counts[1], spaces[1]), others, draws)
