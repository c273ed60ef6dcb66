"""Progress: lines for files and pipes, bars for terminals."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from rich.console import Console

from umrnn.report import output
from umrnn.report.bars import RichProgress
from umrnn.report.lines import LineProgress, show_duration, show_figures, show_rate


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def lines():
    stream, clock = io.StringIO(), Clock()
    return LineProgress(stream, clock), stream, clock


def test_line_progress__short_tasks_are_silent(lines):
    progress, stream, clock = lines
    progress.start("count", 100, "B")
    clock.now = 1.9
    progress.advance(100)
    progress.finish()
    assert stream.getvalue() == ""


def test_line_progress__a_line_every_ten_seconds(lines):
    progress, stream, clock = lines
    progress.start("train", 300_000, "B")
    for second in range(1, 31):
        clock.now = float(second)
        progress.advance(10_000, bpc=1 / second)
    progress.finish()
    assert stream.getvalue().splitlines() == [
        "train: 7%  bpc 0.5  10 kB/s  0:28 left",
        "train: 40%  bpc 0.08333  10 kB/s  0:18 left",
        "train: 73%  bpc 0.04545  10 kB/s  0:08 left",
        "train: 100%  bpc 0.03333  10 kB/s  0:30 taken",
    ]


def test_line_progress__the_end_is_said_once(lines):
    progress, stream, clock = lines
    progress.start("count", 100, "B")
    clock.now = 4.0
    progress.advance(100)
    clock.now = 5.0
    progress.finish()
    assert stream.getvalue() == "count: 100%  25 B/s  0:04 taken\n"


def test_line_progress__tasks_nest_and_may_have_no_total(lines):
    progress, stream, clock = lines
    progress.start("outer", 0)
    progress.start("inner", 4, "offsets")
    clock.now = 4.0
    progress.advance(2)
    progress.finish()
    progress.finish()
    assert stream.getvalue().splitlines() == [
        "inner: 50%  0.5 offsets/s  0:04 left",
        "outer: 0:04 taken",
    ]


def test_line_progress__workers_share_it():
    class Slow(io.StringIO):
        def write(self, text):
            time.sleep(0.02)  # long enough for every other worker to see that no line has been written yet
            return super().write(text)

    clock, stream = Clock(), Slow()
    progress = LineProgress(stream, clock)
    progress.start("count", 8, "B")
    clock.now = 4.0
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(progress.advance, [1.0] * 8))
    assert len(stream.getvalue().splitlines()) == 1
    progress.finish()
    assert stream.getvalue().splitlines()[-1] == "count: 100%  2 B/s  0:04 taken"


def test_line_progress__without_a_task_nothing_happens(lines):
    progress, stream, _ = lines
    progress.advance(1)
    progress.finish()
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("amount", "unit", "shown"),
    [
        (12, "B", "12 B/s"),
        (12345, "B", "12.3 kB/s"),
        (999.9, "bytes", "1 kB/s"),
        (3.21e9, "byte", "3.21 GB/s"),
        (1e16, "B", "10 PB/s"),
        (3.2, "epochs", "3.2 epochs/s"),
        (1234567, "positions", "1,234,567 positions/s"),
    ],
)
def test_show_rate(amount, unit, shown):
    assert show_rate(amount, unit) == shown


def test_show_duration():
    assert [show_duration(s) for s in (0, 61, 3661)] == ["0:00", "1:01", "1:01:01"]


def test_show_figures():
    assert show_figures({"bpc": 0.312345, "loss": 2.0}) == "bpc 0.3123  loss 2"


def test_rich_progress__draws_figures_and_restores_the_terminal(monkeypatch):
    monkeypatch.setattr("umrnn.report.bars._REDRAW", 0.0)
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, color_system=None)
    with suppress(KeyboardInterrupt), RichProgress(console) as progress:
        progress.start("train [/]", 10, "B")
        progress.advance(5, bpc=0.25)
        progress.start("inner", 0)
        progress.finish()
        progress._bars.refresh()
        raise KeyboardInterrupt
    shown = stream.getvalue()
    assert "train [/]" in shown
    assert "bpc 0.25" in shown
    assert "50%" in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # cursor hidden, cursor shown


def test_rich_progress__finish_ends_the_display():
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with RichProgress(console) as progress:
        progress.advance(1)
        progress.start("a", 2)
        progress.advance(1, x=1.0)
        progress.finish()
        assert not progress._bars.live.is_started
        progress.finish()


def test_drawn_progress__lines_unless_a_terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(output.sys, "stderr", stream)
    with output.drawn_progress() as progress:
        assert isinstance(progress, LineProgress)
    stream.isatty = lambda: True
    with output.drawn_progress() as progress:
        assert isinstance(progress, RichProgress)


def test_line_progress__a_step_that_takes_long_is_not_silent(lines):
    progress, stream, clock = lines
    for clock.now in (5.0, 11.0, 12.0, 22.0):
        progress.look()
    progress.start("count", 100, "B")
    for clock.now in (27.0, 33.0):
        progress.look()
    assert stream.getvalue().splitlines() == [
        "working: 0:11 taken",
        "working: 0:22 taken",
        "count: 0%  0 B/s  0:11 taken",
    ]


def test_line_progress__looks_by_itself_and_stops(monkeypatch):
    monkeypatch.setattr("umrnn.report.lines._LOOK", 0.001)
    stream, clock = io.StringIO(), Clock()
    with LineProgress(stream, clock) as progress:
        clock.now = 11.0
        limit = time.monotonic() + 10
        while not stream.getvalue() and time.monotonic() < limit:
            time.sleep(0.001)
    assert stream.getvalue() == "working: 0:11 taken\n"
    assert not progress._watch.is_alive()
