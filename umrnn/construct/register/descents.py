"""Read-outs of a register by descent on its states: gradient steps, and Newton's method."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.construct.readout.gradient import Descent, descend, rates_falling
from umrnn.construct.readout.latest import CHEAP, outputs_of
from umrnn.construct.readout.newton import newton
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.closed_fits import RIDGE, scaled_least_squares
from umrnn.construct.register.counted import CountedRegister
from umrnn.construct.register.counts import SPARE
from umrnn.construct.register.fit import RegisterFit
from umrnn.construct.register.scorer import RegisterScorer, Span
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.lesson import Lesson
from umrnn.errors import InputError
from umrnn.nulls import share_of
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.weights import ALPHABET

__all__ = ["DESCENT_BYTES", "Descents", "bounded_descents"]

Doubles = NDArray[np.float64]

DESCENT_BYTES = 1 << 13  # positions that a descent sees, the latest; a published corpus has 1,006
_PART = 8  # of a longer text such a descent sees the latest of so many parts
_NEWTON_RIDGE = 1e-4  # in-sample; without one the early positions, not fitted, pay for weights without bound
_NEWTON_RIDGES = (1e-3, 1e-2, 1e-1)
_NEWTON_STEPS, _NEWTON_END = 30, 1e-5  # the end of a descent is where a step gains less, in nats
_TRIAL_STEPS, _TRIAL_END = 12, 1e-3
_VALIDATED = 0.25  # share of a part, its end, on which a ridge is chosen
_FALLS = (301, 601, 801)


@dataclass(frozen=True)
class Descents:
    """Procedures that a :class:`umrnn.construct.study.Study` takes: descents on the states of ``carrier``.

    They see the positions t = G … n-3 of a lesson, as the source does where it descends.

    Parameters
    ----------
    latest : positions they see, the latest
    leave_out : how many of the last positions they leave out, 0 or 1
    """

    carrier: Carrier
    latest: int = DESCENT_BYTES
    leave_out: int = 1

    def __post_init__(self) -> None:
        integer("descent-bytes", self.latest, 1, None)

    def span(self, lesson: Lesson) -> Span:
        """The positions seen."""
        return Span(self.carrier.groups, self._last(lesson)).latest(self.latest)

    def from_least_squares(self, lesson: Lesson, rate: float, steps: int, falls: Sequence[int] = ()) -> RegisterFit:
        """Gradient steps from the pseudo-inverse of the same positions."""
        began, counted = time.perf_counter(), self._counted(lesson)
        W, _, _ = scaled_least_squares(counted, RIDGE, self._last(lesson))
        found = self._stepped(lesson, Linear(W, counted.b_y), rate, steps, falls)
        detail = f"pinv, then {steps} gradient steps, rate {rate:g}"
        return self._fitted(began, counted, found, detail, {"steps": steps})

    def from_zero(
        self, lesson: Lesson, rate: float = 0.5, steps: int = 1000, falls: Sequence[int] = _FALLS
    ) -> RegisterFit:
        """Gradient steps from W_y = 0, b_y = log-marginal; the rate falls to 0.3 of itself at each step in ``falls``.

        The published changes at 300, 600, 800 come after that step, counted from 0; so must these to give its figures.
        """
        began, counted = time.perf_counter(), self._counted(lesson)
        found = self._stepped(lesson, self._start(lesson), rate, steps, falls)
        return self._fitted(began, counted, found, f"{steps} gradient steps, rate {rate:g}", {"steps": steps})

    def newton(self, lesson: Lesson, ridge: float | None = None, steps: int = _NEWTON_STEPS) -> RegisterFit:
        """Newton's method from W_y = 0; it ends where a step promises less than 1e-5 nats.

        Without a ridge given it is 1e-4 where all bytes are seen, else :meth:`validated_ridge`.
        """
        began, counted = time.perf_counter(), self._counted(lesson)
        if ridge is None:
            ridge = _NEWTON_RIDGE if self._sees_all(lesson) else self.validated_ridge(lesson)
        found = self._newton(lesson, ridge, steps, _NEWTON_END)
        taken = len(found.bits) - 1
        detail = f"ridge {ridge:g}, {taken} steps, {found.products} products"
        return self._fitted(began, counted, found, detail, {"ridge": ridge, "steps": taken, "products": found.products})

    def newton_validated(self, lesson: Lesson) -> RegisterFit:
        """Newton's method with :meth:`validated_ridge`."""
        began = time.perf_counter()
        ridge = self.validated_ridge(lesson)
        chosen = time.perf_counter() - began
        found = self.newton(lesson, ridge)
        return replace(found, seconds=found.seconds + chosen)

    def validated_ridge(self, lesson: Lesson) -> float:
        """The ridge of three that does best on the last quarter when fitted on what comes before."""
        length, seen = len(lesson.corpus), len(self.span(lesson))
        cut = length - max(1, share_of(min(length, seen), _VALIDATED))
        if cut < self.carrier.groups + SPARE:  # nothing can be set aside
            return _NEWTON_RIDGES[-1]
        early, late = lesson.early(cut), Span(cut - 1, length - 2)
        trial, scores = Descents(self.carrier, seen), []
        for ridge in _NEWTON_RIDGES:
            weights = trial._newton(early, ridge, _TRIAL_STEPS, _TRIAL_END).weights
            scorer = RegisterScorer.of_weights(self.carrier, weights.W, weights.b)
            scores.append(scorer.bits(lesson, late, threads=lesson.work.threads))
        return _NEWTON_RIDGES[int(np.argmin(scores))]

    def _counted(self, lesson: Lesson) -> CountedRegister:
        """What is counted, told to nobody: the descent is the work."""
        return CountedRegister(lesson.given(lesson.work.silent()), self.carrier)

    def _stepped(self, lesson: Lesson, start: Linear, rate: float, steps: int, falls: Sequence[int]) -> Descent:
        rates = list(rates_falling(rate, steps, falls))
        return descend(self._regression(lesson, start), start, rates, progress=lesson.work.progress)

    def _newton(self, lesson: Lesson, ridge: float, steps: int, end: float) -> Descent:
        start = self._start(lesson)
        problem, progress = self._regression(lesson, start), lesson.work.progress
        return newton(problem, start, steps=steps, ridge=ridge, tolerance=end, progress=progress)

    def _start(self, lesson: Lesson) -> Linear:
        return Linear(np.zeros((ALPHABET, self.carrier.hidden)), self._counted(lesson).b_y)

    def _fitted(
        self, began: float, counted: CountedRegister, found: Descent, detail: str, facts: dict[str, float]
    ) -> RegisterFit:
        W, b = found.weights.W, found.weights.b
        if not self._sees_all(counted.lesson):
            detail += f", latest {len(self.span(counted.lesson))} bytes"
        return counted.fitted(began, counted.scorer(W, b), W_y=W, b_y=b, detail=detail, facts=facts, descent=found)

    def _regression(self, lesson: Lesson, start: Linear) -> Regression:
        rows, targets = lesson.once(("states", self), lambda: self._positions(lesson))
        return Regression(rows, targets, start, threads=lesson.work.threads)

    def _positions(self, lesson: Lesson) -> tuple[Floats, NDArray[np.uint8]]:
        """States and targets that descents see."""
        first, stop = self.span(lesson).first, self.span(lesson).last + 1
        if stop <= first:
            raise InputError(f"a descent needs a position with all groups filled, got {len(lesson.corpus)} bytes")
        states = self.carrier.states(lesson.corpus, first, stop, threads=lesson.work.threads)
        return states, lesson.targets[first:stop]

    def _last(self, lesson: Lesson) -> int:
        return len(lesson) - 1 - self.leave_out

    def _sees_all(self, lesson: Lesson) -> bool:
        """Whether descents see all positions with a full register."""
        return self.span(lesson).first == self.carrier.groups


def bounded_descents(
    carrier: Carrier, holdout: Holdout, latest: int | None = None, *, leave_out: int = 1
) -> tuple[Descents, Descents]:
    """Descents on the counted text, and on the whole, for commands that make many and should end in seconds.

    Parameters
    ----------
    latest : positions they see; default: as many as make 55,000 with the outputs told apart (of the published text that
        is all), or an eighth of the text where that is more, at most 8,192; on the counted text in proportion

    Examples
    --------
    >>> from umrnn.corpus import Corpus
    >>> counted, whole = bounded_descents(Carrier.of(), Holdout.of(Corpus.from_bytes(bytes(range(256)) * 8)))
    >>> counted.latest, whole.latest
    (128, 256)
    """
    found = []
    for text in (holdout.counted, holdout.whole):
        cheap = int(CHEAP / outputs_of(text, DESCENT_BYTES) * len(text) / len(holdout.whole))
        bounded = max(1, min(DESCENT_BYTES, max(cheap, len(text) // _PART)))
        found.append(Descents(carrier, bounded if latest is None else latest, leave_out))
    return found[0], found[1]
