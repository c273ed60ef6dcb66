"""Constructions tried on the text, on the part that is counted, and on shuffled targets; random ones several times."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from statistics import fmean, median
from typing import Any

from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row, order_0
from umrnn.corpus import Corpus
from umrnn.nulls import Null
from umrnn.parallel import Job, run_jobs
from umrnn.progress import SILENT, Progress, Work
from umrnn.result import Table
from umrnn.rnn.kernels.records import Bytes
from umrnn.rnn.readout import Readout
from umrnn.rnn.weights import Elman

__all__ = ["Fit", "Shuffle", "Trial", "Tried", "order_0_of_all", "spread_table", "try_out"]

_ENDS = (min, median, max)
Shuffle = Callable[[Bytes], Bytes]
"""The order in which a fit sees its targets."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A construction fitted to a text.

    Parameters
    ----------
    model : what predicts; None where no file could hold it
    offsets : the offsets it reads
    bpc : its mean loss on the positions fitted
    seconds : to build and fit
    bytes_read : of the text it has seen
    bits_after : its mean loss on the bytes of a corpus from an index on
    """

    model: Elman | Readout | None
    offsets: tuple[int, ...]
    bpc: float
    seconds: float
    bytes_read: int
    bits_after: Callable[[Corpus, int], float]


@dataclass(frozen=True)
class Trial:
    """A line of the table: ``fit(text, draw, shuffle, progress)`` takes ``steps`` steps; ``draw`` seeds it."""

    construction: str
    detail: str
    steps: int
    draws: int
    fit: Callable[[Corpus, int, Shuffle | None, Progress], Fit]


@dataclass(frozen=True, eq=False)
class Tried:
    """What came of a trial; the first draw is the one in ``row``.

    Parameters
    ----------
    fit, counted : the first draw, fitted to the text and to the part that is counted
    bpc, held_out_bpc : of every draw; held out perhaps infinite
    """

    row: Row
    fit: Fit
    counted: Fit
    bpc: tuple[float, ...]
    held_out_bpc: tuple[float, ...]


def try_out(
    trials: Sequence[Trial],
    parts: Holdout,
    null: Null,
    *,
    threads: int | None = None,
    task: str,
    progress: Progress = SILENT,
) -> tuple[Tried, ...]:
    """Fit every trial to the text, to the part that is counted if that is another, and to shuffled targets."""
    plans = [_jobs(trial, parts, null) for trial in trials]
    answers = iter(run_jobs([job for plan in plans for job in plan], Work(threads, progress), task=task))
    return tuple(_tried(trial, parts, [next(answers) for _ in plan]) for trial, plan in zip(trials, plans))


def _jobs(trial: Trial, parts: Holdout, null: Null) -> list[Job[Fit]]:
    draws: list[tuple[Corpus, int, Shuffle | None]] = [(parts.whole, draw, None) for draw in range(trial.draws)]
    draws += [] if parts.once else [(parts.counted, draw, None) for draw in range(trial.draws)]
    shuffles = (lambda targets, number=number: null.shuffled(targets, number) for number in range(null.permutations))
    return [(trial.steps, partial(trial.fit, *each)) for each in (*draws, *((parts.whole, 0, s) for s in shuffles))]


def _tried(trial: Trial, parts: Holdout, answers: Sequence[Fit]) -> Tried:
    text = answers[: trial.draws]
    counted = text if parts.once else answers[trial.draws : 2 * trial.draws]
    shuffled = answers[len(text) if parts.once else 2 * trial.draws :]
    held_out = tuple(fit.bits_after(parts.scored, parts.first) for fit in counted)
    null_bpc = fmean(fit.bpc for fit in shuffled) if shuffled else None
    first = held_out[0] if isfinite(held_out[0]) else None  # an unseen pair has no maximum likelihood
    row = Row(trial.construction, trial.detail, text[0].bpc, first, null_bpc, text[0].seconds, text[0].bytes_read)
    return Tried(row, text[0], counted[0], tuple(fit.bpc for fit in text), held_out)


def spread_table(tried: Iterable[Tried]) -> Table:
    """Offsets of each trial, and the spread of its losses over random draws."""
    columns = (
        *("detail", "offsets", "held_out_offsets", "draws"),
        *(f"{name}_{end.__name__}" for name in ("bpc", "held_out_bpc") for end in _ENDS),
    )
    rows: Iterable[tuple[Any, ...]] = (
        (
            *(each.row.detail, each.fit.offsets, each.counted.offsets, len(each.bpc)),
            *(
                end(losses) if isfinite(max(losses)) else None
                for losses in (each.bpc, each.held_out_bpc)
                for end in _ENDS
            ),
        )
        for each in tried
    )
    return Table.of(columns, rows)


def order_0_of_all(holdout: Holdout) -> Row:
    """The row of order 0 whose ``bpc`` is that of the whole text, as those of trials are."""
    row = order_0(holdout, published=True)
    return replace(row, bpc=row.published_bpc, null_bpc=row.published_bpc, published_bpc=None, published_null_bpc=None)
