"""npz: arrays by name and a JSON header. The format umrnn itself writes; numpy alone reads it."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import ModelError, UmrnnError
from umrnn.rnn.formats.arrays import NAMES, Stored, reading, text_of
from umrnn.rnn.readout import Readout
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["kind_of", "read", "read_readout", "write", "write_readout"]

_HEADER = "header"
_VERSION = 1
_READOUT = "readout"  # the kind of a file that holds a Readout; networks are of kind model
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip member: equal models give equal bytes on any day
_UNIX = 3


def write(model: Elman, stream: IO[bytes], metadata: Mapping[str, Any]) -> None:
    """Write the arrays and ``metadata``; the same input gives the same bytes, whatever the day or the system."""
    about = {"kind": "model", "hidden": model.hidden, "dtype": str(model.dtype)}
    _write_archive(stream, model.arrays(), about, metadata)


def write_readout(readout: Readout, stream: IO[bytes], metadata: Mapping[str, Any]) -> None:
    """Write a read-out without dynamics in the same way, its offsets in the header."""
    about = {"kind": _READOUT, "offsets": list(readout.offsets), "dtype": str(readout.dtype)}
    _write_archive(stream, readout.arrays(), about, metadata)


def _write_archive(
    stream: IO[bytes], arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any], metadata: Mapping[str, Any]
) -> None:
    header = {
        "format": "umrnn",
        "version": _VERSION,
        **about,
        "alphabet": ALPHABET,
        "metadata": dict(metadata),
    }
    text = np.frombuffer(json.dumps(header, sort_keys=True, allow_nan=False).encode(), np.uint8)
    # Stored, not deflated: weights hardly shrink, and compressed bytes differ between versions of zlib.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in {_HEADER: text, **arrays}.items():
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            member.create_system = _UNIX
            member.external_attr = 0o644 << 16
            archive.writestr(member, _npy(array))


def kind_of(path: Path) -> str:
    """What the header of an npz file calls its content; ``model`` where it has none."""
    with reading(path, "npz"), np.load(path, allow_pickle=False) as archive:
        text = archive[_HEADER] if _HEADER in archive.files else None
    return str(_header(path, text).get("kind", "model"))


def read_readout(path: Path) -> tuple[Readout, dict[str, Any]]:
    """The read-out in a file of kind ``readout``, and the metadata."""
    with reading(path, "npz"), np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = _header(path, arrays.pop(_HEADER, None))
    known, given = ("codes", "W_y", "b_y", "W_1", "b_1"), header.get("offsets")
    missing = [name for name in known[:3] if name not in arrays]
    if missing:
        raise ModelError(f"{path} lacks the array {missing[0]}: a read-out has {', '.join(known)}")
    if not isinstance(given, list) or not all(type(offset) is int for offset in given):
        raise ModelError(f"{path} is damaged: its header must hold the offsets, a list of integers")
    _check_arrays(path, arrays)
    native = {n: a.astype(a.dtype.newbyteorder("="), copy=False) for n, a in arrays.items() if n in known}
    try:
        readout = Readout(offsets=tuple(given), **native)
    except UmrnnError as problem:
        raise ModelError(f"{path}: {problem.message}", problem.hint) from None
    metadata = header.get("metadata", {})
    return readout, metadata if isinstance(metadata, dict) else {"metadata": metadata}


def read(path: Path) -> Stored:
    """The five arrays of a model, or the best ones of a training checkpoint, and the metadata.

    An archive without a header is taken too, as long as the five arrays are in it by name.
    """
    kind = "npz"
    with reading(path, kind), np.load(path, allow_pickle=False) as archive:
        names = list(archive.files)
        text = archive[_HEADER] if _HEADER in names else None
    header = _header(path, text)
    if header.get("kind") == _READOUT:
        raise ModelError(
            f"{path} holds a read-out of bytes at fixed offsets: it has no states to interpret, sample from or convert",
            hint=f"score it with: umrnn eval --model {path}",
        )
    prefix = _prefix(names, header)
    missing = [prefix + name for name in NAMES if prefix + name not in names]
    if missing:
        raise ModelError(f"{path} lacks the array {missing[0]}: a model has {', '.join(NAMES)}; found {text_of(names)}")
    with reading(path, kind), np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[prefix + name] for name in NAMES}
    _check_arrays(path, arrays)
    metadata = header.get("metadata", {})
    return Stored(arrays, metadata if isinstance(metadata, dict) else {"metadata": metadata})


def _check_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """An archive may hold members that are no arrays: numpy hands out their bytes."""
    foreign = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if foreign:
        raise ModelError(f"{path}: {foreign[0]} is not an array")


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _header(path: Path, text: Any) -> dict[str, Any]:
    """The JSON header, from bytes or from a 0-d string; empty where the file has none."""
    if text is None:
        return {}
    with reading(path, "npz", "its header is not JSON"):
        header = json.loads(text.tobytes() if text.dtype == np.uint8 else str(text[()]))
    if not isinstance(header, dict):
        raise ModelError(f"{path} cannot be read as npz: its header is not a JSON object")
    version = header.get("version", _VERSION)
    if header.get("kind", "model") in ("model", _READOUT) and version != _VERSION:
        raise ModelError(f"{path}: version of the header must be {_VERSION}, got {version}", hint="update umrnn")
    return header


def _prefix(names: list[str], header: Mapping[str, Any]) -> str:
    """What stands before the names of the arrays: a checkpoint of training offers its best weights."""
    best = ("best.", "best/")
    order = (*best, "") if header.get("kind") == "checkpoint" else ("", *best)
    return next((prefix for prefix in order if f"{prefix}W_x" in names), "")
