"""What chance gives a search: the same search on the states in another order."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from umrnn.interpret.factors.pair_search import PairSearch
from umrnn.nulls import Null
from umrnn.progress import Work

__all__ = ["best_by_chance", "rotations", "shuffles"]

_ORDER_BYTES = 1 << 26  # orders of the states that are searched together
_TOGETHER = 16


def shuffles(null: Null, first: int, stop: int) -> Iterator[NDArray[np.int32]]:
    """Each order of the rows ``[first, stop)`` a shuffle of its own, shape (stop - first,)."""
    rows = np.arange(first, stop, dtype=np.int32)
    return (null.generator(number).permutation(rows) for number in range(null.permutations))


def rotations(null: Null, first: int, stop: int) -> Iterator[NDArray[np.int32]]:
    """Orders that shift the rows ``[first, stop)`` in time, the end joined to the beginning, by a random distance.

    What follows what stays as it is; only the meeting of bytes and states is destroyed.
    """
    rows = np.arange(first, stop, dtype=np.int32)
    for number in range(null.permutations):
        yield np.roll(rows, int(null.generator(1 << 32, number).integers(1, max(2, len(rows)))))


def best_by_chance(
    search: PairSearch, orders: Iterator[NDArray[np.int32]], *, work: Work = Work()
) -> NDArray[np.float64]:
    """Largest R² of any pair for each order and neuron, shape (P, H): the whole search, repeated."""
    found = [np.empty((0, search.states.neurons))]
    together = max(1, min(_TOGETHER, _ORDER_BYTES // (4 * (search.stop - search.first))))
    while len(batch := [order for _, order in zip(range(together), orders)]):
        best = np.full((len(batch), search.states.neurons), np.nan)
        for scores in search.scores(np.stack(batch), work=work):
            best = np.fmax(best, scores.r2.max(axis=1))
        found.append(best)
    return np.concatenate(found)
