"""safetensors: a JSON header and plain bytes, read by many libraries. Needs the extra ``io``."""

import json
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import MissingExtra
from umrnn.rnn.formats.arrays import Contents, Stored, reading
from umrnn.rnn.weights import Elman

__all__ = ["library", "read", "write"]

_OWN_KEY = "umrnn_format_version"
_KINDS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}


def write(model: Elman, stream: IO[bytes], metadata: Mapping[str, Any]) -> None:
    """Write the five arrays by name; metadata becomes strings, those that are none already as JSON."""
    library()
    from safetensors.numpy import save

    texts = {
        str(key): value if isinstance(value, str) else json.dumps(value, sort_keys=True, allow_nan=False)
        for key, value in metadata.items()
    }
    stream.write(save(dict(model.arrays()), metadata={**texts, _OWN_KEY: "1"}))


def read(path: Path) -> Contents:
    """The tensors in the file by name, and its metadata, which are strings."""
    library()
    from safetensors import safe_open

    with reading(path, "safetensors"), safe_open(str(path), framework="np") as file:
        about = dict(file.metadata() or {})
        arrays = {name: _listed(path, name, file.get_slice(name)) for name in file.keys()}  # noqa: SIM118
    activation = "tanh" if about.pop(_OWN_KEY, None) else None
    return Contents(path, "safetensors", arrays, about, activation)


def _listed(path: Path, name: str, part: Any) -> Stored:
    kind = str(part.get_dtype())
    return Stored(tuple(part.get_shape()), _KINDS.get(kind, kind), partial(_read, path, name, kind))


def _read(path: Path, name: str, kind: str) -> NDArray[Any]:
    from safetensors import safe_open

    with safe_open(str(path), framework="np") as file:
        if kind != "BF16":
            return np.asarray(file.get_tensor(name))
        shape = tuple(file.get_slice(name).get_shape())
    with path.open("rb") as stream:  # numpy knows no bfloat16: the upper halves of float32, little endian
        length = int.from_bytes(stream.read(8), "little")
        first, last = json.loads(stream.read(length))[name]["data_offsets"]
        stream.seek(8 + length + first)
        halves = np.frombuffer(stream.read(last - first), "<u2")
    return (halves.astype(np.uint32) << np.uint32(16)).view(np.float32).reshape(shape)


def library() -> None:
    """Import safetensors, or raise the error that says how to install it."""
    try:
        import_module("safetensors.numpy")
    except ImportError:
        raise MissingExtra("safetensors", "io") from None
