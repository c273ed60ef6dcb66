"""The read-out alone: what a network predicts from states that are given, not run."""

import numpy as np
from numpy.typing import NDArray

from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.forward import bits_per_target
from umrnn.rnn.kernels.records import Floats, allocate
from umrnn.rnn.layout import parameters
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["OutputLayer"]

_BLOCK = 64  # positions whose logits stay in the second cache


class OutputLayer:
    """softmax(W_y h + b_y) of any states; one object serves one thread.

    Parameters
    ----------
    model : the network whose W_y and b_y are used; states are taken in its dtype.

    Examples
    --------
    >>> OutputLayer(Elman.zeros(hidden=2)).bits(np.zeros((3, 2), np.float32), np.zeros(3, np.uint8)).tolist()
    [8.0, 8.0, 8.0]
    """

    def __init__(self, model: Elman) -> None:
        self._model = model
        self._weights = parameters(model)
        self._work = allocate(ALPHABET, model.hidden, _BLOCK, model.dtype)

    def bits(self, states: Floats, targets: NDArray[np.uint8]) -> NDArray[np.float64]:
        """-log2 p(targets[t] | states[t]), shape (m,); states (m, H), targets (m,) uint8."""
        bits = np.empty(len(targets))
        with one_thread():
            rows = np.ascontiguousarray(states[: len(targets)], self._model.dtype)
            bits_per_target(rows, targets, self._weights, self._work, bits)
        return bits

    def logits(self, states: Floats) -> Floats:
        """W_y h + b_y, shape (m, V), in the dtype of the model; the caller bounds m."""
        with one_thread():
            out: Floats = np.asarray(states, self._model.dtype) @ self._model.W_y.T + self._model.b_y
        return out

    def top_bytes(self, states: Floats) -> NDArray[np.uint8]:
        """The likeliest next byte of each state, the smaller one among equals, shape (m,) uint8."""
        blocks = (self.logits(states[i : i + 4096]).argmax(axis=1) for i in range(0, len(states), 4096))
        return np.concatenate([np.empty(0, np.int64), *blocks]).astype(np.uint8)
