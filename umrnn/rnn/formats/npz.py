"""npz: the five arrays by name and a JSON header. The format umrnn itself writes; numpy alone reads it."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import ModelError
from umrnn.rnn.formats._common import NAMES, Stored, reading, text_of
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["read", "write"]

_HEADER = "header"
_VERSION = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip member: equal models give equal bytes on any day
_UNIX = 3


def write(model: Elman, stream: IO[bytes], metadata: Mapping[str, Any]) -> None:
    """Write the arrays and ``metadata``; the same input gives the same bytes, whatever the day or the system."""
    header = {
        "format": "umrnn",
        "version": _VERSION,
        "kind": "model",
        "hidden": model.hidden,
        "alphabet": ALPHABET,
        "dtype": str(model.dtype),
        "metadata": dict(metadata),
    }
    text = np.frombuffer(json.dumps(header, sort_keys=True, allow_nan=False).encode(), np.uint8)
    # Stored, not deflated: weights hardly shrink, and compressed bytes differ between versions of zlib.
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in {_HEADER: text, **model.arrays()}.items():
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            member.create_system = _UNIX
            member.external_attr = 0o644 << 16
            archive.writestr(member, _npy(array))


def read(path: Path) -> Stored:
    """The five arrays of a model, or the best ones of a training checkpoint, and the metadata.

    An archive without a header is taken too, as long as the five arrays are in it by name.
    """
    kind = "npz"
    with reading(path, kind), np.load(path, allow_pickle=False) as archive:
        names = list(archive.files)
        text = archive[_HEADER] if _HEADER in names else None
    header = _header(path, text)
    prefix = _prefix(names, header)
    missing = [prefix + name for name in NAMES if prefix + name not in names]
    if missing:
        raise ModelError(f"{path} lacks the array {missing[0]}: a model has {', '.join(NAMES)}; found {text_of(names)}")
    with reading(path, kind), np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[prefix + name] for name in NAMES}
    foreign = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if foreign:
        raise ModelError(f"{path}: {foreign[0]} is not an array")
    metadata = header.get("metadata", {})
    return Stored(arrays, metadata if isinstance(metadata, dict) else {"metadata": metadata})


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
    if header.get("kind", "model") == "model" and version != _VERSION:
        raise ModelError(f"{path}: version of the header must be {_VERSION}, got {version}", hint="update umrnn")
    return header


def _prefix(names: list[str], header: Mapping[str, Any]) -> str:
    """What stands before the names of the arrays: a checkpoint of training offers its best weights."""
    best = ("best.", "best/")
    order = (*best, "") if header.get("kind") == "checkpoint" else ("", *best)
    return next((prefix for prefix in order if f"{prefix}W_x" in names), "")
