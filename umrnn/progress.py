"""Progress of long jobs: a silent default here; the drawing version lives in ``report/``.

Library functions take ``work: Work``: which threads a long job may use, and whom it tells how far it is. They call
``start`` once, ``advance`` after each piece of work, and let :class:`KeyboardInterrupt` pass. Cancelling is raising it
from ``advance``.
"""

from concurrent.futures import Executor
from dataclasses import dataclass, replace

__all__ = ["SILENT", "Progress", "Renamed", "Work"]


class Progress:
    """Receives what a long job reports; this one ignores it."""

    def start(self, task: str, total: float, unit: str = "") -> None:
        """Begin ``task``, which takes ``total`` units."""

    def advance(self, amount: float, **figures: float) -> None:
        """Report ``amount`` more units done and the current ``figures`` (``bpc=0.31``); may raise to cancel."""

    def finish(self) -> None:
        """End the task begun last."""


class Renamed(Progress):
    """Passes everything on, under another name for the task: three trainings in a row should not look alike."""

    def __init__(self, progress: Progress, task: str) -> None:
        self._progress, self._task = progress, task

    def start(self, task: str, total: float, unit: str = "") -> None:
        """Begin the task under its own name."""
        self._progress.start(self._task, total, unit)

    def advance(self, amount: float, **figures: float) -> None:
        """Pass on."""
        self._progress.advance(amount, **figures)

    def finish(self) -> None:
        """Pass on."""
        self._progress.finish()


SILENT = Progress()


@dataclass(frozen=True)
class Work:
    """What a long job is given: workers, and somebody to tell how far it is. No figure depends on either.

    Parameters
    ----------
    threads : threads of this process, or an executor that stays its owner's; default: all processors
    progress : default: nobody is told

    Examples
    --------
    >>> Work(threads=1).silent() == Work(1)
    True
    """

    threads: int | Executor | None = None
    progress: Progress = SILENT

    def renamed(self, task: str) -> "Work":
        """The same work, its task told under another name."""
        return replace(self, progress=Renamed(self.progress, task))

    def silent(self) -> "Work":
        """The same workers, told to nobody."""
        return replace(self, progress=SILENT)
