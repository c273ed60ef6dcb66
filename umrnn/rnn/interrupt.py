"""Ctrl-C at a safe point: between kernel calls, when weights and counters agree."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["deferred_interrupt"]


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], None]]:
    """Hold SIGINT back; the function given raises it, where one has come, through the handler that was in place.

    Outside the main thread, where signals never arrive, the function does nothing.
    """
    pending: list[Any] = []
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield lambda: None
        return

    def deliver() -> None:
        if pending:
            previous(signal.SIGINT, pending.pop())

    signal.signal(signal.SIGINT, lambda _number, frame: pending.append(frame))
    try:
        yield deliver
    finally:
        signal.signal(signal.SIGINT, previous)
    deliver()
