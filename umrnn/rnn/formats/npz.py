"""npz: arrays by name and a JSON header. The format umrnn itself writes; numpy alone reads it."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import ModelError, UmrnnError
from umrnn.rnn.formats.arrays import LARGEST_BELIEVED, NAMES, Contents, Stored, check_claim, reading, text_of, widened
from umrnn.rnn.formats.zip_arrays import list_npz, read_text
from umrnn.rnn.kernels.records import parameter_count
from umrnn.rnn.layout import unflatten
from umrnn.rnn.readout import Readout
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["CHECKPOINT", "kind_of", "read", "read_readout", "write", "write_readout"]

CHECKPOINT = "umrnn checkpoint"  # the format that the header of a training checkpoint names
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
    return str(_header(list_npz(path)).get("kind", "model"))


def read_readout(path: Path) -> tuple[Readout, dict[str, Any]]:
    """The read-out in a file of kind ``readout``, and the metadata."""
    contents = list_npz(path)
    header = _header(contents)
    known, given = ("codes", "W_y", "b_y", "W_1", "b_1"), header.get("offsets")
    missing = [name for name in known[:3] if name not in contents.arrays]
    if missing:
        raise ModelError(f"{path} lacks the array {missing[0]}: a read-out has {', '.join(known)}")
    if not isinstance(given, list) or not all(type(offset) is int for offset in given):
        raise ModelError(f"{path} is damaged: its header must hold the offsets, a list of integers")
    names = [name for name in known if name in contents.arrays]
    _check_arrays(contents, names)
    check_claim(contents, names)
    arrays = dict(zip(names, widened([contents.read(name) for name in names])))
    try:
        readout = Readout(offsets=tuple(given), **arrays)
    except UmrnnError as problem:
        raise ModelError(f"{path}: {problem.message}", problem.hint) from None
    return readout, _metadata(header)


def read(path: Path) -> Contents:
    """The arrays in the archive: those of a model, the best ones of a training checkpoint, or any others.

    An archive without a header is taken too. The five arrays of a model come under their own names.
    """
    contents = list_npz(path)
    header = _header(contents)
    if header.get("kind") == _READOUT:
        raise ModelError(
            f"{path} holds a read-out of bytes at fixed offsets: it has no states to interpret, sample from or convert",
            hint=f"score it with: umrnn eval --model {path}",
        )
    if header.get("format") == CHECKPOINT:
        return _best_of_training(contents, header)
    arrays, prefix = dict(contents.arrays), _prefix(contents.arrays, header)
    if prefix is not None:
        missing = [prefix + name for name in NAMES if prefix + name not in arrays]
        if missing:
            found = text_of(dict(arrays))
            raise ModelError(f"{path} lacks the array {missing[0]}: a model has {', '.join(NAMES)}; found {found}")
        _check_arrays(contents, [prefix + name for name in NAMES])
        arrays = {name: arrays[prefix + name] for name in NAMES}
    activation = "tanh" if header.get("format") == "umrnn" else None
    return replace(contents, arrays=arrays, metadata=_metadata(header), activation=activation)


def _best_of_training(contents: Contents, header: Mapping[str, Any]) -> Contents:
    """The five arrays out of the flat ``best`` of a checkpoint that ``umrnn train`` wrote."""
    path, recipe, best = contents.path, header.get("recipe"), contents.arrays.get("best")
    hidden = recipe.get("hidden", 0) if isinstance(recipe, dict) else 0
    count = (
        parameter_count(ALPHABET, hidden)
        if isinstance(hidden, int) and not isinstance(hidden, bool) and 1 <= hidden <= LARGEST_BELIEVED
        else -1
    )
    if best is None or best.dtype not in ("float32", "float64") or best.shape != (count,):
        raise ModelError(f"{path} is a damaged checkpoint: its best weights are not those of {hidden} neurons")
    check_claim(contents, ["best"], hidden)
    flat = contents.read("best")
    with reading(path, contents.kind):
        model = unflatten(np.ascontiguousarray(flat, flat.dtype.newbyteorder("=")), int(hidden))
    metadata = {name: header[name] for name in ("corpus", "fitted_blocks") if name in header}
    arrays = {n: Stored(a.shape, str(a.dtype), partial(np.asarray, a)) for n, a in model.arrays().items()}
    return replace(contents, arrays=arrays, metadata={"command": "umrnn train", **metadata}, activation="tanh")


def _metadata(header: Mapping[str, Any]) -> dict[str, Any]:
    metadata = header.get("metadata", {})
    return metadata if isinstance(metadata, dict) else {"metadata": metadata}


def _check_arrays(contents: Contents, names: Iterable[str]) -> None:
    """An archive may hold members that are no arrays."""
    for name in names:
        if contents.arrays[name].dtype == "unknown":
            raise ModelError(f"{contents.path}: {name} is not an array")


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _header(contents: Contents) -> dict[str, Any]:
    """The JSON header, from bytes or from a 0-d string; empty where the file has none."""
    path = contents.path
    if contents.arrays.get(_HEADER) is None:
        return {}
    with reading(path, "npz", "its header is not JSON"):
        header = json.loads(read_text(contents, _HEADER) or b"")
    if not isinstance(header, dict):
        raise ModelError(f"{path} cannot be read as npz: its header is not a JSON object")
    version = header.get("version", _VERSION)
    if header.get("kind", "model") in ("model", _READOUT) and version != _VERSION:
        raise ModelError(f"{path}: version of the header must be {_VERSION}, got {version}", hint="update umrnn")
    return header


def _prefix(names: Mapping[str, Any], header: Mapping[str, Any]) -> str | None:
    """What stands before the names of umrnn's arrays: a checkpoint of training offers its best weights.

    None where arrays of other names are there, and none of these.
    """
    best = ("best.", "best/")
    order = (*best, "") if header.get("kind") == "checkpoint" else ("", *best)
    ours = next((prefix for prefix in order if any(prefix + name in names for name in NAMES)), None)
    return "" if ours is None and not set(names) - {_HEADER} else ours
