"""Pruning: which weights of a trained network can go, by size or at random, and what is left to count."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import share_of
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["Pruning", "bits_from", "largest", "parameters_of"]

Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Pruning:
    """What is taken away: a share of W_h, all but some columns of W_y, the small weights of W_x.

    Parameters
    ----------
    drop : share of the entries of W_h set to 0, the smallest
    neurons : columns of W_y kept, those whose knock-out costs most; None keeps all
    below : entries of W_x smaller than this are set to 0
    """

    drop: float = 0.0
    neurons: int | None = None
    below: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.drop <= 1:
            raise InputError(f"drop must lie between 0 and 1, got {self.drop}")
        if self.neurons is not None and self.neurons < 0:
            raise InputError(f"neurons must be at least 0, got {self.neurons}")
        if not 0 <= self.below < np.inf:
            raise InputError(f"below must be a finite number of at least 0, got {self.below}")

    def __str__(self) -> str:
        parts = [f"{self.drop:.0%} of W_h dropped"] if self.drop else []
        parts += [f"{self.neurons} neurons read out"] if self.neurons is not None else []
        parts += [f"W_x below {self.below:g} dropped"] if self.below else []
        return ", ".join(parts) or "all weights"

    def marks(
        self, model: Elman, ranking: NDArray[np.int64], generator: np.random.Generator | None
    ) -> dict[str, Marks]:
        """Which entries are kept, by array; with a ``generator`` as many of each at random."""
        columns = np.zeros(model.hidden, bool)
        columns[ranking[: self.neurons]] = True
        kept = {"W_x": abs(model.W_x) >= self.below, "W_h": largest(model.W_h, 1 - self.drop), "W_y": columns}
        if generator is not None:
            kept = {name: generator.permutation(marks.reshape(-1)).reshape(marks.shape) for name, marks in kept.items()}
        return kept

    def applied(
        self, model: Elman, ranking: NDArray[np.int64], generator: np.random.Generator | None = None
    ) -> tuple[Elman, dict[str, int]]:
        """The network that is left, and how many entries of each array are kept.

        ``ranking`` lists the neurons, the most important first.
        """
        kept = self.marks(model, ranking, generator)
        W_x, W_h, W_y = (getattr(model, name) * marks for name, marks in kept.items())
        counts = {name: int(marks.sum()) for name, marks in kept.items()}
        counts["W_y"] *= len(model.b_y)
        return Elman(W_x, W_h, model.b_h, W_y, model.b_y), counts


def largest(array: Floats, share: float) -> Marks:
    """Marks of the ``share`` of entries largest in size; ties to the earlier entry.

    Examples
    --------
    >>> largest(np.array([[1.0, -3.0], [2.0, 2.0]]), 0.5).tolist()
    [[False, True], [True, False]]
    """
    marks = np.zeros(array.size, bool)
    marks[np.argsort(-abs(array).reshape(-1), kind="stable")[: share_of(array.size, share, nearest=True)]] = True
    return marks.reshape(array.shape)


def parameters_of(model: Elman, counts: dict[str, int]) -> int:
    """Numbers that must be stored: the entries kept, and both biases."""
    return sum(counts.values()) + model.hidden + len(model.b_y)


def bits_from(model: Elman, corpus: Corpus, first: int, before: Floats | None = None) -> float:
    """Mean bits of the bytes of ``corpus`` from index ``first`` on, read from the state ``before``."""
    total = 0.0
    with one_thread():
        for block in trace(model, corpus, before=before):
            total += float(block.bits[max(0, first - 1 - block.start) :].sum())
    return total / (len(corpus) - first)
