"""Where compiled kernels are kept between runs.

numba does not notice when a kernel *called by* a cached kernel changes, nor when compilation flags do, so a
stale cache can answer with yesterday's code. Naming the directory after a hash of all kernels (and of the modes
that change machine code) makes a stale hit impossible and a warm start usual; that kernels import nothing but
kernels is held by a test. ``use`` must run before numba is
imported: the command line and the test suite call it first thing. A library user opts in by calling it, or by
setting ``NUMBA_CACHE_DIR``.

numba unpickles what lies in the folder, and unpickling can run any code: so the folder must belong to the user and
be closed to the writing of others. Folders of earlier kernels are removed, and only they: each holds a marker that
``use`` wrote, and of its files only compiled ones go.
"""

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["default_directory", "fingerprint", "note_once", "use"]

_MODES = ("NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT", "NUMBA_CPU_NAME", "NUMBA_OPT")
_KEEP = 8  # older source versions beyond this many are removed
_MARKER = "umrnn-compiled-kernels.txt"
_MARKED = "umrnn keeps compiled kernels in this folder, and removes it when eight newer ones are there.\n"
_COMPILED = {".nbi", ".nbc"}  # numba's index and code files
_said: set[str] = set()


def fingerprint() -> str:
    """Hash of all that is compiled, the Python version and the modes that change machine code."""
    digest = hashlib.sha256(sys.version.encode())
    package = Path(__file__).parent
    for path in sorted([package / "_jit.py", *package.glob("*/kernels/*.py")]):
        digest.update(str(path.relative_to(package)).encode())
        digest.update(path.read_bytes())
    for mode in _MODES:
        digest.update(f"{mode}={os.environ.get(mode, '')};".encode())
    return digest.hexdigest()[:16]


def default_directory() -> Path:
    """``$UMRNN_CACHE_DIR``, else ``$XDG_CACHE_HOME/umrnn``, else ``~/.cache/umrnn``."""
    if chosen := os.environ.get("UMRNN_CACHE_DIR"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "umrnn"


def use(directory: Path | str | None = None) -> Path | None:
    """Keep compiled kernels under ``directory``; return the folder chosen.

    A ``NUMBA_CACHE_DIR`` that the user set wins. Where the directory cannot be written (a container with a
    read-only home) or others may write in it, the temporary directory serves; where that fails too, kernels are
    compiled anew each run.
    """
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen)
    named, temporary = Path(directory) if directory else default_directory(), Path(tempfile.gettempdir())
    for base in (named, *_private_folders(temporary)):
        if (target := _opened(base, base / fingerprint())) is not None:
            _remove_old(base, keep=target)
            os.environ["NUMBA_CACHE_DIR"] = str(target)
            return target
    note_once(f"compiled kernels cannot be kept in {named} or {temporary}: they are compiled anew")
    return None


def note_once(text: str) -> None:
    """One line on standard error, however often it is called with the same text."""
    if text not in _said and sys.stderr is not None:
        _said.add(text)
        sys.stderr.write(f"note: {ascii(text)[1:-1]}\n")  # names of folders may hold what a terminal obeys


def _private_folders(temporary: Path) -> Iterator[Path]:
    """Folders to fall back on in the directory shared by all users: of the user's number, of one made here, a new one.

    The first name can be guessed, so somebody else may have taken it.
    """
    name = f"umrnn-{os.getuid() if hasattr(os, 'getuid') else 'cache'}"
    yield temporary / name
    try:
        yield from sorted(folder for folder in temporary.glob(f"{name}-*") if _trusted(folder))
        yield Path(tempfile.mkdtemp(prefix=f"{name}-", dir=temporary))
    except OSError:
        return


def _opened(base: Path, target: Path) -> Path | None:
    """``target`` within ``base``, made if need be and marked as ours; None where it cannot be written or trusted."""
    try:
        base.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _trusted(base, shared=True):
            note_once(f"others may write in {base}: compiled kernels are kept elsewhere")
            return None
        target.mkdir(exist_ok=True, mode=0o700)
        if not _trusted(target):
            note_once(f"others may write in {target}: compiled kernels are kept elsewhere")
            return None
        if not _is_ours(target):
            (target / _MARKER).write_text(_MARKED, encoding="utf-8")
        os.utime(target)
    except OSError:
        return None
    return target if os.access(target, os.W_OK) else None


def _trusted(folder: Path, *, shared: bool = False) -> bool:
    """Whether only this user can put files into ``folder``; a shared parent may be root's, or one with a sticky bit."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.lstat() if not shared else folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    if shared:
        closed = not status.st_mode & stat.S_IWOTH or bool(status.st_mode & stat.S_ISVTX)
        return closed and status.st_uid in (0, os.getuid())
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _remove_old(base: Path, keep: Path) -> None:
    """Remove all but the most recently used folders of kernels; never fail over it."""
    try:
        folders = sorted((p for p in base.iterdir() if p != keep and _is_ours(p)), key=_last_used)
    except OSError:
        return
    for folder in folders[: max(len(folders) - (_KEEP - 1), 0)]:
        _remove(folder)


def _is_ours(folder: Path) -> bool:
    """Whether ``use`` made this folder: its marker says so, word for word."""
    try:
        return not folder.is_symlink() and (folder / _MARKER).read_text(encoding="utf-8") == _MARKED
    except (OSError, UnicodeDecodeError):
        return False


def _remove(folder: Path) -> None:
    """Remove the compiled files below ``folder``, the marker, and the folder unless there is anything else in it."""
    for path, folders, files in os.walk(folder, topdown=False):
        for name in files:
            if Path(name).suffix in _COMPILED:
                _quietly(os.unlink, os.path.join(path, name))
        for name in folders:
            _quietly(os.rmdir, os.path.join(path, name))
    _quietly(os.unlink, str(folder / _MARKER))
    _quietly(os.rmdir, str(folder))


def _quietly(remove: Callable[[str], None], path: str) -> None:
    try:
        remove(path)
    except OSError:
        return


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
