"""What the network kernels pass around. V = alphabet, H = hidden neurons, T = longest chunk.

numba takes a named tuple of arrays as one argument, so a kernel says ``weights.W_h`` as the formulas do.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Adam", "Bytes", "Floats", "Moments", "Parameters", "Workspace", "allocate", "parameter_count", "views"]

Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]

_ALIGNMENT = 64  # bytes: rows of W_h that straddle cache lines cost 5 % of a training step


class Parameters(NamedTuple):
    """The five arrays of a network, or of a gradient, in the layout that training likes."""

    W_x: Floats  # (V, H): row x is what byte x adds; the transpose of the W_x of an Elman
    W_h: Floats  # (H, H)
    W_y: Floats  # (V, H)
    b_h: Floats  # (H,)
    b_y: Floats  # (V,)


class Workspace(NamedTuple):
    """Room for one chunk; matrices that depend on the chunk's length are cut from flat arrays."""

    z: Floats  # (T, H) pre-activations
    h: Floats  # (T + 1, H) states; row 0 is the state before the chunk
    columns: Floats  # (H * T,) states, transposed
    delta: Floats  # (V * T,) logits, then probabilities, then the derivative by the logits
    top: Floats  # (T,) largest logit
    total: Floats  # (T,) sum of exp(logit - top); float64 would cost 2 % of a training step
    chosen: Floats  # (T,) logit of the target - top
    W_h_transposed: Floats  # (H, H)
    dh: Floats  # (2, T, H) derivative by the states, from either half of the alphabet
    dz: Floats  # (T + 1, H) derivative by the pre-activations; the row after the chunk is zero
    touched: Bytes  # (V,) 1 where the chunk read the byte


class Moments(NamedTuple):
    """Running means of Adam, laid out as the flat parameters."""

    first: Floats
    second: Floats


class Adam(NamedTuple):
    """Settings of Adam, and the updates made before this call."""

    rate: float
    clip: float
    updates: int
    beta_1: float
    beta_2: float
    epsilon: float


def parameter_count(alphabet: int, hidden: int) -> int:
    """Length of the flat parameters: 2VH + H² + H + V."""
    return 2 * alphabet * hidden + hidden * hidden + hidden + alphabet


def views(flat: Floats, alphabet: int, hidden: int) -> Parameters:
    """``flat`` cut into the five arrays, without a copy."""
    shapes = ((alphabet, hidden), (hidden, hidden), (alphabet, hidden), (hidden,), (alphabet,))
    ends = np.cumsum([0] + [int(np.prod(shape)) for shape in shapes])
    return Parameters(*(flat[a:b].reshape(shape) for a, b, shape in zip(ends, ends[1:], shapes)))


def aligned(size: int, dtype: Any) -> NDArray[Any]:
    """Zeros of shape (size,) that begin at a cache line."""
    kind = np.dtype(dtype)
    raw = np.zeros(size * kind.itemsize + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size * kind.itemsize].view(kind)


def allocate(alphabet: int, hidden: int, length: int, dtype: Any) -> Workspace:
    """Zeroed room for chunks of up to ``length`` targets."""

    def room(*shape: int) -> Floats:
        return aligned(int(np.prod(shape)), dtype).reshape(shape)

    return Workspace(
        z=room(length, hidden),
        h=room(length + 1, hidden),
        columns=room(hidden * length),
        delta=room(alphabet * length),
        top=room(length),
        total=room(length),
        chosen=room(length),
        W_h_transposed=room(hidden, hidden),
        dh=room(2, length, hidden),
        dz=room(length + 1, hidden),
        touched=np.zeros(alphabet, np.uint8),
    )
