"""A model file that was read: the network, what its writer said of it, and what results say of it."""

import builtins
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from umrnn.alphabet import Alphabet
from umrnn.rnn.fitted import FittedTo
from umrnn.rnn.predictor import Predictor
from umrnn.rnn.readout import Readout
from umrnn.rnn.weights import Elman

if TYPE_CHECKING:
    from umrnn.rnn.formats.roles import Roles

__all__ = ["ModelFile", "ReadoutFile", "opened", "opened_predictor"]


@dataclass(frozen=True, eq=False, repr=False)
class ModelFile:
    """A model file that was read: its format, its size, its metadata and the network in it.

    Parameters
    ----------
    path : where it lies.
    format : npz, raw, safetensors, torch or keras.
    bytes : size of the file.
    model : the network.
    metadata : what the writer of the file said about it; empty in formats that hold weights only.
    name : what results call it, in place of ``path``.
    activation : ``tanh`` where the file says so; None where it cannot, and tanh is taken for granted.
    roles : which of its arrays is which, where they have other names than umrnn's.
    """

    path: Path
    format: str
    bytes: int
    model: Elman
    metadata: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    activation: str | None = None
    roles: "Roles | None" = None

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
            **({} if self.alphabet is None else {"alphabet": self.alphabet.record()}),
        }

    @property
    def alphabet(self) -> Alphabet | None:
        """The symbols that stand for bytes; None where bytes are bytes."""
        return Alphabet.read(_record(self.metadata.get("alphabet")))

    def encode(self, text: str) -> builtins.bytes:
        """``text`` as the network reads it: in UTF-8, or in the symbols of its alphabet."""
        alphabet = self.alphabet
        return text.encode("utf-8", "surrogateescape") if alphabet is None else alphabet.encode(text)

    def fitted_to(self) -> FittedTo | None:
        """What the file says of the bytes its network was fitted to; None where it says nothing."""
        return _fitted_in(self.metadata)


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

    def fitted_to(self) -> FittedTo | None:
        """What the file says of the bytes its read-out was fitted to; None where it says nothing."""
        return _fitted_in(self.metadata)


def _fitted_in(metadata: Mapping[str, Any]) -> FittedTo | None:
    """The corpus and the hashes of its blocks; a file written before there were hashes names its corpus only."""
    corpus, blocks = (_record(metadata.get(name)) for name in ("corpus", "fitted_blocks"))
    return FittedTo.read(blocks, corpus) or (FittedTo.unhashed(corpus) if corpus else None)


def _record(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str):  # safetensors holds strings only
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def opened(model: Elman | ModelFile) -> tuple[Elman, dict[str, Any], FittedTo | None]:
    """The network, what a result says about it, and what it was fitted to, which only a file knows."""
    if isinstance(model, ModelFile):
        return model.model, model.provenance(), model.fitted_to()
    return model, model.facts(), None


def opened_predictor(
    model: Elman | Predictor | ModelFile | ReadoutFile,
) -> tuple[Elman | Predictor, dict[str, Any] | None, FittedTo | None]:
    """The same of anything that predicts bytes; of what is neither a network nor a read-out nothing else is known."""
    if isinstance(model, ReadoutFile):
        return model.model, model.provenance(), model.fitted_to()
    if isinstance(model, Elman | ModelFile):
        return opened(model)
    return model, model.facts() if isinstance(model, Readout) else None, None
