"""RegisterStudy: a read-out of a shift register fitted three times over, so that its score has company.

in-sample   fitted and tuned on the whole corpus, scored on it: the published procedure
held out    fitted and tuned on the first part alone, scored on the rest, whose contexts reach back
null        as in-sample, with the targets in random order: what is learnt by heart of nothing
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.counts import Lesson
from umrnn.construct.register.closed_fits import DESCENT_BYTES, Fitted, RegisterFit
from umrnn.construct.register.scorer import Span
from umrnn.construct.study.row import Row
from umrnn.corpus import Corpus
from umrnn.nulls import Null, Split
from umrnn.progress import SILENT, Progress

__all__ = ["Measured", "Procedure", "RegisterStudy"]

Procedure = Callable[[RegisterFit], Fitted]


@dataclass(frozen=True, eq=False)
class Measured:
    """A fitted read-out with its row of the common table, and scores on the positions whose register is full.

    Parameters
    ----------
    full_bpc, full_null_bpc : as ``bpc`` and ``null_bpc`` of the row, over t = G … n-2, as published for some carriers
    """

    row: Row
    fitted: Fitted
    full_bpc: float
    full_null_bpc: float | None


class RegisterStudy:
    """One carrier on one corpus.

    Parameters
    ----------
    split : which part is fitted for held-out scores; where it is too short for the register there are none
    null : shuffles of the targets to average over
    """

    def __init__(
        self,
        corpus: Corpus,
        carrier: Carrier,
        *,
        split: Split | None = None,
        null: Null | None = None,
        descent_bytes: int = DESCENT_BYTES,
        threads: int | None = None,
        progress: Progress = SILENT,
    ) -> None:
        self.corpus, self.carrier, self.threads = corpus, carrier, threads
        self.null, self.boundary = null or Null(1), (split or Split()).boundary(len(corpus))
        self._how: dict[str, Any] = {"descent_bytes": descent_bytes, "threads": threads, "progress": progress}
        self.whole = RegisterFit(Lesson.of(corpus), carrier, **self._how)

    @cached_property
    def part(self) -> RegisterFit | None:
        """The first part; None where it cannot fill the register."""
        if self.boundary < self.carrier.groups + 3:
            return None
        return RegisterFit(Lesson.of(self.corpus.slice(0, self.boundary)), self.carrier, **self._how)

    @cached_property
    def shuffled(self) -> list[RegisterFit]:
        """The whole corpus with shuffled targets."""
        lessons = (self.whole.lesson.shuffled(self.null, i) for i in range(self.null.permutations))
        return [RegisterFit(lesson, self.carrier, **self._how) for lesson in lessons]

    def measured(self, construction: str, procedure: Procedure, held_out: Procedure | None = None) -> Measured:
        """Fit by ``procedure``; by ``held_out``, if given, where another part is scored."""
        fitted = procedure(self.whole)
        held_out_bpc = None
        if self.part is not None:
            found = (held_out or procedure)(self.part)
            held_out_bpc = found.read_out.bits(
                self.whole.lesson, Span(self.boundary - 1, self.whole.whole.last), threads=self.threads
            )
        nulls = [self._scores(fit, procedure(fit)) for fit in self.shuffled]
        null_bpc, full_null_bpc = np.mean(nulls, axis=0).tolist() if nulls else (None, None)
        bpc, full_bpc = self._scores(self.whole, fitted)
        row = Row(construction, fitted.detail, bpc, held_out_bpc, null_bpc, fitted.seconds, fitted.bytes_read)
        return Measured(row, fitted, full_bpc, full_null_bpc)

    def parameters(self) -> dict[str, Any]:
        """What a result says of its study."""
        return {
            "groups": self.carrier.groups,
            "bits": self.carrier.bits,
            "held_out_from": self.corpus.start + self.boundary,
            "permutations": self.null.permutations,
            "descent_bytes": self._how["descent_bytes"],
        }

    def _scores(self, fit: RegisterFit, fitted: Fitted) -> tuple[float, float]:
        """Bits of all positions, and of those with a full register."""
        early = Span(0, self.carrier.groups - 1)
        full = fitted.read_out.bits(fit.lesson, fit.full, threads=self.threads)
        rest = fitted.read_out.bits(fit.lesson, early, threads=self.threads)
        return (rest * len(early) + full * len(fit.full)) / len(fit.whole), full
