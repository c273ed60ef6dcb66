"""Raw float32, little endian, no header: the five arrays one after the other; H follows from the size.

    published   W_x[H][V]  W_h[H][H]  b_h[H]     W_y[V][H]  b_y[V]
    older       W_x[H][V]  b_h[H]     W_h[H][H]  W_y[V][H]  b_y[V]

Both have 4 (H² + 513 H + 256) bytes, so only the caller can tell which one a file has.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import InputError, ModelError
from umrnn.rnn.formats.arrays import LARGEST_BELIEVED, in_float32, reading
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["LAYOUTS", "hidden_of", "misfit", "read", "write"]

LAYOUTS = {
    "published": ("W_x", "W_h", "b_h", "W_y", "b_y"),
    "older": ("W_x", "b_h", "W_h", "W_y", "b_y"),
}
_SINGLE = np.dtype("<f4")


def size_of(hidden: int) -> int:
    """Bytes of a raw file of H hidden neurons."""
    return _SINGLE.itemsize * (hidden * hidden + (2 * ALPHABET + 1) * hidden + ALPHABET)


def hidden_of(size: int) -> int | None:
    """H of a raw file of ``size`` bytes; None where no H fits exactly.

    Examples
    --------
    >>> hidden_of(329_216), hidden_of(329_212)
    (128, None)
    """
    hidden = _at_most(size)
    return hidden if 1 <= hidden <= LARGEST_BELIEVED and size_of(hidden) == size else None


def misfit(size: int) -> str:
    """Why ``size`` is not the size of a raw file, with the sizes on either side of it."""
    below = max(_at_most(size), 0)
    near = ", ".join(f"H = {hidden} takes {size_of(hidden)}" for hidden in (below, below + 1) if hidden >= 1)
    return f"{size} bytes fit no raw float32 file, so it is truncated or of another shape ({near})"


def read(path: Path, layout: str = "published") -> dict[str, NDArray[Any]]:
    """The five arrays of a raw file laid out as ``layout`` says."""
    if layout not in LAYOUTS:
        raise InputError(f"layout must be one of {', '.join(LAYOUTS)}, got {layout!r}")
    with reading(path, "raw float32"):
        flat = np.fromfile(path, dtype=_SINGLE)
    hidden = hidden_of(flat.nbytes)
    if hidden is None:
        raise ModelError(f"{path} cannot be read as raw float32: {misfit(flat.nbytes)}")
    H, V = hidden, ALPHABET
    shapes = {"W_x": (H, V), "W_h": (H, H), "b_h": (H,), "W_y": (V, H), "b_y": (V,)}
    arrays, start = {}, 0
    for name in LAYOUTS[layout]:
        stop = start + math.prod(shapes[name])
        arrays[name] = flat[start:stop].reshape(shapes[name])
        start = stop
    return arrays


def write(model: Elman, stream: IO[bytes], metadata: Mapping[str, Any]) -> None:
    """Write the published layout; weights are rounded to float32 and ``metadata`` has no place."""
    arrays = in_float32(model).arrays()
    for name in LAYOUTS["published"]:
        stream.write(arrays[name].astype(_SINGLE).tobytes())


def _at_most(size: int) -> int:
    """The largest H whose raw file has no more than ``size`` bytes: the root of H² + 513 H + 256 = size / 4."""
    linear = 2 * ALPHABET + 1
    square = linear * linear - 4 * (ALPHABET - size // _SINGLE.itemsize)
    return (math.isqrt(max(square, 0)) - linear) // 2
