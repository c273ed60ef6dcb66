"""Model files: read in whatever format they are, written in the one their name asks for.

===========  ====================  ==========================================  ===========================
format       suffix when writing   holds                                       needs
===========  ====================  ==========================================  ===========================
npz          .npz                  float32 or float64, metadata                numpy
raw          .bin .raw             float32                                     numpy
safetensors  .safetensors          float32 or float64, metadata as strings     the extra ``io``
torch        .pt .pth              float32 or float64                          the extra ``torch``
keras        (.keras .h5)          float32 or float64; read only               the extra ``keras``
c-header     .h                    float32, metadata in a comment; write only  a C compiler to be of use
===========  ====================  ==========================================  ===========================

An npz file of kind ``readout`` holds a :class:`~umrnn.rnn.readout.Readout`, which ``describe_predictor`` reads too.
What a file is, is told from its content and never from its name. No file is ever unpickled.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from umrnn._files import write_atomically
from umrnn._validate import writable_file
from umrnn.alphabet import Alphabet
from umrnn.errors import InputError, MissingExtra, ModelError
from umrnn.rnn.formats import c_header, keras, npz, raw, safetensors, torch_state
from umrnn.rnn.formats.arrays import NAMES, Contents, check_claim, elman, text_of
from umrnn.rnn.formats.detect import detect
from umrnn.rnn.formats.roles import Roles
from umrnn.rnn.formats.state_dict import holds_a_recurrent_layer, state_dict_roles
from umrnn.rnn.formats.symbols import spread
from umrnn.rnn.model_file import ModelFile, ReadoutFile
from umrnn.rnn.readout import Readout
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = [
    "FORMATS",
    "READABLE",
    "ModelFile",
    "ReadoutFile",
    "Roles",
    "check_holds_readout",
    "describe",
    "describe_contents",
    "describe_predictor",
    "format_of",
    "is_ours",
    "load",
    "need_library",
    "save",
]

_WRITERS = {
    "npz": npz.write,
    "raw": raw.write,
    "safetensors": safetensors.write,
    "torch": torch_state.write,
    "c-header": c_header.write,
}
_READERS = {"npz": npz.read, "safetensors": safetensors.read, "torch": torch_state.read, "keras": keras.read}
_LIBRARIES = {"safetensors": safetensors.library, "torch": torch_state.library, "keras": keras.library}
_SUFFIXES = {
    ".npz": "npz",
    ".bin": "raw",
    ".raw": "raw",
    ".safetensors": "safetensors",
    ".pt": "torch",
    ".pth": "torch",
    ".h": "c-header",
}
FORMATS = tuple(_WRITERS)
_ASCII = Alphabet(("a",))
READABLE = tuple(name for name in FORMATS if name != "c-header")  # of those written

StrPath = str | os.PathLike[str]


def load(path: StrPath, *, layout: str = "published", layer: str | None = None, names: Roles | None = None) -> Elman:
    """Read the network in a model file, in any format umrnn knows, or the best one in a training checkpoint.

    Parameters
    ----------
    path : the file.
    layout : order of the arrays in a raw file, which its size cannot tell: ``published`` or ``older`` (b_h before W_h).
    layer : ``0`` or ``0-reverse``: that layer and direction of a deeper network, without a read-out (its logits are 0).
    names : which array is which, where the file does not tell; see :class:`umrnn.rnn.formats.roles.Roles`.

    Returns
    -------
    Elman
        float64 where the file holds float64, else float32.

    Raises
    ------
    ModelError
        If the file is missing, damaged, of no known format, or holds a network that is not an Elman over bytes.
    MissingExtra
        If the format needs a library that is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(Elman.zeros(hidden=2), folder + "/zeros.npz"))
    Elman(hidden=2, dtype=float32, parameters=1286)
    """
    return describe(path, layout=layout, layer=layer, names=names).model


def describe(
    path: StrPath,
    *,
    layout: str = "published",
    layer: str | None = None,
    names: Roles | None = None,
    alphabet: Alphabet | None = None,
) -> ModelFile:
    """Read a model file together with its format, its size and the metadata its writer left; else as :func:`load`.

    ``alphabet`` are the symbols of a network over others than bytes; a file that umrnn wrote knows its own.
    """
    file = Path(path)
    name = detect(file)
    size = file.stat().st_size
    if name == "raw":
        if layer is not None or names is not None or alphabet is not None:
            rule = "a raw file holds one network over bytes, without names"
            raise InputError(f"layer, names and alphabet must be left out for {file}: {rule}")
        return ModelFile(file, name, size, elman(file, raw.read(file, layout)))
    if layout != "published":
        raise InputError(f"layout must be left out for {file}: it concerns raw files, and this one is {name}")
    contents = _READERS[name](file)
    if alphabet is None:
        roles = _roles(contents, layer, names, ALPHABET)
        arrays, about = roles.arrays(contents) if roles else _own(contents), contents.metadata
    else:
        roles = _roles(contents, layer, names, len(alphabet)) or Roles(*((role,) for role in NAMES))
        arrays = spread(roles.arrays(contents, len(alphabet)), alphabet)
        about = contents.metadata | {"alphabet": alphabet.record()}
    return ModelFile(file, name, size, elman(file, arrays), about, activation=contents.activation, roles=roles)


def describe_contents(path: StrPath) -> Contents:
    """The arrays in a model file with names, whatever they are; a raw file has none.

    Raises
    ------
    ModelError
        If the file cannot be read, or is raw.
    """
    file = Path(path)
    name = detect(file)
    if name not in _READERS:
        raise ModelError(f"{file} is {name}, which has no names")
    return _READERS[name](file)


def is_ours(path: StrPath) -> bool:
    """Whether umrnn wrote the model file at ``path``, as far as the file can tell: raw and PyTorch files cannot."""
    file = Path(path)
    try:
        with file.open("rb") as stream:
            if stream.read(len(c_header.OPENING)) == c_header.OPENING:
                return True
        return detect(file) in ("npz", "safetensors") and describe_contents(file).activation is not None
    except (OSError, ModelError, MissingExtra):
        return False


def _roles(contents: Contents, layer: str | None, names: Roles | None, size: int) -> Roles | None:
    """Which array is which in a network of ``size`` symbols; None where they have umrnn's names."""
    if names is not None:
        return names
    if layer is None and set(NAMES) <= contents.arrays.keys():
        return None
    if holds_a_recurrent_layer(contents.arrays):
        return state_dict_roles(contents, layer, size)
    if layer is not None:
        raise InputError(f"layer must be left out for {contents.path}: it holds no layers that PyTorch names")
    if contents.kind == keras.KIND:
        return keras.keras_roles(contents, size)
    found = text_of(dict(contents.arrays))
    raise ModelError(
        f"{contents.path} holds neither {', '.join(NAMES)} nor a recurrent layer; found {found}",
        hint="say which array is which with --names map.json",
    )


def _own(contents: Contents) -> dict[str, NDArray[Any]]:
    """The five arrays under umrnn's names."""
    shape = contents.arrays["b_h"].shape
    check_claim(contents, NAMES, shape[0] if len(shape) == 1 else None)
    return {name: contents.read(name) for name in NAMES}


def describe_predictor(path: StrPath) -> ModelFile | ReadoutFile:
    """Read a file of anything that predicts bytes: a network as :func:`describe` does, or a read-out."""
    file = Path(path)
    if detect(file) == "npz" and npz.kind_of(file) == "readout":
        readout, metadata = npz.read_readout(file)
        return ReadoutFile(file, file.stat().st_size, readout, metadata)
    return describe(path)


def save(
    model: Elman | Readout,
    path: StrPath,
    *,
    metadata: Mapping[str, Any] | None = None,
    format: str | None = None,
    names: Roles | None = None,
) -> Path:
    """Write ``model`` to ``path``, whole or not at all.

    Parameters
    ----------
    model : the network, or a read-out, which only npz can hold.
    path : the file; replaced if it is there.
    metadata : anything JSON can hold, such as the command that trained the network; kept by npz and safetensors,
        written as a comment by c-header, left out by raw and torch.
    format : one of ``FORMATS``; by default the suffix of ``path`` decides.
    names : of the tensors of a PyTorch file; default: those of ``nn.RNN`` as ``rnn`` and ``nn.Linear`` as ``readout``.

    Returns
    -------
    Path
        Where the model lies now.

    Raises
    ------
    InputError
        If the format is unknown or cannot hold the model, ``path`` cannot be written or ``metadata`` is not JSON.
    ModelError
        If the format knows float32 only and a weight is beyond its range.
    MissingExtra
        If the format needs a library that is not installed.
    """
    name = format_of(path, format)
    if isinstance(model, Readout):
        check_holds_readout(path, format)
    target = writable_file(path, "the model")
    about = dict(metadata or {})
    if name == "raw" and not (Alphabet.read(about.get("alphabet")) or _ASCII).is_ascii:
        raise InputError("a raw file has no place for the alphabet of the network", hint="write npz or safetensors")
    try:
        json.dumps(about, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as problem:
        raise InputError(f"metadata must be what JSON can hold: {problem}") from None
    if isinstance(model, Readout):
        write_atomically(target, lambda stream: npz.write_readout(model, stream, about))
    elif names is not None and name == "torch":
        write_atomically(target, lambda stream: torch_state.write(model, stream, about, names))
    else:
        write_atomically(target, lambda stream: _WRITERS[name](model, stream, about))
    return target


def format_of(path: StrPath, format: str | None = None) -> str:
    """The format to write at ``path``: ``format`` itself, or the one the suffix stands for.

    Examples
    --------
    >>> format_of("model.bin"), format_of("model.bin", "npz")
    ('raw', 'npz')
    """
    name = _SUFFIXES.get(Path(path).suffix.lower()) if format is None else format
    if name not in FORMATS:
        got = f"the suffix of {path}" if format is None else repr(format)
        hint = f"suffixes: {' '.join(_SUFFIXES)}" if format is None else None
        raise InputError(f"format must be one of {', '.join(FORMATS)}, got {got}", hint=hint)
    return name


def check_holds_readout(path: StrPath, format: str | None = None) -> None:
    """Refuse, before the work, any format but npz for a read-out without dynamics.

    Examples
    --------
    >>> check_holds_readout("readout.npz")
    """
    name = format_of(path, format)
    if name != "npz":
        raise InputError(f"a read-out must be written as npz, got {name}", hint="give the file the suffix .npz")


def need_library(format: str) -> None:
    """Import the library that ``format`` needs, so that its absence is known before the work and not after.

    Raises
    ------
    MissingExtra
        If it is not installed.

    Examples
    --------
    >>> need_library("npz")
    """
    if format in _LIBRARIES:
        _LIBRARIES[format]()
