"""The arrays in an npz archive: listed from its directory and their headers, unpacked one by one."""

import math
import zipfile
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import ModelError
from umrnn.rnn.formats.arrays import Contents, Stored, reading

__all__ = ["list_npz", "read_text"]

_KIND, _SUFFIX = "npz", ".npy"
_LONGEST_TEXT = 1 << 24  # bytes of a header: with the hashes of what a model was fitted to it takes 0.1 MB
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_BFLOAT16 = np.dtype("V2")  # numpy has no name for it and writes two bytes of anything


def list_npz(path: Path) -> Contents:
    """Names, shapes and kinds of the arrays in an npz archive; nothing but their headers is unpacked."""
    with reading(path, _KIND), zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(_SUFFIX): info for info in archive.infolist()}
        return Contents(path, _KIND, {name: _listed(path, archive, info) for name, info in members.items()})


def read_text(contents: Contents, name: str) -> bytes | None:
    """The bytes of an array of bytes or of a 0-d string; None where there is no such array.

    Raises
    ------
    ModelError
        If it is longer than any header.
    """
    stored = contents.arrays.get(name)
    if stored is None:
        return None
    width = int(stored.dtype.removeprefix("str")) // 8 if stored.dtype.startswith("str") else 1  # numpy counts in bits
    size = math.prod(stored.shape) * width
    if size > _LONGEST_TEXT:
        raise ModelError(f"{contents.path}: its {name} must be at most {_LONGEST_TEXT} bytes, got {size}")
    array = contents.read(name)
    return array.tobytes() if array.dtype == np.uint8 else str(array[()]).encode()


def _listed(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Stored:
    read = partial(_read, path, info.filename)
    with archive.open(info) as stream:
        found = _header(stream)
        if found is None:
            return Stored((), "unknown", read)
        shape, dtype = found
        claimed = stream.tell() + math.prod(shape) * dtype.itemsize
    if not dtype.hasobject and claimed != info.file_size:
        raise ModelError(
            f"{path} cannot be read as {_KIND}: {info.filename} takes {info.file_size} bytes, not {claimed}"
        )
    name = "object" if dtype.hasobject else "bfloat16" if dtype == _BFLOAT16 else dtype.newbyteorder("=").name
    return Stored(shape, name, read)


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
    """Shape and dtype of an array; None of what is no array."""
    try:
        version = np.lib.format.read_magic(stream)
        shape, _, dtype = _HEADERS[version](stream)
    except (ValueError, KeyError, SyntaxError):
        return None
    return (shape, dtype) if all(size >= 0 for size in shape) else None


def _read(path: Path, member: str) -> NDArray[Any]:
    with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    if array.dtype == _BFLOAT16:
        return (array.view("<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)
    return array
