"""Independent fits side by side: each tells its steps, and all stop when one of them fails or the user has enough."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from umrnn.parallel import map_ordered, pool
from umrnn.progress import SILENT, Progress

__all__ = ["Job", "run_jobs"]

Answer = TypeVar("Answer")
Job = tuple[int, Callable[[Progress], Answer]]
"""How many steps it takes, and the work, which advances the progress it is given by so many."""


class _Stopped(Exception):
    """Ends a fit that nobody waits for any more."""


class _Steps(Progress):
    """Passes the steps of one job on to the progress of all; what the job starts and finishes is its own affair."""

    def __init__(self, everything: Progress, stop: threading.Event) -> None:
        self._everything, self._stop = everything, stop

    def advance(self, amount: float, **figures: float) -> None:
        """Pass on, without the figures: they are of one fit among many."""
        if self._stop.is_set():
            raise _Stopped
        self._everything.advance(amount)


def run_jobs(
    jobs: Sequence[Job[Answer]], *, threads: int | None = None, task: str = "fit", progress: Progress = SILENT
) -> list[Answer]:
    """Answers of ``jobs`` in their order; ``threads`` of them run at a time, the longest first.

    No answer depends on how many threads there are.

    Examples
    --------
    >>> run_jobs([(1, lambda steps: 1), (2, lambda steps: 2)])
    [1, 2]
    """
    stop = threading.Event()
    steps = _Steps(progress, stop)
    progress.start(task, sum(count for count, _ in jobs), "steps")
    order = sorted(range(len(jobs)), key=lambda index: -jobs[index][0])
    with pool(threads if len(jobs) > 1 else 1) as executor:
        try:
            answers = dict(zip(order, map_ordered(lambda index: jobs[index][1](steps), order, executor)))
        except BaseException:
            stop.set()
            raise
    progress.finish()
    return [answers[index] for index in range(len(jobs))]
