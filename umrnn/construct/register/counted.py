"""What is counted: a lesson as a register sees it, from which all of its read-outs are fitted."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.counts import RegisterCounts, count_register
from umrnn.construct.register.fit import RegisterFit
from umrnn.construct.register.scorer import RegisterScorer, Span
from umrnn.construct.study.lesson import Lesson

__all__ = ["CountedRegister"]

Doubles = NDArray[np.float64]

_TUNING = 1 << 14  # positions on which scales are tuned, the latest


@dataclass(frozen=True, eq=False, repr=False)
class CountedRegister:
    """A lesson counted for a carrier; what is counted is kept with the lesson, for all carriers of as many groups.

    Positions have numbers t = 0 … n - 2: each has read byte t and predicts the next one.
    """

    lesson: Lesson
    carrier: Carrier

    @cached_property
    def _timed(self) -> tuple[RegisterCounts, float]:
        def count() -> tuple[RegisterCounts, float]:
            began = time.perf_counter()
            counts = count_register(self.lesson, self.carrier.groups, work=self.lesson.work)
            return counts, time.perf_counter() - began

        return self.lesson.once(("register", self.carrier.groups), count)

    @property
    def counts(self) -> RegisterCounts:
        """Pairs that its groups hold, and what follows each byte in each group."""
        return self._timed[0]

    @property
    def seconds(self) -> float:
        """Time it took to count; part of the time of every fit."""
        return self._timed[1]

    @cached_property
    def b_y(self) -> Doubles:
        """Output bias of all read-outs: the logarithm of the bytes' smoothed shares."""
        bias: Doubles = np.log(self.counts.marginal)
        return bias

    @property
    def whole(self) -> Span:
        """All positions."""
        return Span(0, len(self.lesson) - 1)

    @property
    def full(self) -> Span:
        """Positions with a full register, as the source has them: t = G … n - 2."""
        return Span(self.carrier.groups, len(self.lesson) - 1)

    def scorer(self, W_y: NDArray[Any], b_y: NDArray[Any] | None = None) -> RegisterScorer:
        """What scores the read-out W_y (256, H), with another output bias if one is given."""
        return RegisterScorer.of_weights(self.carrier, W_y, self.b_y if b_y is None else b_y)

    def tuned(self, scorer: RegisterScorer, grid: Doubles, span: Span | None = None) -> tuple[float, float]:
        """The scale of ``grid`` with the least loss on the latest of all positions, or of ``span``; and that loss."""
        late = (span or self.whole).latest(_TUNING)
        return scorer.best_scale(self.lesson, late, grid, threads=self.lesson.work.threads)

    def fitted(self, began: float, scorer: RegisterScorer, **found: Any) -> RegisterFit:
        """The fit that began when the clock showed ``began``, with its loss on this lesson."""
        seconds = self.seconds + time.perf_counter() - began
        threads, early = self.lesson.work.threads, Span(0, self.carrier.groups - 1)
        full, rest = (scorer.bits(self.lesson, span, threads=threads) for span in (self.full, early))
        return RegisterFit(
            **{"b_y": self.b_y} | found,
            carrier=self.carrier,
            scorer=scorer,
            seconds=seconds,
            bpc=(rest * len(early) + full * len(self.full)) / len(self.whole),
            full_bpc=full,
            byte_counts=self.counts.byte_counts,
            threads=threads,
        )
