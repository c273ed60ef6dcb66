"""safetensors: a JSON header and plain bytes, read by many libraries. Needs the extra ``io``."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from umrnn.errors import MissingExtra, ModelError
from umrnn.rnn.formats.arrays import NAMES, Stored, reading, text_of
from umrnn.rnn.formats.state_dict import from_state_dict, holds_a_recurrent_layer
from umrnn.rnn.weights import Elman

__all__ = ["library", "read", "write"]

_OWN_KEY = "umrnn_format_version"


def write(model: Elman, stream: IO[bytes], metadata: Mapping[str, Any]) -> None:
    """Write the five arrays by name; metadata becomes strings, those that are none already as JSON."""
    library()
    from safetensors.numpy import save

    texts = {
        str(key): value if isinstance(value, str) else json.dumps(value, sort_keys=True, allow_nan=False)
        for key, value in metadata.items()
    }
    stream.write(save(dict(model.arrays()), metadata={**texts, _OWN_KEY: "1"}))


def read(path: Path) -> Stored:
    """The five arrays by umrnn's names, or a PyTorch state dict stored as safetensors; metadata as strings."""
    library()
    from safetensors import safe_open

    with reading(path, "safetensors"), safe_open(str(path), framework="np") as file:
        names = list(file.keys())
        metadata = {key: text for key, text in (file.metadata() or {}).items() if key != _OWN_KEY}
        ours = set(NAMES) <= set(names)
        # Only what can be a model is read: the file may hold a language model of any size.
        wanted = NAMES if ours else names if holds_a_recurrent_layer(names) else ()
        arrays = {name: file.get_tensor(name) for name in wanted}
    if not wanted:
        raise ModelError(f"{path} holds neither {', '.join(NAMES)} nor a recurrent layer; found {text_of(names)}")
    return Stored(arrays if ours else from_state_dict(path, arrays), metadata)


def library() -> None:
    """Import safetensors, or raise the error that says how to install it."""
    try:
        import_module("safetensors.numpy")
    except ImportError:
        raise MissingExtra("safetensors", "io") from None
