"""Closed forms of a register, fitted and tuned on one lesson as the source does: from counts, without a descent.

The pseudo-inverse is fitted on positions t = G … n-2 of G groups; log-ratio, Fourier and naive Bayes count all t.
Scales are tuned on all t.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.closed_form import fourier, log_ratio, naive_bayes
from umrnn.construct.register.counted import CountedRegister
from umrnn.construct.register.fit import RegisterFit
from umrnn.construct.register.normal_equations import LeastSquares, normal_equations
from umrnn.construct.register.scorer import RegisterScorer, Span, scale_grid
from umrnn.construct.study.lesson import Lesson

__all__ = ["RIDGE", "ClosedForms", "scaled_least_squares"]

Doubles = NDArray[np.float64]

RIDGE = 0.01  # of the pseudo-inverse
_ALPHAS = scale_grid(0.5, 5, 0.5)
_BAYES_ALPHAS = np.array([0.01, 0.1, 0.5, 1, 2])
_RATIO_SCALES, _LEAST_SQUARES_SCALES = scale_grid(0.05, 3, 0.05), scale_grid(1, 50, 0.5)
_USUAL_HIDDEN = 128  # for which the grid of the log-ratio was made; more signs say the same more often


@dataclass(frozen=True)
class ClosedForms:
    """Procedures that a :class:`umrnn.construct.study.Study` takes: read-outs of ``carrier`` in closed form.

    Examples
    --------
    >>> from umrnn.corpus import Corpus
    >>> round(ClosedForms(Carrier.of()).pseudo_inverse(Lesson.of(Corpus.siteinfo())).bpc, 4)
    1.4548
    """

    carrier: Carrier

    def log_ratio(self, lesson: Lesson, tuned_on: tuple[Lesson, Span] | None = None) -> RegisterFit:
        """Log-ratio, with alpha and scale of least loss on the lesson itself, or on some of another with its bias."""
        began, counted = time.perf_counter(), CountedRegister(lesson, self.carrier)
        other = counted if tuned_on is None else CountedRegister(tuned_on[0], self.carrier)
        span = None if tuned_on is None else tuned_on[1]
        least, best = math.inf, (0.0, 0.0)
        for alpha in _ALPHAS.tolist():
            scale, bits = other.tuned(other.scorer(log_ratio(counted.counts, self.carrier, alpha)), self._scales, span)
            if bits < least:
                least, best = bits, (alpha, scale)
        alpha, scale = best
        W, b = scale * log_ratio(counted.counts, self.carrier, alpha), other.b_y
        return counted.fitted(
            began,
            counted.scorer(W, b),
            W_y=W,
            b_y=b,
            detail=f"alpha {alpha:g}, scale {scale:g}",
            facts={"alpha": alpha, "scale": scale},
        )

    def fourier(self, lesson: Lesson) -> RegisterFit:
        """Fourier weights, with the scale of least loss."""
        began, counted = time.perf_counter(), CountedRegister(lesson, self.carrier)
        W = fourier(counted.counts, self.carrier)
        scale, _ = counted.tuned(counted.scorer(W), self._scales)
        W = scale * W
        detail = f"epsilon 0.01, scale {scale:g}"
        return counted.fitted(began, counted.scorer(W), W_y=W, detail=detail, facts={"scale": scale})

    def naive_bayes(self, lesson: Lesson) -> RegisterFit:
        """Naive Bayes on the bytes themselves, with alpha and temperature of least loss; no network of H neurons."""
        began, counted = time.perf_counter(), CountedRegister(lesson, self.carrier)

        def scorer(alpha: float, scale: float) -> RegisterScorer:
            return RegisterScorer.of_tables(scale * naive_bayes(counted.counts, alpha), counted.b_y)

        least, best = math.inf, (0.0, 0.0)
        for alpha in _BAYES_ALPHAS.tolist():
            scale, bits = counted.tuned(scorer(alpha, 1.0), _RATIO_SCALES)
            if bits < least:
                least, best = bits, (alpha, scale)
        alpha, scale = best
        detail, facts = f"alpha {alpha:g}, 1 / temperature {scale:g}", {"alpha": alpha, "scale": scale}
        return counted.fitted(began, scorer(alpha, scale), W_y=None, detail=detail, facts=facts)

    def pseudo_inverse(self, lesson: Lesson, ridge: float = RIDGE, *, tuned_when_full: bool = False) -> RegisterFit:
        """Least squares for the residual targets, with the scale of least loss on all t, or on t >= G alone."""
        began, counted = time.perf_counter(), CountedRegister(lesson, self.carrier)
        span = counted.full if tuned_when_full else None
        W, scale, solved = scaled_least_squares(counted, ridge, len(lesson) - 1, span)
        facts = {"ridge": ridge, "scale": scale, "condition_number": solved.condition_number}
        detail = f"ridge {ridge:g}, scale {scale:g}"
        return counted.fitted(began, counted.scorer(W), W_y=W, detail=detail, facts=facts)

    @property
    def _scales(self) -> Doubles:
        return _RATIO_SCALES * min(1.0, _USUAL_HIDDEN / self.carrier.hidden)


def scaled_least_squares(
    counted: CountedRegister, ridge: float, last: int, span: Span | None = None
) -> tuple[Doubles, float, LeastSquares]:
    """Least squares on t = G … ``last`` times the scale of least loss on all t or ``span``; the scale; the solution."""

    def solve() -> LeastSquares:
        return normal_equations(counted.counts, counted.carrier, last=last).solved(counted.counts.marginal, ridge)

    solved = counted.lesson.once(("least squares", counted.carrier, ridge, last), solve)
    scale, _ = counted.tuned(counted.scorer(solved.W), _LEAST_SQUARES_SCALES, span)
    return scale * solved.W, scale, solved
