"""RegisterFit: a read-out of a shift register, fitted to a lesson."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.readout.gradient import Descent
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.scorer import RegisterScorer, Span
from umrnn.construct.study.lesson import Lesson
from umrnn.construct.study.study import Measured
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.rnn.weights import Elman

__all__ = ["RegisterFit", "full_figures"]

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RegisterFit:
    """A read-out and how it came about; a fit as :class:`umrnn.construct.study.Fit` has it.

    Parameters
    ----------
    scorer : what scores it
    W_y, b_y : weights of the network; W_y is None for naive Bayes, which reads bytes and no codes
    detail : its parameters, as a table shows them
    facts : figures by name: ``alpha``, ``scale``, ``ridge``, ``condition_number``, ``steps``, ``products``
    seconds : to count, fit and tune
    bpc, full_bpc : on all positions of its lesson, and on those with a full register, as published for some carriers
    byte_counts : how often each byte occurs in its lesson, (256,)
    descent : the losses on the way, where there was one
    """

    carrier: Carrier
    scorer: RegisterScorer
    W_y: NDArray[np.floating] | None
    b_y: NDArray[np.floating]
    detail: str
    seconds: float
    bpc: float
    full_bpc: float
    byte_counts: NDArray[np.int64]
    facts: Mapping[str, float] = field(default_factory=dict)
    descent: Descent | None = None
    threads: int | Executor | None = None

    def elman(self) -> Elman:
        """The network."""
        if self.W_y is None:
            raise InputError("naive Bayes reads bytes, not the codes of a shift register: it is no network")
        return self.carrier.elman(self.W_y, self.b_y)

    @property
    def model(self) -> Elman | None:
        """The network; None for naive Bayes."""
        return None if self.W_y is None else self.elman()

    def bits(self, corpus: Corpus, first: int) -> float:
        """Mean loss in bits on the bytes of ``corpus`` from index ``first`` on."""
        return self.scorer.bits(Lesson.of(corpus), Span(first - 1, len(corpus) - 2), threads=self.threads)


def full_figures(measured: Measured[RegisterFit]) -> tuple[float, float | None]:
    """Published loss where the register is full, and that of its null."""
    nulls = [fit.full_bpc for fit in measured.published_nulls]
    return measured.published_fits[0].full_bpc, fmean(nulls) if nulls else None
