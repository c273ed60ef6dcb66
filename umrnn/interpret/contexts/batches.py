"""Many short contexts at once: states and predictions of a network that starts each of them from h = 0."""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.weights import Elman

__all__ = ["Contexts", "divergence", "other_seen"]

_ROWS = 256  # states whose logits are held at once


class Contexts:
    """Runs of ``model`` on rows of bytes; products of matrices over all rows at once.

    The caller holds BLAS at one thread: figures then depend neither on threads nor on who else is running.
    """

    def __init__(self, model: Elman) -> None:
        self._model = model
        self._inputs = np.ascontiguousarray(model.W_x.T) + model.b_h  # (V, H)

    def step(self, h: Floats, x: NDArray[np.uint8]) -> Floats:
        """States (N, H) after each reads its byte of ``x`` (N,)."""
        z = h @ self._model.W_h.T
        z += self._inputs[x]
        return np.tanh(z, out=z)

    def run(
        self, rows: NDArray[np.uint8], kept: Collection[int] = (), few: Any = None
    ) -> tuple[Floats, dict[int, Any]]:
        """States (N, H) after all bytes of ``rows`` (N, L).

        Also, for each k in ``kept``, the states of the rows ``few`` before byte L - k.
        """
        h, before = np.zeros((len(rows), self._model.hidden), self._model.dtype), {}
        for s in range(rows.shape[1]):
            if rows.shape[1] - s in kept:
                before[rows.shape[1] - s] = h[few].copy()
            h = self.step(h, rows[:, s])
        return h, before

    def predictions(self, h: Floats) -> NDArray[np.float64]:
        """Softmax(W_y h + b_y), shape (N, V) float64."""
        out = np.empty((len(h), len(self._model.b_y)))
        for first in range(0, len(h), _ROWS):
            part = out[first : first + _ROWS]
            part[:] = h[first : first + _ROWS] @ self._model.W_y.T + self._model.b_y
            part -= part.max(axis=1, keepdims=True)
            np.exp(part, out=part)
            part /= part.sum(axis=1, keepdims=True)
        return out


def divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """KL(p || q) of each row in bits, shape (N,); probabilities below 1e-300 count as that.

    Examples
    --------
    >>> divergence(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])).tolist()
    [1.0]
    """
    logs = np.log2(np.maximum(p, 1e-300)) - np.log2(np.maximum(q, 1e-300))
    total: NDArray[np.float64] = np.maximum((p * logs).sum(axis=1), 0.0)
    return total


def other_seen(
    x: NDArray[np.uint8], seen: NDArray[np.uint8], generator: np.random.Generator
) -> NDArray[np.uint8] | None:
    """For each byte of ``x`` another of ``seen`` (ascending), all equally likely; None where there is only one.

    Examples
    --------
    >>> other_seen(np.array([4, 9], np.uint8), np.array([4, 9], np.uint8), np.random.default_rng(0)).tolist()
    [9, 4]
    """
    if len(seen) < 2:
        return None
    further = generator.integers(1, len(seen), len(x))
    other: NDArray[np.uint8] = seen[(np.searchsorted(seen, x) + further) % len(seen)]
    return other
