"""Progress where standard error is a file or a pipe: silence for short tasks, a line now and then for long ones."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from umrnn.progress import Progress

__all__ = ["LineProgress", "show_duration", "show_figures", "show_rate"]

_QUIET = 2.0  # seconds: a task that ends sooner is never mentioned
_EVERY = 10.0  # seconds between lines
_LOOK = 0.5  # seconds between looks at the clock
_PREFIXES = ("", "k", "M", "G", "T", "P")


def show_rate(amount: float, unit: str) -> str:
    """Units per second: bytes with a prefix, the rest as they are.

    Examples
    --------
    >>> show_rate(12345, "B"), show_rate(3.21, "offsets"), show_rate(1234567, "positions")
    ('12.3 kB/s', '3.21 offsets/s', '1,234,567 positions/s')
    """
    if unit not in ("B", "byte", "bytes"):
        return f"{amount:,.0f} {unit}/s" if amount >= 100 else f"{amount:.3g} {unit}/s"
    power = 0
    while amount >= 999.5 and power < len(_PREFIXES) - 1:
        amount, power = amount / 1000, power + 1
    return f"{amount:.3g} {_PREFIXES[power]}B/s"


def show_duration(seconds: float) -> str:
    """Whole seconds as ``m:ss`` or ``h:mm:ss``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def show_figures(figures: Mapping[str, float]) -> str:
    """Live figures in four digits: ``bpc 0.3121  loss 1.2``."""
    return "  ".join(f"{name} {value:.4g}" for name, value in figures.items())


@dataclass
class _Task:
    name: str
    total: float
    unit: str
    begun: float
    done: float = 0.0
    said: float | None = None  # how much was done when a line last said so
    figures: dict[str, float] = field(default_factory=dict)


class LineProgress(Progress):
    """Writes to ``stream`` a line every ten seconds, and one at the end of a task that took longer than two.

    Worker threads advance it too, so a lock keeps lines whole and sums exact. In a ``with`` block lines also come where
    nothing advances, because one step takes long or no task was begun: whoever waits shall not wonder.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._tasks: list[_Task] = []
        self._last_line = float("-inf")
        self._lock = threading.Lock()
        self._begun = clock()
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._watched, daemon=True)

    def __enter__(self) -> "LineProgress":
        self._watch.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._ended.set()
        self._watch.join()

    def _watched(self) -> None:
        while not self._ended.wait(_LOOK):
            self.look()

    def look(self) -> None:
        """Write a line if there was none for ten seconds."""
        with self._lock:
            now = self._clock()
            if now - max(self._begun, self._last_line) < _EVERY:
                return
            if self._tasks:
                self._write(self._tasks[-1], now)
            else:
                self._stream.write(f"working: {show_duration(now - self._begun)} taken\n")
                self._stream.flush()
                self._last_line = now

    def start(self, task: str, total: float, unit: str = "") -> None:
        """Begin a task; tasks may nest."""
        with self._lock:
            self._tasks.append(_Task(task, total, unit, self._clock()))

    def advance(self, amount: float, **figures: float) -> None:
        """Count ``amount`` more units of the innermost task."""
        with self._lock:
            if not self._tasks:
                return
            task, now = self._tasks[-1], self._clock()
            task.done += amount
            task.figures.update(figures)
            if now - task.begun >= _QUIET and now - self._last_line >= _EVERY:
                self._write(task, now)

    def finish(self) -> None:
        """End the innermost task."""
        with self._lock:
            if not self._tasks:
                return
            task, now = self._tasks.pop(), self._clock()
            if now - task.begun >= _QUIET and task.done != task.said:
                self._write(task, now)

    def _write(self, task: _Task, now: float) -> None:
        seconds = now - task.begun
        parts = [f"{min(1.0, task.done / task.total):.0%}"] if task.total else []
        parts += [show_figures(task.figures)] if task.figures else []
        parts += [show_rate(task.done / seconds, task.unit)] if task.unit else []
        if task.done >= task.total:
            parts.append(f"{show_duration(seconds)} taken")
        elif task.done:
            parts.append(f"{show_duration(seconds / task.done * (task.total - task.done))} left")
        else:
            parts.append(f"{show_duration(seconds)} taken")
        self._stream.write(f"{task.name}: {'  '.join(parts)}\n")
        self._stream.flush()
        self._last_line, task.said = now, task.done
