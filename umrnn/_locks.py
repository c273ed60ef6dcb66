"""One writer at a time: a lock beside a file, held by a process and gone with it, however it ends."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from umrnn.errors import InputError

__all__ = ["locked"]


@contextmanager
def locked(*paths: str | os.PathLike[str] | None) -> Iterator[None]:
    """Hold the right to write these files for the time of a ``with`` block; None is no file.

    The lock is the system's, on a hidden file beside: a process that is killed leaves the file behind, and no lock.

    Raises
    ------
    InputError
        If another run holds one of them.

    Examples
    --------
    >>> with locked(None):
    ...     pass
    """
    with ExitStack() as held:
        for lock, name in dict(_beside(path) for path in paths if path is not None).items():
            held.enter_context(_one(lock, name))
        yield


def _beside(path: str | os.PathLike[str]) -> tuple[Path, str]:
    """The lock of a file, the same by whatever link it is called, and what messages call the file."""
    target = Path(path).resolve()
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]  # of one length, however long the name is
    return target.parent / f".umrnn.{name}.lock", str(path)


@contextmanager
def _one(lock: Path, name: str) -> Iterator[None]:
    while True:
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:  # a folder that takes no new file, such as that of a device: nothing to guard
            yield
            return
        if not _acquired(handle):
            holder = os.read(handle, 20).decode("ascii", "replace")
            os.close(handle)
            by = f" (process {holder})" if holder.isdigit() else ""
            raise InputError(f"another run{by} is writing {name}", hint="wait until it ends, or name another file")
        if _is_still(lock, handle):
            break
        os.close(handle)  # the holder before removed the file between the two steps
    try:
        os.truncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _acquired(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows has another call for it
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _is_still(lock: Path, handle: int) -> bool:
    try:
        return os.path.samestat(lock.stat(), os.fstat(handle))
    except OSError:
        return False
