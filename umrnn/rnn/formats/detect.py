"""The format of a model file, told from its first bytes, then from its size; never from its name."""

import zipfile
from pathlib import Path

from umrnn.errors import ModelError
from umrnn.rnn.formats import c_header, keras, raw
from umrnn.rnn.formats.arrays import reading

__all__ = ["detect"]

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second: an archive without members
_HDF5 = b"\x89HDF\r\n\x1a\n"
_PICKLE = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_LONGEST_HEADER = 100_000_000  # what the safetensors library itself allows


def detect(path: Path) -> str:
    """Format of the file at ``path``: npz, torch, safetensors, keras or raw.

    Raises
    ------
    ModelError
        If there is no such file, or it is a directory, empty, unreadable, a pickle, a C header or unknown.
    """
    head, size = _head(path)
    if size == 0:
        raise ModelError(f"{path} is empty: a model file holds weights")
    if head.startswith(_ZIP):
        return _of_zip(path)
    if head.startswith(_HDF5):
        return "keras"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= _LONGEST_HEADER:
        return "safetensors"
    if head.startswith(c_header.OPENING):
        raise ModelError(f"{path} is a C header: written, never read", hint="convert from the file it was made of")
    # Two bytes are weak evidence: one in 16,000 raw files begins like a pickle, so the exact size counts for more.
    if raw.hidden_of(size) is not None:
        return "raw"
    if head.startswith(_PICKLE):
        raise ModelError(
            f"{path} is a pickle: never loaded, since loading one can run any code",
            hint="if PyTorch wrote it, save the state dict again with PyTorch 1.6 or later",
        )
    raise ModelError(
        f"{path} is of no known format: not npz, safetensors or PyTorch, and {raw.misfit(size)}",
        hint="umrnn reads npz, raw float32 (.bin), safetensors, PyTorch and Keras files of one tanh layer over bytes",
    )


def _head(path: Path) -> tuple[bytes, int]:
    """The first bytes of a file and its size."""
    try:
        if path.is_dir():
            raise ModelError(f"{path} is a directory: a model is one file")
        if path.exists() and not path.is_file():
            raise ModelError(f"{path} is not a regular file: a model is read from disk")
        with path.open("rb") as stream:
            return stream.read(64), path.stat().st_size
    except ModelError:  # a ValueError too, and already what it should say
        raise
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist", hint="check the path of the model") from None
    except OSError as problem:
        raise ModelError(f"{path} cannot be read: {problem.strerror or problem}") from None
    except ValueError as problem:  # a null byte in the name
        raise ModelError(f"{str(path)!r} cannot be read: {problem}") from None


def _of_zip(path: Path) -> str:
    """PyTorch archives hold a member ``…/data.pkl``, Keras ones their weights; any other archive is taken for npz."""
    with reading(path, "a zip archive", "it is truncated or damaged"), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if {keras.CONFIG, keras.WEIGHTS} <= set(names):
        return "keras"
    return "torch" if any(name.rpartition("/")[2] == "data.pkl" for name in names) else "npz"
