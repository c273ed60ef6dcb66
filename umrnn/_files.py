"""Files are written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from umrnn.errors import InputError

__all__ = ["write_atomically"]


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in place in one step.

    A reader sees the old file or the new one, never half of it, also after a crash or a full disk. A link stays a link
    to the new file; a device or pipe, such as ``/dev/null``, is written to, since it cannot be replaced.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            write(stream)
        return
    handle, name = -1, ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, _mode_of(path))
        os.replace(name, path)
    except OSError as problem:
        _discard(name)
        raise InputError(f"{path} cannot be written: {problem.strerror or problem}") from None
    except BaseException:
        _discard(name)
        raise


def _mode_of(path: Path) -> int:
    """Permissions of the file replaced, else those a plain ``open`` would give."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _discard(name: str) -> None:
    if name and os.path.exists(name):
        os.unlink(name)
