"""What every format shares: named arrays as they lie in a file, one-line errors, arrays into a model."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import ModelError, UmrnnError
from umrnn.rnn.weights import Elman

__all__ = ["LARGEST_HIDDEN", "NAMES", "Stored", "elman", "in_float32", "reading", "text_of"]

NAMES = ("W_x", "W_h", "b_h", "W_y", "b_y")  # as Elman takes them
LARGEST_HIDDEN = 1 << 15  # 4 GiB of float32: what a damaged or foreign file claims beyond this is not believed
_DETAIL = 160  # characters of a foreign message worth repeating


class Stored(NamedTuple):
    """Named arrays as they lie in a file, and what the file says about them."""

    arrays: Mapping[str, NDArray[Any]]
    metadata: dict[str, Any]


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


def elman(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Elman:
    """The five arrays as a model, in the byte order of this machine; errors name the file."""
    native = {name: np.asarray(arrays[name]) for name in NAMES}
    if len(native["b_h"].shape) == 1 and len(native["b_h"]) > LARGEST_HIDDEN:
        raise ModelError(f"{path}: H must be at most {LARGEST_HIDDEN}, got {len(native['b_h'])}")
    try:
        return Elman(
            **{name: array.astype(array.dtype.newbyteorder("="), copy=False) for name, array in native.items()}
        )
    except ModelError as problem:
        raise ModelError(f"{path}: {problem.message}", problem.hint) from None


def in_float32(model: Elman) -> Elman:
    """The model rounded to float32, for formats that know nothing else."""
    with np.errstate(over="ignore", under="ignore"):  # too large becomes inf, which Elman refuses by name
        return model.astype(np.float32)


def text_of(names: Mapping[str, Any] | list[str], most: int = 6) -> str:
    """A few names for a message."""
    shown = ", ".join(sorted(names)[:most]) or "nothing"
    return shown + (", …" if len(names) > most else "")
