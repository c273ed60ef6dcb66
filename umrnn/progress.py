"""Progress of long jobs: a silent default here; the drawing version lives in ``report/``.

Library functions take ``progress: Progress = SILENT``, call ``start`` once, ``advance`` after each piece of work,
and let :class:`KeyboardInterrupt` pass. Cancelling is raising it from ``advance``.
"""

__all__ = ["SILENT", "Progress", "Renamed"]


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
