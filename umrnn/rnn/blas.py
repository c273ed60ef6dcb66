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
            _limit = _controller().limit(limits=1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _limit.restore_original_limits()
                _limit = None


@cache
def _controller() -> Any:
    """Finds the loaded libraries once (a millisecond); scipy's BLAS, which numba calls, must be loaded by then."""
    from threadpoolctl import ThreadpoolController

    import_module("scipy.linalg.cython_blas")
    return ThreadpoolController()
