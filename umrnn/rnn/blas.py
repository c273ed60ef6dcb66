"""BLAS at one thread: the network's products are small, and figures must not depend on the number of processors."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

__all__ = ["one_thread"]

_lock = threading.Lock()
_users = 0
_limit: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS at one thread while any caller is inside; its former setting returns with the last to leave."""
    global _users, _limit
    with _lock:
        if _users == 0:
            _release()
            _limit = _controller().limit(limits=1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _release()
                _limit.restore_original_limits()
                _release()
                _limit = None


def _release() -> None:
    """Let any thread set the limit: from threadpoolctl 3.8 on all but the first to do so are ignored, silently.

    Ours are in order by the lock, whichever thread they come from.
    """
    for library in _controller().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


@cache
def _controller() -> Any:
    """Finds the loaded libraries once (a millisecond); scipy's BLAS, which numba calls, must be loaded by then."""
    from threadpoolctl import ThreadpoolController

    import_module("scipy.linalg.cython_blas")
    return ThreadpoolController()
