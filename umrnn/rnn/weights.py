"""Elman: the five arrays of a byte-level tanh network.

    h_t = tanh(W_x[:, x_t] + W_h h_{t-1} + b_h)          h_{-1} = 0
    P(x_{t+1} | x_0 … x_t) = softmax(W_y h_t + b_y)

h_t is the state *after* reading x_t. W_h[i, j] connects neuron j at t-1 to neuron i at t.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous
from umrnn.corpus import ALPHABET
from umrnn.errors import ModelError

__all__ = ["ALPHABET", "Elman"]

_FIELDS = ("W_x", "W_h", "b_h", "W_y", "b_y")

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Elman:
    """Weights of an Elman network, frozen; float32 or float64, all five of one dtype.

    Parameters
    ----------
    W_x : shape (H, V), input weights; column x is what byte x adds to the pre-activation
    W_h : shape (H, H), recurrent weights
    b_h : shape (H,), hidden bias
    W_y : shape (V, H), read-out weights; row y is the read-out of byte y
    b_y : shape (V,), output bias
        H is the number of hidden neurons, V = 256.

    Raises
    ------
    ModelError
        If shapes or dtypes disagree or a weight is not finite; the message names the array.

    Examples
    --------
    >>> import numpy as np
    >>> Elman.zeros(hidden=4)
    Elman(hidden=4, dtype=float32, parameters=2324)
    """

    W_x: Floats
    W_h: Floats
    b_h: Floats
    W_y: Floats
    b_y: Floats

    def __post_init__(self) -> None:
        hidden = np.shape(self.b_h)[0] if np.ndim(self.b_h) == 1 else 0
        if hidden < 1:
            raise ModelError(f"b_h must have shape (H,) with H >= 1, got {np.shape(self.b_h)}")
        dtype = np.asarray(self.W_x).dtype
        if dtype not in (np.float32, np.float64):
            raise ModelError(f"W_x must be float32 or float64, got {dtype}")
        shapes = ((hidden, ALPHABET), (hidden, hidden), (hidden,), (ALPHABET, hidden), (ALPHABET,))
        for name, shape in zip(_FIELDS, shapes):
            array = np.asarray(getattr(self, name))
            if array.shape != shape or array.dtype != dtype:
                raise ModelError(f"{name} must be {shape} {dtype}, got {array.shape} {array.dtype}")
            if not np.isfinite(array).all():
                raise ModelError(f"{name} must hold finite numbers only, got {int((~np.isfinite(array)).sum())} others")
            object.__setattr__(self, name, contiguous(array))

    def __repr__(self) -> str:
        count = sum(array.size for array in self.arrays().values())
        return f"Elman(hidden={self.hidden}, dtype={self.dtype}, parameters={count})"

    @classmethod
    def zeros(cls, hidden: int, dtype: Any = np.float32) -> "Elman":
        """All weights zero: predicts every byte with 1/256, 8 bits per byte."""
        return cls(
            np.zeros((hidden, ALPHABET), dtype),
            np.zeros((hidden, hidden), dtype),
            np.zeros(hidden, dtype),
            np.zeros((ALPHABET, hidden), dtype),
            np.zeros(ALPHABET, dtype),
        )

    @property
    def hidden(self) -> int:
        """H, the number of hidden neurons."""
        return len(self.b_h)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype all five arrays share."""
        return self.W_x.dtype

    def arrays(self) -> dict[str, Floats]:
        """The five arrays by name, in the order of the published layout."""
        return {name: getattr(self, name) for name in _FIELDS}

    def astype(self, dtype: Any) -> "Elman":
        """The same network with every weight rounded to ``dtype``.

        Raises
        ------
        ModelError
            If a weight is beyond its range.
        """
        with np.errstate(over="ignore", under="ignore"):
            cast = {name: array.astype(dtype) for name, array in self.arrays().items()}
        for name, array in cast.items():
            if beyond := int(np.isinf(array).sum()):
                largest = np.finfo(array.dtype).max
                raise ModelError(
                    f"{name} holds numbers that {array.dtype} cannot: {beyond} beyond {largest:.4g} in size"
                )
        return Elman(**cast)

    def facts(self) -> dict[str, Any]:
        """What a result says about its model."""
        return {"sha256": self.sha256, "hidden": self.hidden, "dtype": str(self.dtype)}

    @cached_property
    def sha256(self) -> str:
        """Hash of the weights in the order W_x, W_h, b_h, W_y, b_y, as 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for array in self.arrays().values():
            digest.update(array.data)
        return digest.hexdigest()
