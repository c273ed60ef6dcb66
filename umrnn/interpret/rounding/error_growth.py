"""Rounding error along a run: how far the states of a network in float32 are from the same network in float64."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from umrnn.corpus import Corpus
from umrnn.progress import SILENT, Progress
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["ErrorGrowth", "error_growth", "mean_log_ratio"]


@dataclass(frozen=True)
class ErrorGrowth:
    """Distance e_t = |h_t (float32) - h_t (float64)| after ``step`` = t + 1 bytes, in the Euclidean norm.

    Parameters
    ----------
    ratio_to_first : e_t / e_0; NaN where e_0 is 0
    ratio_to_previous : e_t / e_{t-1}; NaN where e_{t-1} is 0 or t = 0
    """

    step: int
    error: float
    ratio_to_first: float
    ratio_to_previous: float


def error_growth(model: Elman, corpus: Corpus, *, progress: Progress = SILENT) -> tuple[ErrorGrowth, ...]:
    """Records for the steps 1, 2, 5, 10, 20, … and the last of ``corpus``, both networks starting from h = 0.

    The weights are those of float32 in both.

    Examples
    --------
    >>> [row.step for row in error_growth(Elman.zeros(hidden=2), Corpus.from_bytes(b"abcabc"))]
    [1, 2, 5, 6]
    """
    narrow = model.astype(np.float32)
    shown = {k * 10**i for i in range(len(str(len(corpus)))) for k in (1, 2, 5)} | {len(corpus)}
    rows: list[ErrorGrowth] = []
    first = before = math.nan
    progress.start("float32 against float64", len(corpus), "B")
    for single, double in zip(trace(narrow, corpus), trace(narrow.astype(np.float64), corpus)):
        errors = np.linalg.norm(single.h - double.h, axis=1)
        for step, error in enumerate(errors.tolist(), single.start + 1):
            if step == 1:
                first = error
            if step in shown:
                rows.append(ErrorGrowth(step, error, _ratio(error, first), _ratio(error, before)))
            before = error
        progress.advance(len(errors))
    progress.finish()
    return tuple(rows)


def mean_log_ratio(rows: Sequence[ErrorGrowth]) -> float:
    """Mean of log (e_t / e_{t-1}) over the whole run, in nats per step; NaN where an end of it has no error."""
    last = rows[-1]
    return math.log(last.ratio_to_first) / (last.step - 1) if last.ratio_to_first > 0 else math.nan


def _ratio(error: float, reference: float) -> float:
    return error / reference if reference else math.nan
