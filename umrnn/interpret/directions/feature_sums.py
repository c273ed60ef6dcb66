"""Directions of state space along which a feature of the text can be read, and how well.

    covariance   d ~ sum over t of (h_t - mean h) (f_t - mean f)
    regression   d ~ C^+ times the same, where C is the covariance of the states: the least-squares fit of f by h

Both are fitted from sums over positions, so a long corpus needs no more memory than a short one.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.kernels.intervene import add_by_class
from umrnn.nulls import Null, Split
from umrnn.progress import SILENT, Progress
from umrnn.rnn.trace import LARGEST_ARRAY, trace
from umrnn.rnn.weights import Elman
from umrnn.um.features import FEATURES

__all__ = ["FeatureValues", "Sums", "feature_names", "feature_values", "open_direction", "sum_states", "unit"]

Vector = NDArray[np.float64]  # (H,)

_WORD_LENGTH = "word-length"
_CLASSES = 4096  # values of a feature that have means of their own; the larger ones share the last
_VANISHING = 1e-13  # variance beside the mean square that is left over by rounding


def unbounded_word_length(corpus: Corpus) -> NDArray[np.int64]:
    """Bytes since the last space, newline or tab, the current one included, however many, shape (n,).

    Examples
    --------
    >>> unbounded_word_length(Corpus.from_bytes(b"to be")).tolist()
    [1, 2, 0, 1, 2]
    """
    places = np.arange(len(corpus))
    ends = np.isin(corpus.data, np.frombuffer(b" \n\t", np.uint8))
    return places - np.maximum.accumulate(np.where(ends, places, -1))


def feature_names() -> tuple[str, ...]:
    """Names that ``feature_values`` knows, as the command line spells them."""
    return (_WORD_LENGTH, *(name.replace("_", "-") for name in FEATURES))


@dataclass(frozen=True, eq=False)
class FeatureValues:
    """A feature of the text, one number per position.

    Parameters
    ----------
    name : as in ``feature_names``
    values : shape (n,), integers
    labels : shape (n,), int32, class of each position
    classes : shape (C,), the value of each class, ascending; of the last of 4,096, the mean of the values that share it
    counts : shape (C,), positions of each class
    """

    name: str
    values: NDArray[Any]
    labels: NDArray[np.int32]
    classes: NDArray[np.float64]
    counts: NDArray[np.int64]


def feature_values(name: str, corpus: Corpus) -> FeatureValues:
    """The feature called ``name``; hyphens and underscores are the same. ``word-length`` has no bound, ``word-len`` 15.

    Raises
    ------
    InputError
        If there is no such feature, or it is the same number everywhere, so that nothing can correlate with it.

    Examples
    --------
    >>> feature_values("in-tag", Corpus.from_bytes(b"a<b>c")).classes.tolist()
    [0.0, 1.0]
    """
    values = _function(name)(corpus)
    seen, labels, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(seen) < 2:
        raise InputError(
            f"feature {name} must vary, got {seen[0]} at each of the {len(corpus)} bytes: no correlation is defined",
            hint="name another --feature, or a longer corpus or range",
        )
    classes, last = seen[:_CLASSES].astype(np.float64), _CLASSES - 1
    if len(seen) > _CLASSES:
        classes[last] = float(seen[last:] @ counts[last:]) / float(counts[last:].sum())
        counts = np.append(counts[:last], counts[last:].sum())
    own: NDArray[np.int32] = np.minimum(labels.reshape(-1), last).astype(np.int32)
    return FeatureValues(name, values, own, classes, counts)


def _function(name: str) -> Callable[[Corpus], NDArray[Any]]:
    wanted = name.replace("_", "-")
    if wanted not in feature_names():
        raise InputError(f"feature must be one of {', '.join(feature_names())}, got {name!r}")
    return unbounded_word_length if wanted == _WORD_LENGTH else FEATURES[wanted.replace("-", "_")]


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
        values, vectors, rank = self._spectrum()
        kept = vectors[:, len(values) - rank :]
        return (self.with_features() @ kept / values[len(values) - rank :]) @ kept.T

    def rank(self) -> int:
        """Directions in which the states vary, by their covariance."""
        return self._spectrum()[2]

    def _spectrum(self) -> tuple[Vector, NDArray[np.float64], int]:
        """Eigenvalues, ascending, and eigenvectors of the covariance of the states; how many are not rounding."""
        if "spectrum" not in self._known:
            values, vectors = np.linalg.eigh(self.covariance())
            scale = float(np.trace(self.squares)) / self.count
            limit = max(len(values), self.count) * np.finfo(np.float64).eps * scale
            self._known["spectrum"] = (values, vectors, int(np.count_nonzero(values > limit)))
        found: tuple[Vector, NDArray[np.float64], int] = self._known["spectrum"]
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
        vary = (spread > _VANISHING * square) & (variance > _VANISHING * raw)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(vary, together / np.sqrt(spread * variance), nan)

    def correlation(self, direction: Vector, feature: int = 0) -> float:
        """Correlation of one feature with h . direction."""
        one = Sums(self.count, self.h, self.squares, self.products[feature : feature + 1], self.features[:, [feature]])
        return float(one.correlations(direction[np.newaxis])[0])

    def neurons(self) -> NDArray[np.float64]:
        """Correlation of each feature with each neuron, shape (K, H); NaN where either does not vary."""
        spread, square = np.diagonal(self.covariance()), np.diagonal(self.squares) / self.count
        mean, raw = self.features / self.count
        variance = raw - mean**2
        vary = np.outer(variance > _VANISHING * raw, spread > _VANISHING * square)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(vary, self.with_features() / np.sqrt(np.outer(variance, spread)), nan)


@dataclass(frozen=True, eq=False)
class StateSums:
    """One pass over a corpus: sums over the two halves, by class of a feature, and by what was read.

    Features are in this order: the chosen one, the others of ``feature_names``, then the chosen one shuffled.
    """

    halves: tuple[Sums, Sums]
    by_class: NDArray[np.float64]  # (C, H)
    after_space: tuple[int, Vector]  # count and sum of states whose byte before is a space
    at_space: tuple[int, Vector]  # whose byte is a space
    others: tuple[str, ...]
    draws: int


def sum_states(
    model: Elman, corpus: Corpus, feature: FeatureValues, null: Null, *, progress: Progress = SILENT
) -> StateSums:
    """Run ``model`` over ``corpus`` and sum what the readings need."""
    others = tuple(name for name in feature_names() if name != feature.name.replace("_", "-"))
    compact = feature.values.astype(np.min_scalar_type(int(feature.values.max())))
    draws = min(null.permutations, LARGEST_ARRAY // compact.nbytes)
    shuffled = [null.generator(number).permutation(compact) for number in range(draws)]
    columns = [feature.values, *(_function(name)(corpus) for name in others), *shuffled]
    halves, boundary = [Sums.none(model.hidden, len(columns)) for _ in range(2)], Split().boundary(len(corpus))
    by_class = np.zeros((len(feature.classes), model.hidden))
    at_space, after_space = corpus.data == ord(" "), np.append(False, corpus.data[:-1] == ord(" "))
    spaces = np.zeros((2, model.hidden))
    progress.start("means of states", len(corpus), "B")
    for block in trace(model, corpus):
        here = slice(block.start, block.start + len(block.h))
        add_by_class(block.h, feature.labels[here], by_class)
        spaces += np.array([after_space[here], at_space[here]], np.float64) @ block.h.astype(np.float64)
        middle = min(max(boundary - block.start, 0), len(block.h))
        for half, rows in enumerate((slice(0, middle), slice(middle, len(block.h)))):
            own = np.array([column[here][rows] for column in columns], np.float64)
            halves[half] = halves[half].plus(block.h[rows], own)
        progress.advance(len(block.h))
    progress.finish()
    counts = int(after_space.sum()), int(at_space.sum())
    return StateSums((halves[0], halves[1]), by_class, (counts[0], spaces[0]), (counts[1], spaces[1]), others, draws)


def unit(vector: ArrayLike, hidden: int, name: str = "direction") -> Vector:
    """``vector`` at length 1, float64.

    Raises
    ------
    InputError
        If it has not shape (H,), is not finite or has no length.

    Examples
    --------
    >>> unit([3, 4], 2).tolist()
    [0.6, 0.8]
    """
    array = np.asarray(vector)
    if array.shape != (hidden,) or array.dtype.kind not in "fiu":
        raise InputError(f"{name} must be {hidden} numbers, got {array.dtype} of shape {array.shape}")
    wide = array.astype(np.float64)
    if not np.isfinite(wide).all():
        raise InputError(f"{name} must be finite, got {wide[~np.isfinite(wide)][0]}")
    largest = float(np.abs(wide).max())
    if largest == 0:
        raise InputError(f"{name} must not be zero in all {hidden} neurons: it points nowhere")
    wide /= largest  # or the squares of small numbers would vanish
    return wide / sqrt(float(wide @ wide))


def open_direction(path: str | os.PathLike[str], hidden: int) -> Vector:
    """The direction in the ``.npy`` file at ``path``, at length 1; errors as in :func:`unit`."""
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", hint="check the path given as --direction") from None
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror or 'it ends too early'}") from None
    except (ValueError, EOFError):  # numpy's own words recommend loading pickles
        raise InputError(f"{path} must be a .npy array of {hidden} numbers, and cannot be read as one") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} holds several arrays: a direction is one .npy array of shape ({hidden},)")
    return unit(array, hidden, f"the direction in {path}")
