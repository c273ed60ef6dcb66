"""Progress on a terminal, drawn by rich on standard error: share done, live figures, rate, time left."""

import os
import threading
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID
from rich.progress import Progress as Bars
from rich.text import Text

from umrnn.progress import Progress
from umrnn.report.lines import show_duration, show_figures, show_rate
from umrnn.report.text import show_text

__all__ = ["RichProgress"]

_REDRAW = 0.1  # seconds: rich takes a lock per update, and a training step takes microseconds


class RichProgress(Progress):
    """A bar per task on standard error; a context manager, so that an error or Ctrl-C restores the terminal."""

    def __init__(self, console: Console | None = None) -> None:
        plain = {"color_system": None} if os.environ.get("NO_COLOR") else {}
        self._bars = Bars(
            _Cell(lambda task: show_text(task.description)),
            BarColumn(),
            _Cell(_share),
            _Cell(lambda task: str(task.fields["figures"])),
            _Cell(_rate),
            _Cell(_left),
            console=console or Console(stderr=True, **plain),  # type: ignore[arg-type]
            transient=True,
        )
        self._tasks: list[TaskID] = []
        self._pending = 0.0
        self._drawn = 0.0
        self._lock = threading.Lock()  # worker threads advance it too; rich's own lock does not cover our sum

    def __enter__(self) -> "RichProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def start(self, task: str, total: float, unit: str = "") -> None:
        """Add a bar; tasks may nest."""
        with self._lock:
            self._flush({})
            self._bars.start()
            self._tasks.append(self._bars.add_task(task, total=total or None, unit=unit, figures=""))

    def advance(self, amount: float, **figures: float) -> None:
        """Move the innermost bar; the drawing follows ten times a second."""
        with self._lock:
            self._pending += amount
            if time.monotonic() - self._drawn >= _REDRAW:
                self._flush(figures)

    def finish(self) -> None:
        """Take the innermost bar away, and the whole display with the last one."""
        with self._lock:
            self._flush({})
            if self._tasks:
                self._bars.remove_task(self._tasks.pop())
            if not self._tasks:
                self._bars.stop()

    def _flush(self, figures: dict[str, float]) -> None:
        if self._tasks:
            shown = {"figures": show_figures(figures)} if figures else {}
            self._bars.update(self._tasks[-1], advance=self._pending, **shown)  # type: ignore[arg-type]
        self._pending, self._drawn = 0.0, time.monotonic()


class _Cell(ProgressColumn):
    """A column that is a plain function of the task; never markup."""

    def __init__(self, spell: Callable[[Task], str]) -> None:
        super().__init__()
        self._spell = spell

    def render(self, task: Task) -> Text:
        return Text(self._spell(task))


def _share(task: Task) -> str:
    return f"{task.percentage:.0f}%" if task.total else ""


def _rate(task: Task) -> str:
    return show_rate(task.speed, task.fields["unit"]) if task.speed and task.fields["unit"] else ""


def _left(task: Task) -> str:
    return "" if task.time_remaining is None else f"{show_duration(task.time_remaining)} left"
