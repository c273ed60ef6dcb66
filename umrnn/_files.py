"""Files are written whole or not at all; what would stop that is found out before the work."""

import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from umrnn.errors import InputError

__all__ = ["writable_file", "write_atomically"]


def writable_file(
    path: str | os.PathLike[str],
    name: str = "output",
    *,
    keep: Mapping[str, str | os.PathLike[str] | None] | None = None,
) -> Path:
    """Check *before* the work that :func:`write_atomically` can write at ``path``; return it as a Path.

    A temporary file is really made where the later one will be, since permissions alone do not tell. A device or pipe
    is only asked for permission.

    Parameters
    ----------
    name : what the message calls the file.
    keep : files that are read and must not be replaced, under what the message calls them; None is no file.

    Raises
    ------
    InputError
        If nothing can be written there, or it is one of the files to keep.
    """
    given = Path(path)
    target = _resolved(given, name)
    found = _status(target, name)
    if found and stat.S_ISDIR(found.st_mode):
        raise InputError(f"{name} must be a file, got the directory {given}")
    if not found and not target.parent.is_dir():
        missing = target.parent if given.is_symlink() else given.parent  # as it was typed, where that says it
        raise InputError(
            f"{name} cannot be written: the directory {missing} does not exist",
            hint=f"create it first: mkdir -p {missing}",
        )
    if found and not os.access(target, os.W_OK):
        raise InputError(f"{name} cannot be written: no permission for {given}")
    if found and not stat.S_ISREG(found.st_mode):
        return given
    for role, kept in (keep or {}).items():
        if found and kept is not None and _same_file(found, kept):
            raise InputError(f"{name} must not be {role} itself, got {given}", hint="name another file")
    try:
        handle, temporary = _temporary_beside(target)
    except OSError as problem:
        raise InputError(f"{name} cannot be written in {target.parent}: {problem.strerror or problem}") from None
    os.close(handle)
    _discard(temporary)
    return given


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in place in one step.

    A reader sees the old file or the new one, never half of it, also after a crash or a full disk. A link stays a link
    to the new file; a device or pipe, such as ``/dev/null``, is written to, since it cannot be replaced.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    target, temporary = _resolved(path, str(path)), ""
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                write(stream)
            return
        handle, temporary = _temporary_beside(target)
        with os.fdopen(handle, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, _mode_of(target))
        os.replace(temporary, target)
    except BaseException as problem:
        _discard(temporary)
        # The reader of a pipe that left early is no fault of the path.
        if isinstance(problem, OSError) and not isinstance(problem, BrokenPipeError):
            raise InputError(f"{path} cannot be written: {problem.strerror or problem}") from None
        raise


def _temporary_beside(target: Path) -> tuple[int, str]:
    """Handle and name of a new empty file; its name owes nothing to the target's, which may be as long as allowed."""
    return tempfile.mkstemp(dir=target.parent, prefix=".umrnn.", suffix=".part")


def _resolved(path: Path, name: str) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # RuntimeError is how Python before 3.13 reports a circle
        raise InputError(f"{name} cannot be written: the links of {path} lead in a circle") from None


def _status(target: Path, name: str) -> os.stat_result | None:
    """What is there, or None. ``Path.exists`` would say that a circle of links, or too long a name, is not there."""
    try:
        return target.stat()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise InputError(f"{name} cannot be written: {problem.strerror or problem}: {target}") from None


def _same_file(found: os.stat_result, other: str | os.PathLike[str]) -> bool:
    try:
        return os.path.samestat(found, os.stat(other))
    except OSError:
        return False


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
