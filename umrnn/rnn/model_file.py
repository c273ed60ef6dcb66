"""What every format shares: the record of a read file, one-line errors, arrays into a model."""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import ModelError, UmrnnError
from umrnn.rnn.readout import Readout
from umrnn.rnn.weights import Elman

__all__ = [
    "LARGEST_HIDDEN",
    "NAMES",
    "ModelFile",
    "ReadoutFile",
    "Stored",
    "elman",
    "in_float32",
    "opened",
    "opened_predictor",
    "reading",
    "text_of",
]

NAMES = ("W_x", "W_h", "b_h", "W_y", "b_y")  # as Elman takes them
LARGEST_HIDDEN = 1 << 15  # 4 GiB of float32: what a damaged or foreign file claims beyond this is not believed
_DETAIL = 160  # characters of a foreign message worth repeating


class Stored(NamedTuple):
    """Named arrays as they lie in a file, and what the file says about them."""

    arrays: Mapping[str, NDArray[Any]]
    metadata: dict[str, Any]


@dataclass(frozen=True, eq=False, repr=False)
class ModelFile:
    """A model file that was read: its format, its size, its metadata and the network in it.

    Parameters
    ----------
    path : where it lies.
    format : npz, raw, safetensors, torch or c-header.
    bytes : size of the file.
    model : the network.
    metadata : what the writer of the file said about it; empty in formats that hold weights only.
    name : what results call it, in place of ``path``.
    """

    path: Path
    format: str
    bytes: int
    model: Elman
    metadata: dict[str, Any] = field(default_factory=dict)
    name: str | None = None

    def __repr__(self) -> str:
        return f"ModelFile({self.path.name!r}, format={self.format}, bytes={self.bytes}, model={self.model!r})"

    def provenance(self) -> dict[str, Any]:
        """What a result says about the model it measured."""
        return {
            "name": self.name or str(self.path),
            "format": self.format,
            "hidden": self.model.hidden,
            "dtype": str(self.model.dtype),
            "sha256": self.model.sha256,
        }

    def trained_on(self) -> Mapping[str, Any] | None:
        """The corpus the file says its network was trained on, as ``Corpus.provenance`` has it; else None."""
        return _corpus_in(self.metadata)


@dataclass(frozen=True, eq=False, repr=False)
class ReadoutFile:
    """A file of a read-out without dynamics that was read; else as :class:`ModelFile`."""

    path: Path
    bytes: int
    model: Readout
    metadata: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"ReadoutFile({self.path.name!r}, bytes={self.bytes}, model={self.model!r})"

    def provenance(self) -> dict[str, Any]:
        """What a result says about the model it measured."""
        return {"name": str(self.path), "format": "npz", **self.model.facts()}

    def trained_on(self) -> Mapping[str, Any] | None:
        """The corpus the file says its read-out was fitted on, as ``Corpus.provenance`` has it; else None."""
        return _corpus_in(self.metadata)


def _corpus_in(metadata: Mapping[str, Any]) -> Mapping[str, Any] | None:
    corpus = metadata.get("corpus")
    if isinstance(corpus, str):  # safetensors holds strings only
        try:
            corpus = json.loads(corpus)
        except (ValueError, RecursionError):
            return None
    return corpus if isinstance(corpus, dict) else None


def opened(model: Elman | ModelFile) -> tuple[Elman, dict[str, Any], Mapping[str, Any] | None]:
    """The network, what a result says about it, and what it was trained on, which only a file knows."""
    if isinstance(model, ModelFile):
        return model.model, model.provenance(), model.trained_on()
    return model, model.facts(), None


def opened_predictor(
    model: Elman | Readout | ModelFile | ReadoutFile,
) -> tuple[Elman | Readout, dict[str, Any], Mapping[str, Any] | None]:
    """The same of anything that predicts bytes."""
    if isinstance(model, ReadoutFile):
        return model.model, model.provenance(), model.trained_on()
    return (model, model.facts(), None) if isinstance(model, Readout) else opened(model)


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
