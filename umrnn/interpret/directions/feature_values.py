"""Features of a text, one number per position: word length, tags, classes of characters and others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.um.features import FEATURES

__all__ = ["FeatureValues", "feature_column", "feature_names", "feature_values"]

_WORD_LENGTH = "word-length"
_CLASSES = 4096  # values of a feature that have means of their own; the larger ones share the last


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
    values = feature_column(name, corpus)
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


def feature_column(name: str, corpus: Corpus) -> NDArray[Any]:
    """The feature called ``name`` at every position of ``corpus``, shape (n,), integers.

    Raises
    ------
    InputError
        If there is no such feature.

    Examples
    --------
    >>> feature_column("in-tag", Corpus.from_bytes(b"a<b>c")).tolist()
    [0, 1, 1, 0, 0]
    """
    wanted = name.replace("_", "-")
    if wanted not in feature_names():
        raise InputError(f"feature must be one of {', '.join(feature_names())}, got {name!r}")
    found: Callable[[Corpus], NDArray[Any]] = (
        unbounded_word_length if wanted == _WORD_LENGTH else FEATURES[wanted.replace("-", "_")]
    )
    return found(corpus)
