"""Rounding error along a run: how far the states of a network in float32 are from the same network in float64."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["ErrorGrowth", "FloatDifference", "error_growth", "float_differences", "mean_log_ratio"]


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


@dataclass(frozen=True)
class FloatDifference:
    """Difference of the states in float32 and in float64, the weights being equal, after ``step`` bytes."""

    step: int
    max_abs_difference: float
    mean_abs_difference: float


def float_differences(model: Elman, corpus: Corpus, *, work: Work = Work()) -> tuple[FloatDifference, ...]:
    """Records for the steps 1, 2, 5, 10, 20, … within ``corpus``, both networks starting from h = 0.

    Examples
    --------
    >>> [row.step for row in float_differences(Elman.zeros(hidden=2), Corpus.from_bytes(b"abcabc"))]
    [1, 2, 5]
    """
    rows = []
    for start, difference in _differences(model, corpus, work):
        for step in _shown(corpus):
            if 0 <= step - 1 - start < len(difference):
                size = np.abs(difference[step - 1 - start])
                rows.append(FloatDifference(step, float(size.max()), float(size.mean())))
    return tuple(rows)


def error_growth(model: Elman, corpus: Corpus, *, work: Work = Work()) -> tuple[ErrorGrowth, ...]:
    """Records for the steps 1, 2, 5, 10, 20, … and the last of ``corpus``, both networks starting from h = 0.

    The weights are those of float32 in both.

    Examples
    --------
    >>> [row.step for row in error_growth(Elman.zeros(hidden=2), Corpus.from_bytes(b"abcabc"))]
    [1, 2, 5, 6]
    """
    shown = {*_shown(corpus), len(corpus)}
    rows: list[ErrorGrowth] = []
    first = before = math.nan
    for start, difference in _differences(model, corpus, work):
        errors: NDArray[np.float64] = np.linalg.norm(difference, axis=1)
        for step, error in enumerate(errors.tolist(), start + 1):
            if step == 1:
                first = error
            if step in shown:
                rows.append(ErrorGrowth(step, error, _ratio(error, first), _ratio(error, before)))
            before = error
    return tuple(rows)


def mean_log_ratio(rows: Sequence[ErrorGrowth]) -> float:
    """Mean of log (e_t / e_{t-1}) over the whole run, in nats per step; NaN where an end of it has no error."""
    last = rows[-1]
    return math.log(last.ratio_to_first) / (last.step - 1) if last.ratio_to_first > 0 else math.nan


def _shown(corpus: Corpus) -> list[int]:
    """The steps 1, 2, 5, 10, 20, … within ``corpus``."""
    steps = (k * 10**i for i in range(len(str(len(corpus)))) for k in (1, 2, 5))
    return [step for step in steps if step <= len(corpus)]


def _differences(model: Elman, corpus: Corpus, work: Work) -> Iterator[tuple[int, Floats]]:
    """Start of each block, and its states (m, H) in float32 less those in float64; the weights are float32 in both."""
    narrow = model.astype(np.float32)
    work.progress.start("float32 against float64", len(corpus), "B")
    for single, double in zip(trace(narrow, corpus), trace(narrow.astype(np.float64), corpus)):
        yield single.start, single.h - double.h
        work.progress.advance(len(single.h))
    work.progress.finish()


def _ratio(error: float, reference: float) -> float:
    return error / reference if reference else math.nan
