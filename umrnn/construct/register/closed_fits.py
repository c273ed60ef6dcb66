"""RegisterFit: read-outs of one shift register fitted, and tuned, on one part of a corpus, by the published procedures.

Positions as the source has them, with groups G = 16: the pseudo-inverse alone is fitted on t = G … n-2; where gradient
steps follow, both are on t = G … n-3 (G … n-2 where halves are compared). Scales are tuned on all t. Log-ratio, Fourier
and naive Bayes count all t.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.construct.readout.gradient import Descent, descend, rates_falling
from umrnn.construct.readout.newton import newton
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.closed_form import fourier, log_ratio, naive_bayes
from umrnn.construct.register.counts import Lesson, RegisterCounts, count_register
from umrnn.construct.register.normal_equations import normal_equations
from umrnn.construct.register.scorer import AdditiveReadOut, Span, scale_grid
from umrnn.errors import InputError
from umrnn.nulls import share_of
from umrnn.progress import SILENT, Progress
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["DESCENT_BYTES", "RIDGE", "Fitted", "RegisterFit"]

Doubles = NDArray[np.float64]

RIDGE = 0.01  # of the pseudo-inverse
DESCENT_BYTES = 1 << 14  # positions that gradient steps and Newton see, the latest; a published corpus has 1,006
_TUNING = 1 << 14  # positions on which scales are tuned, the latest
_ALPHAS = scale_grid(0.5, 5, 0.5)
_BAYES_ALPHAS = np.array([0.01, 0.1, 0.5, 1, 2])
_RATIO_SCALES, _LEAST_SQUARES_SCALES = scale_grid(0.05, 3, 0.05), scale_grid(1, 50, 0.5)
_USUAL_HIDDEN = 128  # for which the grid of the log-ratio was made; more signs say the same more often
_NEWTON_RIDGE = 1e-4  # in-sample; without one the early positions, not fitted, pay for weights without bound
_NEWTON_RIDGES = (1e-3, 1e-2, 1e-1)
_NEWTON_STEPS, _NEWTON_END = 30, 1e-5  # the end of a descent is where a step gains less, in nats
_TRIAL_STEPS, _TRIAL_END = 12, 1e-3
_VALIDATED = 0.25  # share of a part, its end, on which a ridge is chosen


@dataclass(frozen=True, eq=False)
class Fitted:
    """A read-out and how it came about.

    Parameters
    ----------
    detail : its parameters, as a table shows them
    read_out : what scores it
    W_y, b_y : weights of the network; W_y is None for naive Bayes, which reads bytes and no codes
    facts : figures by name: ``alpha``, ``scale``, ``ridge``, ``condition_number``, ``steps``, ``products``
    seconds : to count, fit and tune
    bytes_read : of the part
    descent : the losses on the way, where there was one
    """

    detail: str
    read_out: AdditiveReadOut
    b_y: Doubles
    W_y: Doubles | None
    facts: dict[str, float]
    seconds: float
    bytes_read: int
    descent: Descent | None = None


class RegisterFit:
    """Fits read-outs of ``carrier`` to a lesson; what several need is computed once.

    Parameters
    ----------
    descent_bytes : positions, the latest, that gradient steps and Newton's method see
    leave_out : how many of the last positions these leave out, 0 or 1
    threads : no figure depends on it
    """

    def __init__(
        self,
        lesson: Lesson,
        carrier: Carrier,
        *,
        descent_bytes: int = DESCENT_BYTES,
        leave_out: int = 1,
        threads: int | None = None,
        progress: Progress = SILENT,
    ) -> None:
        integer("descent-bytes", descent_bytes, 1)
        self.lesson, self.carrier, self.threads, self.progress = lesson, carrier, threads, progress
        begin = time.perf_counter()
        self.counts: RegisterCounts = count_register(lesson, carrier.groups, threads=threads, progress=progress)
        self.counting_seconds = time.perf_counter() - begin
        self.b_y: Doubles = np.log(self.counts.marginal)
        self.whole = Span(0, len(lesson) - 1)
        self.full = Span(carrier.groups, len(lesson) - 1)  # positions whose register is full, as the source has them
        self._last = len(lesson) - 1 - leave_out
        self.descent_span = Span(carrier.groups, self._last).latest(descent_bytes)

    @property
    def unigram(self) -> Fitted:
        """The output bias alone."""
        zero = np.zeros((ALPHABET, self.carrier.hidden))
        return self._fitted("smoothed shares", zero, {}, time.perf_counter())

    def log_ratio(self, tuned_on: "tuple[RegisterFit, Span] | None" = None) -> Fitted:
        """Log-ratio, with alpha and scale of least loss on the part itself, or on some of another with its b_y."""
        begin = time.perf_counter()
        other, span = tuned_on or (self, self.whole)
        grid = _RATIO_SCALES * min(1.0, _USUAL_HIDDEN / self.carrier.hidden)
        least, best = math.inf, (0.0, 0.0)
        for alpha in _ALPHAS.tolist():
            read_out = self._read_out(log_ratio(self.counts, self.carrier, alpha), other.b_y)
            scale, bits = read_out.best_scale(other.lesson, span.latest(_TUNING), grid, threads=self.threads)
            if bits < least:
                least, best = bits, (alpha, scale)
        alpha, scale = best
        W = scale * log_ratio(self.counts, self.carrier, alpha)
        return self._fitted(f"alpha {alpha:g}, scale {scale:g}", W, {"alpha": alpha, "scale": scale}, begin, other.b_y)

    def fourier(self) -> Fitted:
        """Fourier weights, with the scale of least loss."""
        begin = time.perf_counter()
        W = fourier(self.counts, self.carrier)
        grid = _RATIO_SCALES * min(1.0, _USUAL_HIDDEN / self.carrier.hidden)
        scale, _ = self._tuned(self._read_out(W), grid)
        return self._fitted(f"epsilon 0.01, scale {scale:g}", scale * W, {"scale": scale}, begin)

    def naive_bayes(self) -> Fitted:
        """Naive Bayes on the bytes themselves, with alpha and temperature of least loss; no network of H neurons."""
        begin = time.perf_counter()
        least, found = math.inf, (0.0, 0.0)
        for alpha in _BAYES_ALPHAS.tolist():
            read_out = AdditiveReadOut.of_tables(naive_bayes(self.counts, alpha), self.b_y)
            scale, bits = self._tuned(read_out, _RATIO_SCALES)
            if bits < least:
                least, found = bits, (alpha, scale)
        alpha, scale = found
        read_out = AdditiveReadOut.of_tables(scale * naive_bayes(self.counts, alpha), self.b_y)
        return Fitted(
            f"alpha {alpha:g}, 1 / temperature {scale:g}",
            read_out,
            self.b_y,
            None,
            {"alpha": alpha, "scale": scale},
            self.counting_seconds + time.perf_counter() - begin,
            self.counts.length,
        )

    def pseudo_inverse(self, ridge: float = RIDGE, *, tuned_on: Span | None = None) -> Fitted:
        """Least squares for the residual targets on t = G … n-2, with the scale of least loss on all t or some."""
        return self._least_squares(ridge, self.counts.length - 2, tuned_on)

    def gradient_from_least_squares(self, rate: float, steps: int, falls: Sequence[int] = ()) -> Fitted:
        """Gradient steps from the pseudo-inverse of the same positions."""
        start = self._least_squares(RIDGE, self._last)
        assert start.W_y is not None
        found = self._descended(Linear(start.W_y, self.b_y), rate, steps, falls)
        return replace(
            found,
            detail=f"pinv, then {found.detail}",
            seconds=found.seconds + start.seconds - self.counting_seconds,
            bytes_read=self.counts.length,
        )

    def gradient_from_zero(
        self, rate: float = 0.5, steps: int = 1000, falls: Sequence[int] = (301, 601, 801)
    ) -> Fitted:
        """Gradient steps from W_y = 0, b_y = log-marginal; the rate falls to 0.3 of itself at each step in ``falls``.

        The published changes at 300, 600, 800 come after that step, counted from 0; so must these to give its figures.
        """
        return self._descended(self._zero(), rate, steps, falls)

    def newton(self, ridge: float | None = None, steps: int = _NEWTON_STEPS, end: float = _NEWTON_END) -> Fitted:
        """Newton's method from W_y = 0; it ends where a step promises less than ``end`` nats.

        Without a ridge given it is 1e-4 where all bytes are fitted, else :meth:`validated_ridge`.
        """
        begin, zero = time.perf_counter(), self._zero()
        if ridge is None:
            ridge = _NEWTON_RIDGE if self._sees_all else self.validated_ridge()
        problem = self._regression(zero)
        found = newton(problem, zero, steps=steps, ridge=ridge, tolerance=end, progress=self.progress)
        facts = {"ridge": ridge, "steps": len(found.bits) - 1, "products": found.products}
        detail = f"ridge {ridge:g}, {len(found.bits) - 1} steps, {found.products} products"
        return self._after_descent(detail, found, facts, begin)

    def newton_validated(self) -> Fitted:
        """Newton's method with :meth:`validated_ridge`."""
        begin = time.perf_counter()
        found = self.newton(self.validated_ridge())
        return replace(found, seconds=self.counting_seconds + time.perf_counter() - begin)

    def validated_ridge(self) -> float:
        """The ridge of three that does best on the last quarter when fitted on what comes before."""
        n = len(self.lesson.corpus)
        cut = n - max(1, share_of(min(n, len(self.descent_span)), _VALIDATED))
        if cut < self.carrier.groups + 3:  # nothing can be set aside
            return _NEWTON_RIDGES[-1]
        early = RegisterFit(
            Lesson(self.lesson.corpus.slice(0, cut), self.lesson.targets[: cut - 1]),
            self.carrier,
            descent_bytes=len(self.descent_span),
            threads=self.threads,
            progress=self.progress,
        )
        late = Span(cut - 1, n - 2)
        tried = (early.newton(ridge, _TRIAL_STEPS, _TRIAL_END) for ridge in _NEWTON_RIDGES)
        scores = [trial.read_out.bits(self.lesson, late, threads=self.threads) for trial in tried]
        return _NEWTON_RIDGES[int(np.argmin(scores))]

    def elman(self, fitted: Fitted) -> Elman:
        """The network of a read-out."""
        if fitted.W_y is None:
            raise InputError("naive Bayes reads bytes, not the codes of a shift register: it is no network")
        return self.carrier.elman(fitted.W_y, fitted.b_y)

    def _least_squares(self, ridge: float, last: int, tuned_on: Span | None = None) -> Fitted:
        begin = time.perf_counter()
        solved = normal_equations(self.counts, self.carrier, last=last).solved(self.counts.marginal, ridge)
        scale, _ = self._tuned(self._read_out(solved.W), _LEAST_SQUARES_SCALES, tuned_on)
        facts = {"ridge": ridge, "scale": scale, "condition_number": solved.condition_number}
        return self._fitted(f"ridge {ridge:g}, scale {scale:g}", scale * solved.W, facts, begin)

    def _descended(self, start: Linear, rate: float, steps: int, falls: Sequence[int]) -> Fitted:
        begin = time.perf_counter()
        rates = list(rates_falling(rate, steps, falls))
        found = descend(self._regression(start), start, rates, progress=self.progress)
        return self._after_descent(f"{steps} gradient steps, rate {rate:g}", found, {"steps": steps}, begin)

    def _after_descent(self, detail: str, found: Descent, facts: dict[str, float], begin: float) -> Fitted:
        weights = found.weights.astype(np.float64)
        fitted = self._fitted(detail, weights.W, facts, begin, weights.b)
        read = self.counts.length if self._sees_all else len(self.descent_span)
        return replace(fitted, descent=found, bytes_read=read)

    @property
    def _sees_all(self) -> bool:
        """Whether descents see all positions with a full register."""
        return self.descent_span.first == self.carrier.groups

    def _regression(self, start: Linear) -> Regression:
        return Regression(*self._positions, start, threads=self.threads)

    @cached_property
    def _positions(self) -> tuple[NDArray[np.floating], NDArray[np.uint8]]:
        """States and targets that descents see."""
        first, stop = self.descent_span.first, self.descent_span.last + 1
        if stop <= first:
            raise InputError(f"a descent needs a position with all groups filled, got {self.counts.length} bytes")
        states = self.carrier.states(self.lesson.corpus, first, stop, threads=self.threads)
        return states, self.lesson.targets[first:stop]

    def _zero(self) -> Linear:
        return Linear(np.zeros((ALPHABET, self.carrier.hidden)), self.b_y)

    def _tuned(self, read_out: AdditiveReadOut, grid: Doubles, span: Span | None = None) -> tuple[float, float]:
        return read_out.best_scale(self.lesson, (span or self.whole).latest(_TUNING), grid, threads=self.threads)

    def _read_out(self, W_y: Doubles, b_y: Doubles | None = None) -> AdditiveReadOut:
        return AdditiveReadOut.of_weights(self.carrier, W_y, self.b_y if b_y is None else b_y)

    def _fitted(
        self, detail: str, W_y: NDArray[Any], facts: dict[str, float], begin: float, b_y: NDArray[Any] | None = None
    ) -> Fitted:
        bias = self.b_y if b_y is None else b_y
        seconds = self.counting_seconds + time.perf_counter() - begin
        return Fitted(detail, self._read_out(W_y, bias), bias, W_y, facts, seconds, self.counts.length)


Procedure = Callable[[RegisterFit], Fitted]
