"""Threads: kernels release the GIL, so a plain executor runs them side by side.

Work is always cut into pieces that do not depend on the number of threads, and results come back in the order of
the pieces, so every sum is taken in the same order and every figure has the same bits for any ``threads``.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from umrnn.progress import Progress, Work

__all__ = ["Job", "available_threads", "map_ordered", "pool", "run_jobs", "workers"]

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Job = tuple[int, Callable[[Progress], Answer]]
"""How many steps it takes, and the work, which advances the progress it is given."""


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
    executor, wait = ThreadPoolExecutor(count), True
    try:
        yield executor
    except KeyboardInterrupt:
        wait = False  # what a worker has begun may take minutes; nobody waits for it any more
        raise
    finally:
        executor.shutdown(wait=wait, cancel_futures=True)


def map_ordered(
    function: Callable[[Item], Answer], items: Iterable[Item], executor: Executor | None
) -> Iterator[Answer]:
    """``function`` of each item, in the order of the items, on ``executor`` or in this thread if it is None."""
    return map(function, items) if executor is None else executor.map(function, items)


class _Stopped(Exception):
    """Ends a job that nobody waits for any more."""


class _Steps(Progress):
    """Passes on how far one job is, as some of the steps of all.

    A task that the job starts counts for all of its steps, whatever its units; nothing counts twice.
    """

    def __init__(self, everything: Progress, stop: threading.Event, steps: float) -> None:
        self._everything, self._stop, self._steps, self._left, self._unit = everything, stop, steps, steps, 1.0

    def start(self, task: str, total: float, unit: str = "") -> None:
        """Measure what follows by this task."""
        self._unit = self._steps / total if total else 0.0

    def advance(self, amount: float, **figures: float) -> None:
        """Pass on, without the figures: they are of one job among many."""
        if self._stop.is_set():
            raise _Stopped
        self._pass_on(min(amount * self._unit, self._left))

    def done(self) -> None:
        """All steps that are left."""
        self._pass_on(self._left)

    def _pass_on(self, steps: float) -> None:
        if steps > 0:
            self._left -= steps
            self._everything.advance(steps)


def run_jobs(jobs: Sequence[Job[Answer]], work: Work = Work(), *, task: str = "fit") -> list[Answer]:
    """Answers of ``jobs`` in their order; they run side by side, the longest first.

    Each tells its steps, and all stop when one of them fails or the user has enough. No answer depends on how many
    threads there are.

    Examples
    --------
    >>> run_jobs([(1, lambda steps: 1), (2, lambda steps: 2)])
    [1, 2]
    """
    stop = threading.Event()

    def run(index: int) -> Answer:
        count, job = jobs[index]
        steps = _Steps(work.progress, stop, count)
        answer = job(steps)
        steps.done()
        return answer

    work.progress.start(task, sum(count for count, _ in jobs), "steps")
    order = sorted(range(len(jobs)), key=lambda index: -jobs[index][0])
    with pool(work.threads if len(jobs) > 1 else 1) as executor:
        try:
            answers = dict(zip(order, map_ordered(run, order, executor)))
        except BaseException:
            stop.set()
            raise
    work.progress.finish()
    return [answers[index] for index in range(len(jobs))]
