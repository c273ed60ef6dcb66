"""A network over the symbols of an alphabet as one over bytes, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.alphabet import IMPOSSIBLE, Alphabet
from umrnn.rnn.weights import ALPHABET

__all__ = ["gathered", "spread"]

Arrays = Mapping[str, NDArray[Any]]


def spread(arrays: Arrays, alphabet: Alphabet) -> dict[str, NDArray[Any]]:
    """W_x (H, V), W_y (V, H), b_y (V,) over 256 bytes: of bytes that stand for no symbol W_x and W_y are 0."""
    codes = list(alphabet.codes)
    hidden, dtype = arrays["b_h"].shape[0], arrays["W_x"].dtype
    W_x, W_y = np.zeros((hidden, ALPHABET), dtype), np.zeros((ALPHABET, hidden), dtype)
    b_y = np.full(ALPHABET, IMPOSSIBLE, dtype)
    W_x[:, codes], W_y[codes], b_y[codes] = arrays["W_x"], arrays["W_y"], arrays["b_y"]
    return {"W_x": W_x, "W_h": arrays["W_h"], "b_h": arrays["b_h"], "W_y": W_y, "b_y": b_y}


def gathered(arrays: Arrays, alphabet: Alphabet | None) -> dict[str, NDArray[Any]]:
    """The inverse: the symbols alone, in the order of the network; None is all bytes."""
    if alphabet is None:
        return dict(arrays)
    codes = list(alphabet.codes)
    own = {"W_x": arrays["W_x"][:, codes], "W_y": arrays["W_y"][codes], "b_y": arrays["b_y"][codes]}
    return {**arrays, **own}
