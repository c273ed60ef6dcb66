"""Threads: kernels release the GIL, so a plain executor runs them side by side.

Work is always cut into pieces that do not depend on the number of threads, and results come back in the order of
the pieces, so every sum is taken in the same order and every figure has the same bits for any ``threads``.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["available_threads", "map_ordered", "pool", "workers"]

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def available_threads() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers(threads: int | Executor | None) -> int | None:
    """How many work side by side; None where an executor was given that does not say.

    Examples
    --------
    >>> workers(3)
    3
    """
    if isinstance(threads, Executor):
        return getattr(threads, "_max_workers", None)
    return threads or available_threads()


@contextmanager
def pool(threads: int | Executor | None) -> Iterator[Executor | None]:
    """An executor with ``threads`` workers (default: all processors), or None where one thread is enough.

    An executor given in place of a number is used as it is, and left running.
    """
    if isinstance(threads, Executor):
        yield threads
        return
    count = workers(threads) or 1
    if count == 1:
        yield None
        return
    executor = ThreadPoolExecutor(count)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def map_ordered(
    function: Callable[[Item], Answer], items: Iterable[Item], executor: Executor | None
) -> Iterator[Answer]:
    """``function`` of each item, in the order of the items, on ``executor`` or in this thread if it is None."""
    return map(function, items) if executor is None else executor.map(function, items)
