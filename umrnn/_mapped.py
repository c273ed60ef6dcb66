"""What becomes of a process whose mapped file is cut short by another: without a guard, a bus error and no word.

A page beyond the new end of a file cannot be read, and the operating system says so by a signal that ends the process.
It comes from the very instruction that touches the page, so nothing is half done in Python; but nothing can be gone
on with either, for no loop over bytes asks after every byte.
"""

import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["watch"]

_handlers: list[Any] = []  # the operating system keeps an address only
_sizes: dict[Path, int] = {}


def watch(path: Path, lost: Callable[[Path], int]) -> None:
    """From now on a page of the file at ``path`` that cannot be read ends the process with the code ``lost`` returns.

    For a program, not for a library: the handler is the process's. Where there is no such signal, files that are
    mapped cannot become shorter.
    """
    if not hasattr(signal, "SIGBUS"):
        return
    _sizes[path] = path.stat().st_size
    if _handlers:
        return
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int)
    handler = kind(lambda _: os._exit(lost(_shorter())))
    library = ctypes.CDLL(None)
    library.signal.argtypes, library.signal.restype = (ctypes.c_int, kind), ctypes.c_void_p
    library.signal(int(signal.SIGBUS), handler)
    _handlers.append(handler)


def _shorter() -> Path:
    """The watched file that is shorter than it was, or gone; the one named last if none is."""
    for path, size in _sizes.items():
        try:
            if path.stat().st_size < size:
                return path
        except OSError:
            return path
    return path
