"""Fits side by side: in order whatever the threads, all told, all stopped together."""

import subprocess
import sys
import threading
import time
from concurrent.futures import Future

import pytest

from umrnn.parallel import pool, run_jobs
from umrnn.progress import Progress, Work


class Recorder(Progress):
    def __init__(self):
        self.total, self.done, self.finished = 0.0, 0.0, 0

    def start(self, task, total, unit=""):
        self.total += total

    def advance(self, amount, **figures):
        assert not figures
        self.done += amount

    def finish(self):
        self.finished += 1


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_run_jobs__answers_in_order_and_tells_all_steps(threads):
    def work(number):
        def job(steps):
            steps.start("inner", 99)
            for _ in range(number):
                steps.advance(1, bpc=1.0)
            steps.finish()
            return number * 10

        return number, job

    recorder = Recorder()
    assert run_jobs([work(n) for n in (2, 5, 1)], Work(threads, recorder)) == [20, 50, 10]
    assert (recorder.total, recorder.finished) == (8, 1)
    assert recorder.done == pytest.approx(8)


def test_run_jobs__the_longest_begins_first():
    begun = []
    run_jobs([(n, lambda steps, n=n: begun.append(n)) for n in (1, 3, 2)], Work(1))
    assert begun == [3, 2, 1]


def test_run_jobs__without_jobs():
    assert run_jobs([]) == []


def test_run_jobs__one_that_fails_stops_the_others():
    begun, stopped = threading.Event(), threading.Event()

    def endless(steps):
        begun.set()
        try:
            for _ in range(10_000):
                steps.advance(1)
                time.sleep(0.001)
        finally:
            stopped.set()

    def failing(steps):
        begun.wait(10)
        raise ValueError("no")

    began = time.monotonic()
    with pytest.raises(ValueError, match="no"):
        run_jobs([(2, failing), (1, endless)], Work(2))
    assert stopped.is_set()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("threads", [1, 2])
def test_run_jobs__are_cancelled_by_their_progress(threads):
    class Enough(Progress):
        def advance(self, amount, **figures):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs([(1, lambda steps: steps.advance(1)) for _ in range(4)], Work(threads, Enough()))


def test_pool__interrupted_waits_for_nobody() -> None:
    begun, free = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        free.wait(30)

    def interrupted() -> None:
        with pool(2) as executor:
            assert executor is not None
            jobs.append(executor.submit(slow))
            begun.wait(30)
            raise KeyboardInterrupt

    before, jobs = time.monotonic(), list[Future[None]]()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not jobs[0].done()
    assert time.monotonic() - before < 20
    free.set()


def test_program__interrupted_ends_though_a_worker_goes_on() -> None:
    script = """
import time, umrnn.__main__ as program, umrnn.cli.main as command
from umrnn.parallel import pool

def main():
    try:
        with pool(2) as executor:
            executor.submit(time.sleep, 60)
            print("begun")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise SystemExit(130)

command.main = main
program.start()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=45, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"begun\n", b"")
