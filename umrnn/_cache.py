"""Where compiled kernels are kept between runs.

numba does not notice when a kernel *called by* a cached kernel changes, nor when compilation flags do, so a
stale cache can answer with yesterday's code. Naming the directory after a hash of all kernels (and of the modes
that change machine code) makes a stale hit impossible and a warm start usual; that kernels import nothing but
kernels is held by a test. ``use`` must run before numba is
imported: the command line and the test suite call it first thing. A library user opts in by calling it, or by
setting ``NUMBA_CACHE_DIR``.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

__all__ = ["default_directory", "fingerprint", "use"]

_MODES = ("NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT", "NUMBA_CPU_NAME", "NUMBA_OPT")
_KEEP = 8  # older source versions beyond this many are removed


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
    read-only home), the temporary directory serves; where that fails too, kernels are compiled anew each run.
    """
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen)
    candidates = [Path(directory)] if directory else [default_directory()]
    # The temporary directory is shared by all users, hence the user's number in the name.
    candidates.append(Path(tempfile.gettempdir()) / f"umrnn-{os.getuid() if hasattr(os, 'getuid') else 'cache'}")
    for base in candidates:
        target = base / fingerprint()
        try:
            target.mkdir(parents=True, exist_ok=True)
            os.utime(target)
        except OSError:
            continue
        if os.access(target, os.W_OK):
            _remove_old(base, keep=target)
            os.environ["NUMBA_CACHE_DIR"] = str(target)
            return target
    return None


def _remove_old(base: Path, keep: Path) -> None:
    """Delete all but the most recently used fingerprints; never fail over it."""
    try:
        folders = sorted((p for p in base.iterdir() if p.is_dir() and len(p.name) == 16), key=_last_used)
    except OSError:
        return
    for folder in folders[:-_KEEP]:
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
