"""What every format shares: the arrays in a file by name, one-line errors, arrays into a model.

A file is listed first (names, shapes, kinds of number) and only the arrays of the network are unpacked, so a small file
that claims to hold a large array, or holds other things beside a network, costs next to nothing.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import ModelError, UmrnnError
from umrnn.rnn.weights import Elman

__all__ = [
    "FLOATS",
    "LARGEST_BELIEVED",
    "NAMES",
    "Contents",
    "Stored",
    "check_claim",
    "elman",
    "in_float32",
    "reading",
    "text_of",
    "widened",
]

NAMES = ("W_x", "W_h", "b_h", "W_y", "b_y")  # as Elman takes them
LARGEST_BELIEVED = 1 << 15  # 4 GiB of float32: what a damaged or foreign file claims beyond this is not believed
FLOATS = ("float16", "bfloat16", "float32", "float64")
_PLAIN, _GROWTH = 1 << 26, 4  # bytes that may be unpacked from a file of any size; beyond, times the size of the file
_DETAIL = 160  # characters of a foreign message worth repeating


@dataclass(frozen=True)
class Stored:
    """An array as it lies in a file: shape and kind of number; ``read`` unpacks it (bfloat16 as float32)."""

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], NDArray[Any]]


@dataclass(frozen=True)
class Contents:
    """What a file holds, by name, and what it says about it.

    Parameters
    ----------
    path, kind : of the file; ``kind`` as messages call it, such as ``npz``
    arrays : by name
    metadata : left by the writer
    activation : what the file says of the nonlinearity; None where it cannot say
    """

    path: Path
    kind: str
    arrays: Mapping[str, Stored]
    metadata: dict[str, Any] = field(default_factory=dict)
    activation: str | None = None

    def read(self, name: str) -> NDArray[Any]:
        """The numbers of one array; errors name the file."""
        with reading(self.path, self.kind):
            array = self.arrays[name].read()
        if array.shape != self.arrays[name].shape:
            raise ModelError(f"{self.path}: {name} is not what the file says it is")
        return array


@contextmanager
def reading(path: Path, kind: str, rule: str | None = None) -> Iterator[None]:
    """Turn whatever a decoder raises on foreign bytes into one line that names the file.

    Decoders do not document what they raise: a single flipped byte in an npz file can end in any of BadZipFile,
    zlib.error, NotImplementedError, SyntaxError, RecursionError, MemoryError … So every Exception is caught, and the
    block under ``with`` holds nothing but the decoder. Warnings of the decoder concern its own history, not the user.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UmrnnError:
        raise
    except MemoryError:
        raise ModelError(f"{path} cannot be read as {kind}: it claims more memory than there is") from None
    except Exception as problem:
        detail = rule or " ".join(str(problem).split())[:_DETAIL] or type(problem).__name__
        raise ModelError(f"{path} cannot be read as {kind}: {detail}") from None


def check_claim(contents: Contents, names: Iterable[str], hidden: int | None = None) -> None:
    """Refuse, before anything is unpacked, arrays that no network has, or that the file is too small to hold."""
    wanted = [contents.arrays[name] for name in names]
    needed = sum(8 * math.prod(array.shape) for array in wanted)
    size = f", whose weights would take {needed / 1e9:.1f} GB" if needed > _PLAIN else ""
    if hidden is not None and hidden > LARGEST_BELIEVED:
        raise ModelError(f"{contents.path}: H must be at most {LARGEST_BELIEVED}, got {hidden}{size}")
    held = contents.path.stat().st_size
    if needed > max(_PLAIN, 2 * _GROWTH * held):
        what = f"H = {hidden}{size}" if hidden else f"arrays that would take {needed / 1e9:.1f} GB"
        raise ModelError(
            f"{contents.path} claims {what}, in a file of {held} bytes", hint="save it again without compression"
        )
    for name, array in zip(names, wanted):
        if array.dtype == "object":
            raise ModelError(
                f"{contents.path} cannot be read as {contents.kind}: Object arrays cannot be loaded: {name}"
            )


def widened(arrays: Iterable[NDArray[Any]]) -> list[NDArray[Any]]:
    """Floating-point arrays of any precision and byte order as float32, or all as float64 where one of them is."""
    given = [np.asarray(array) for array in arrays]
    if any(array.dtype.kind != "f" for array in given):
        return [array.astype(array.dtype.newbyteorder("="), copy=False) for array in given]
    dtype = np.result_type(np.float32, *(array.dtype for array in given))
    with np.errstate(all="ignore"):  # inf and NaN pass through to Elman, which refuses them by name
        return [array.astype(dtype, copy=False) for array in given]


def elman(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Elman:
    """The five arrays as a model, in the byte order of this machine; errors name the file."""
    try:
        return Elman(*widened(arrays[name] for name in NAMES))
    except ModelError as problem:
        raise ModelError(f"{path}: {problem.message}", problem.hint) from None


def in_float32(model: Elman) -> Elman:
    """The model rounded to float32, for formats that know nothing else.

    Raises
    ------
    ModelError
        If a weight is beyond the range of float32.
    """
    try:
        return model.astype(np.float32)
    except ModelError as problem:
        hint = "write npz, safetensors or PyTorch, which hold float64"
        raise ModelError(problem.message, hint=hint) from None


def text_of(names: Mapping[str, Any] | list[str], most: int = 6) -> str:
    """A few names for a message."""
    shown = ", ".join(sorted(names)[:most]) or "nothing"
    return shown + (", …" if len(names) > most else "")
