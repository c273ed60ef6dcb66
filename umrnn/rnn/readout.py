"""Readout: a softmax read-out of the bytes at fixed offsets. It has no state; with dynamics it would be an Elman.

    x_t = (codes[0][b_1], …, codes[D-1][b_D])          b_i = the byte at offset d_i; zero before the text begins
    y_t = x_t, or max(0, W_1 x_t + b_1)                P(next byte) = softmax(W_y y_t + b_y)

Offset 1 is the byte just read: offsets count back from the predicted byte.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous, integer
from umrnn.corpus import Corpus
from umrnn.errors import ModelError
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.features import gather, rectify
from umrnn.rnn.kernels.forward import bits_per_target
from umrnn.rnn.kernels.records import Floats, Parameters, allocate
from umrnn.rnn.weights import ALPHABET

__all__ = ["FARTHEST", "Readout", "byte_features"]

FARTHEST = 1 << 20  # largest offset
_BLOCK = 4096  # positions
_READ_OUT = 64  # positions whose logits stay in the second cache


def byte_features(corpus: Corpus, offsets: tuple[int, ...], codes: Floats, first: int, last: int) -> Floats:
    """Features x_t of the positions ``first`` … ``last - 1``, each after reading the byte of that index: (T, D K)."""
    out = np.empty((last - first, len(offsets) * codes.shape[2]), codes.dtype)
    gather(corpus.data, first, np.array(offsets, np.int64), codes, out)
    return out


@dataclass(frozen=True, eq=False, repr=False)
class Readout:
    """Weights of a read-out without dynamics, frozen; float32 or float64, all of one dtype.

    Parameters
    ----------
    offsets : D distinct offsets >= 1
    codes : shape (D, V, K), the features of each byte at each offset
    W_y : shape (V, F), or (V, M) with a hidden layer; F = D K
    b_y : shape (V,), V = 256
    W_1, b_1 : shapes (M, F) and (M,), the hidden layer of M rectified neurons; None for none

    Raises
    ------
    ModelError
        If shapes or dtypes disagree or a weight is not finite; the message names the array.

    Examples
    --------
    >>> import numpy as np
    >>> Readout((1,), np.ones((1, 256, 2)), np.zeros((256, 2)), np.zeros(256))
    Readout(offsets=(1,), features=2, neurons=0, dtype=float64)
    """

    offsets: tuple[int, ...]
    codes: Floats
    W_y: Floats
    b_y: Floats
    W_1: Floats | None = None
    b_1: Floats | None = None

    def __post_init__(self) -> None:
        offsets = tuple(integer("every offset", d, 1, FARTHEST) for d in self.offsets)
        if not offsets or len(set(offsets)) < len(offsets):
            raise ModelError(f"offsets must be distinct and at least one, got {offsets}")
        object.__setattr__(self, "offsets", offsets)
        codes = np.asarray(self.codes)
        if codes.ndim != 3 or codes.shape[:2] != (len(offsets), ALPHABET) or not codes.shape[2]:
            raise ModelError(f"codes must be ({len(offsets)}, {ALPHABET}, K) with K >= 1, got {codes.shape}")
        if codes.dtype not in (np.float32, np.float64):
            raise ModelError(f"codes must be float32 or float64, got {codes.dtype}")
        if (self.W_1 is None) != (self.b_1 is None):
            raise ModelError("W_1 and b_1 must be given together")
        neurons = 0 if self.b_1 is None else np.size(self.b_1)
        if self.b_1 is not None and not neurons:
            raise ModelError("b_1 must hold at least one neuron, got none")
        shapes = {"codes": codes.shape, "W_y": (ALPHABET, neurons or self.features), "b_y": (ALPHABET,)}
        if neurons:
            shapes |= {"W_1": (neurons, self.features), "b_1": (neurons,)}
        for name, shape in shapes.items():
            array = np.asarray(getattr(self, name))
            if array.shape != shape or array.dtype != codes.dtype:
                raise ModelError(f"{name} must be {shape} {codes.dtype}, got {array.shape} {array.dtype}")
            if not np.isfinite(array).all():
                raise ModelError(f"{name} must hold finite numbers only, got {int((~np.isfinite(array)).sum())} others")
            object.__setattr__(self, name, contiguous(array))

    def __repr__(self) -> str:
        return f"Readout(offsets={self.offsets}, features={self.features}, neurons={self.neurons}, dtype={self.dtype})"

    @property
    def features(self) -> int:
        """F = D K."""
        return len(self.offsets) * int(np.shape(self.codes)[2])

    @property
    def neurons(self) -> int:
        """M, the rectified neurons of the hidden layer; 0 without one."""
        return 0 if self.b_1 is None else len(self.b_1)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype all arrays share."""
        return self.codes.dtype

    def arrays(self) -> dict[str, Floats]:
        """The arrays there are, by name."""
        found = {name: getattr(self, name) for name in ("codes", "W_1", "b_1", "W_y", "b_y")}
        return {name: array for name, array in found.items() if array is not None}

    def facts(self) -> dict[str, Any]:
        """What a result says about its model."""
        return {
            "sha256": self.sha256,
            "offsets": list(self.offsets),
            "features": self.features,
            "neurons": self.neurons,
            "dtype": str(self.dtype),
        }

    @cached_property
    def sha256(self) -> str:
        """Hash of the offsets and of the arrays in the order codes, W_1, b_1, W_y, b_y, as 64 hexadecimal digits."""
        digest = hashlib.sha256(np.array(self.offsets, "<i8").tobytes())
        for array in self.arrays().values():
            digest.update(array.data)
        return digest.hexdigest()

    def rows(self, corpus: Corpus, first: int, last: int) -> Floats:
        """What W_y reads at the positions ``first`` … ``last - 1``: features, or the hidden layer, (T, F or M)."""
        inputs = byte_features(corpus, self.offsets, self.codes, first, last)
        if self.W_1 is None or self.b_1 is None:
            return inputs
        out = np.empty((last - first, self.neurons), self.dtype)
        with one_thread():
            rectify(inputs, np.ascontiguousarray(self.W_1.T), self.b_1, out)
        return out

    def surprises(self, corpus: Corpus) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Pairs of a position t and -log2 P(x_{t+1}), -log2 P(x_{t+2}), …: the whole corpus, block by block."""
        nothing = self.W_y[:0]
        weights = Parameters(nothing, nothing, self.W_y, self.b_y[:0], self.b_y)
        work = allocate(ALPHABET, self.W_y.shape[1], _READ_OUT, self.dtype)
        for first in range(0, len(corpus) - 1, _BLOCK):
            last = min(first + _BLOCK, len(corpus) - 1)
            bits = np.empty(last - first)
            rows = self.rows(corpus, first, last)
            with one_thread():
                bits_per_target(rows, corpus.data[first + 1 : last + 1], weights, work, bits)
            yield first, contiguous(bits)
