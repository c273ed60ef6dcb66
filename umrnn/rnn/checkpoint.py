"""Checkpoint: all that a bit-identical resume of training needs, in one npz file.

A JSON header (version, recipe, corpus, counters, log) and the arrays ``weights``, ``best``, ``state`` and, for Adam,
``first`` and ``second``. Nothing in it is pickled.
"""

import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from umrnn._files import write_atomically
from umrnn.errors import ModelError
from umrnn.rnn.kernels.records import Floats

__all__ = ["Checkpoint", "Counters", "load_checkpoint", "save_checkpoint"]

_FORMAT, _VERSION = "umrnn checkpoint", 1


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


@dataclass(frozen=True)
class Checkpoint:
    """What is saved: the recipe and the corpus it holds for, the counters, the arrays by name."""

    recipe: Mapping[str, Any]
    corpus: Mapping[str, Any]
    counters: Counters
    arrays: Mapping[str, Floats]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint`` whole or not at all."""
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "recipe": dict(checkpoint.recipe),
        "corpus": dict(checkpoint.corpus),
        "counters": asdict(checkpoint.counters),
    }
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    write_atomically(path, lambda stream: np.savez(stream, header=text, **checkpoint.arrays))  # type: ignore[arg-type]


def load_checkpoint(
    path: Path, recipe: Mapping[str, Any], corpus: Mapping[str, Any], like: Mapping[str, Floats]
) -> Checkpoint:
    """Read the checkpoint at ``path``, which must be of this ``recipe`` and ``corpus``, with arrays ``like`` these.

    Raises
    ------
    ModelError
        If there is no such file, it is not a checkpoint, or damaged, or made for something else; one line says which.
    """
    header, arrays = _read(path)
    _check_same(path, header["recipe"], recipe)
    _check_same(path, {"corpus": header["corpus"].get("sha256")}, {"corpus": corpus["sha256"]})
    counters = _counters(path, header["counters"])
    targets = int(corpus["stop"]) - int(corpus["start"]) - 1
    _check_counters(path, counters, int(recipe["epochs"]), int(recipe["bptt"]), targets)
    for name, expected in like.items():
        found = arrays.get(name)
        if found is None or found.shape != expected.shape or found.dtype != expected.dtype:
            got = "nothing" if found is None else f"{found.shape} {found.dtype}"
            raise ModelError(f"{path}: {name} must be {expected.shape} {expected.dtype}, got {got}")
        if not np.isfinite(found).all():
            raise ModelError(f"{path}: {name} must hold finite numbers only")
    return Checkpoint(recipe, corpus, counters, {name: arrays[name] for name in like})


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        # A stream of our own: numpy leaves the file open where the archive is damaged.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(bytes(arrays.pop("header")))
        known = header["format"] == _FORMAT and "version" in header
        known = known and all(isinstance(header[part], dict) for part in ("recipe", "corpus", "counters"))
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist", hint="start without resuming to create it") from None
    except OSError as problem:
        raise ModelError(f"{path} cannot be read: {problem.strerror or problem}") from None
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error):
        raise ModelError(f"{path} is not a checkpoint, or is damaged") from None
    if not known:
        raise ModelError(f"{path} is not a checkpoint, or is damaged")
    if header["version"] != _VERSION:
        raise ModelError(f"{path} is a checkpoint of version {header['version']}, this umrnn reads {_VERSION}")
    return header, arrays


def _counters(path: Path, found: Mapping[str, Any]) -> Counters:
    """The counters, all of them and of the right kind."""
    fresh = asdict(Counters())
    for name, value in fresh.items():
        kinds: Any = (float, type(None)) if value is None else (type(value),)
        if name not in found or type(found[name]) not in kinds:  # not isinstance: True is no count
            raise ModelError(f"{path} is damaged: its counters lack {name}, or hold something else there")
    return Counters(**{name: found[name] for name in fresh})


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
