"""Checkpoint: all that a bit-identical resume of training needs, in one npz file.

A JSON header (version, recipe, corpus, counters, log) and the arrays ``weights``, ``best``, ``state`` and, for Adam,
``first`` and ``second``. Nothing in it is pickled.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from umrnn._files import writable_file, write_atomically
from umrnn.errors import ModelError
from umrnn.rnn.formats.arrays import Contents
from umrnn.rnn.formats.npz import CHECKPOINT
from umrnn.rnn.formats.zip_arrays import list_npz, read_text
from umrnn.rnn.kernels.records import Floats

__all__ = ["Checkpoint", "Counters", "Saving", "load_checkpoint", "save_checkpoint"]

_VERSION = 1


@dataclass(frozen=True)
class Saving:
    """Where the state of a training is kept, and whether to go on from it.

    Parameters
    ----------
    path : file that is written after a second, then every ``every_seconds``, on interruption, and at the end; default:
        none is
    resume : continue from the file, which must be of the same corpus, start and optimiser but for the number of epochs:
        a finished run is made longer. With Adam that gives the bits of the longer run; the rate of SGD falls along the
        cosine of all epochs, and goes on as that of the longer run would stand. ``earlier_epochs`` of the provenance
        are those the run was to have before
    """

    path: str | os.PathLike[str] | None = None
    resume: bool = False
    every_seconds: float = 10.0

    def file(self) -> Path | None:
        """The path, if it can be written to."""
        return None if self.path is None else writable_file(self.path, "checkpoint")


@dataclass
class Counters:
    """Where training stands; ``position`` counts targets of the running epoch."""

    epoch: int = 0
    position: int = 0
    updates: int = 0
    targets: int = 0  # of all epochs so far
    seconds: float = 0.0
    nats: float = 0.0  # summed loss of the running epoch
    norms: float = 0.0  # summed gradient norms of the running epoch
    epoch_updates: int = 0
    best_bpc: float | None = None
    best_epoch: int = 0
    log: list[list[float]] = field(default_factory=list)
    earlier_epochs: list[int] = field(default_factory=list)  # that the run was to have before it was given others


@dataclass(frozen=True)
class Checkpoint:
    """What is saved: the recipe and the corpus it holds for, the counters, the arrays by name.

    ``fitted`` are hashes of the corpus's blocks, by which ``umrnn eval`` of a checkpoint tells what is held out.
    """

    recipe: Mapping[str, Any]
    corpus: Mapping[str, Any]
    counters: Counters
    arrays: Mapping[str, Floats]
    fitted: Mapping[str, Any] | None = None


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint`` whole or not at all."""
    header = {
        "format": CHECKPOINT,
        "version": _VERSION,
        "recipe": dict(checkpoint.recipe),
        "corpus": dict(checkpoint.corpus),
        "counters": asdict(checkpoint.counters),
        **({} if checkpoint.fitted is None else {"fitted_blocks": dict(checkpoint.fitted)}),
    }
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    write_atomically(path, lambda stream: np.savez(stream, header=text, **checkpoint.arrays))  # type: ignore[arg-type]


def load_checkpoint(
    path: Path, recipe: Mapping[str, Any], corpus: Mapping[str, Any], like: Mapping[str, Floats]
) -> Checkpoint:
    """Read the checkpoint at ``path``, which must be of this ``recipe`` and ``corpus``, with arrays ``like`` these.

    Only the number of epochs may differ: a run is made longer, or shorter, down to what is done. The rate then follows
    the new recipe from where training stands.

    Raises
    ------
    ModelError
        If there is no such file, it is not a checkpoint, or damaged, or made for something else; one line says which.
    """
    header, contents = _listed(path)
    was = header["recipe"]
    _check_same(path, {**was, "epochs": recipe["epochs"]}, recipe)
    _check_same(path, {"corpus": header["corpus"].get("sha256")}, {"corpus": corpus["sha256"]})
    counters = _counters(path, header["counters"])
    targets = int(corpus["stop"]) - int(corpus["start"]) - 1
    intended = was.get("epochs")
    if type(intended) is not int:
        raise ModelError(f"{path} is damaged: its recipe must hold the number of epochs")
    _check_counters(path, counters, intended, int(recipe["bptt"]), targets)
    if intended != recipe["epochs"]:
        _check_enough(path, counters, int(recipe["epochs"]))
        counters.earlier_epochs.append(intended)
    arrays = {name: _array(contents, name, expected) for name, expected in like.items()}
    return Checkpoint(recipe, corpus, counters, arrays)


def _listed(path: Path) -> tuple[dict[str, Any], Contents]:
    """The header, checked, and the arrays that are there, none of them unpacked."""
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError:
        hint = "start without resuming to create it; --checkpoint keeps it after the end"
        raise ModelError(f"{path} does not exist", hint=hint) from None
    except OSError as problem:
        raise ModelError(f"{path} cannot be read: {problem.strerror or problem}") from None
    damaged = ModelError(f"{path} is not a checkpoint, or is damaged")
    try:
        contents = list_npz(path)
        header = json.loads(read_text(contents, "header") or b"")
    except (ModelError, ValueError, RecursionError):
        raise damaged from None
    parts = ("recipe", "corpus", "counters")
    if not isinstance(header, dict) or header.get("format") != CHECKPOINT or "version" not in header:
        raise damaged
    if not all(isinstance(header.get(part), dict) for part in parts):
        raise damaged
    if header["version"] != _VERSION:
        raise ModelError(f"{path} is a checkpoint of version {header['version']}, this umrnn reads {_VERSION}")
    return header, contents


def _array(contents: Contents, name: str, like: Floats) -> Floats:
    """One array, of the shape and kind of another."""
    path, found = contents.path, contents.arrays.get(name)
    if found is not None and found.dtype == "object":
        raise ModelError(f"{path} is not a checkpoint, or is damaged")
    if found is None or (found.shape, found.dtype) != (like.shape, str(like.dtype)):
        got = "nothing" if found is None else f"{found.shape} {found.dtype}"
        raise ModelError(f"{path}: {name} must be {like.shape} {like.dtype}, got {got}")
    try:
        array: Floats = contents.read(name)
    except ModelError:
        raise ModelError(f"{path} is not a checkpoint, or is damaged") from None
    if not np.isfinite(array).all():
        raise ModelError(f"{path}: {name} must hold finite numbers only")
    return array


def _counters(path: Path, found: Mapping[str, Any]) -> Counters:
    """The counters, all of them and of the right kind."""
    fresh = asdict(Counters())
    for name, value in fresh.items():
        kinds: Any = (float, type(None)) if value is None else (type(value),)
        if name == "earlier_epochs" and name not in found:  # written before runs could be made longer
            continue
        if name not in found or type(found[name]) not in kinds:  # not isinstance: True is no count
            raise ModelError(f"{path} is damaged: its counters lack {name}, or hold something else there")
    return Counters(**{name: found[name] for name in fresh if name in found})


def _check_enough(path: Path, counters: Counters, epochs: int) -> None:
    done = counters.epoch + (1 if counters.position else 0)
    if epochs < done:
        raise ModelError(
            f"{path} has been trained for {done} epochs, this run has epochs={epochs}", hint=f"name at least {done}"
        )


def _check_counters(path: Path, found: Counters, epochs: int, bptt: int, targets: int) -> None:
    """Refuse counters no run can have had; most of them follow from ``epoch`` and ``position``."""
    chunks = -(-targets // bptt)
    done = found.position // bptt
    rules = {
        "epoch": 0 <= found.epoch <= epochs,
        "position": 0 <= found.position < targets
        and found.position % bptt == 0
        and (found.epoch < epochs or not found.position),
        "updates": found.updates == found.epoch * chunks + done,
        "targets": found.targets == found.epoch * targets + found.position,
        "epoch_updates": found.epoch_updates == done,
        "seconds": _is_amount(found.seconds),
        "nats": _is_amount(found.nats),
        "norms": _is_amount(found.norms),
        "best_bpc": found.best_bpc is None or math.isfinite(found.best_bpc),
        "best_epoch": 0 <= found.best_epoch <= found.epoch and (found.best_epoch == 0) == (found.best_bpc is None),
        "log": all(_is_row(row, found.epoch) for row in found.log),
        "earlier_epochs": all(type(epochs) is int and epochs >= 1 for epochs in found.earlier_epochs),
    }
    for name, holds in rules.items():
        if not holds:
            raise ModelError(f"{path} is damaged: its counters hold an impossible {name}")


def _is_amount(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _is_row(row: Any, last: int) -> bool:
    """Whether ``row`` of the log holds an epoch up to ``last`` and three finite numbers."""
    if not (isinstance(row, list) and [type(cell) for cell in row] == [int, float, float, float]):
        return False
    return 1 <= row[0] <= last and all(math.isfinite(cell) for cell in row[1:])


def _check_same(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for key, value in wanted.items():
        if found.get(key) != value:
            raise ModelError(
                f"{path} was made with {key}={found.get(key)}, this run has {key}={value}",
                hint="resume with the same corpus and options, or train to another file",
            )
