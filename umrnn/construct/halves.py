"""``construct halves``: a register fitted on the first part of a corpus, scored on the rest; and two ways to cheat."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from umrnn.construct.continuum import DESCENT_BYTES
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.counts import Lesson
from umrnn.construct.register.closed_fits import Fitted, RegisterFit
from umrnn.construct.register.scorer import Span
from umrnn.construct.study.register_study import Procedure
from umrnn.construct.study.row import Row, as_table
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null, Split
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance

__all__ = ["Half", "Halves", "halves"]

_HONEST: dict[str, Procedure] = {
    "unigram": lambda fit: fit.unigram,
    "log_ratio": RegisterFit.log_ratio,
    "pinv": RegisterFit.pseudo_inverse,
    "gradient": RegisterFit.gradient_from_zero,
    "newton": RegisterFit.newton_validated,
}


@dataclass(frozen=True, eq=False)
class Half:
    """A read-out fitted on one part.

    Parameters
    ----------
    fitted_on, tuned_on : ``first``, ``rest`` or ``all``
    train_bpc : loss on the first part
    test_bpc : loss on the rest, after bytes of the rest only (t from the boundary on), as published
    row : of the common table; its ``held_out_bpc`` covers every byte of the rest
    """

    name: str
    fitted_on: str
    tuned_on: str
    train_bpc: float
    test_bpc: float
    row: Row


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Halves(Result):
    """What is learnt from the first part, and what it is worth in the rest."""

    halves: tuple[Half, ...]

    def headline(self) -> dict[str, Any]:
        """``NAME_train`` and ``NAME_test`` of each."""
        return {
            f"{half.name}_{part}": getattr(half, f"{part}_bpc") for half in self.halves for part in ("train", "test")
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table, ``bpc`` that of the first part; ``halves``: what each one has seen."""
        columns = ("construction", "fitted_on", "tuned_on", "train_bpc", "test_bpc")
        return {
            "constructions": as_table(half.row for half in self.halves),
            "halves": Table.of(
                columns, ((h.name, h.fitted_on, h.tuned_on, h.train_bpc, h.test_bpc) for h in self.halves)
            ),
        }


def halves(
    corpus: Corpus,
    *,
    hash: str = "mixed",
    bits: int | None = None,
    groups: int | None = None,
    hidden: int | None = None,
    descent_bytes: int = DESCENT_BYTES,
    split: Split | None = None,
    null: Null | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Halves:
    """Fit and tune read-outs on the first part alone, and score them on the rest.

    Beside them two scores that only look held out: a log-ratio whose alpha, scale and output bias have seen the rest,
    and gradient steps on all bytes. The parameters are those of :func:`umrnn.construct.shift_register`.

    Raises
    ------
    InputError
        If the first part is too short to fill the register, or the rest has no byte after its first.

    Examples
    --------
    >>> found = halves(Corpus.siteinfo(), null=Null(0)).headline()
    >>> round(found["pinv_train"], 3), round(found["pinv_test"], 2)
    (0.759, 3.98)
    """
    carrier = Carrier.of(hash, bits, groups, hidden=hidden, seed=seed)
    null, boundary = null or Null(1, seed), (split or Split()).boundary(len(corpus))
    if min(boundary, len(corpus) - boundary) < carrier.groups + 3:
        raise InputError(
            f"each part must have at least {carrier.groups + 3} bytes to fill {carrier.groups} groups, got {boundary} "
            f"and {len(corpus) - boundary}",
            hint="take a longer corpus, or fewer --groups",
        )
    how: dict[str, Any] = {"descent_bytes": descent_bytes, "leave_out": 0, "threads": threads, "progress": progress}
    parts = _Parts(
        RegisterFit(Lesson.of(corpus.slice(0, boundary)), carrier, **how),
        RegisterFit(Lesson.of(corpus), carrier, **how),
        boundary,
        threads,
    )
    settings = {
        "hash": hash,
        "groups": carrier.groups,
        "bits": carrier.bits,
        "held_out_from": corpus.start + boundary,
        "permutations": null.permutations,
        "descent_bytes": descent_bytes,
    }
    return Halves(
        halves=(*parts.honest(null, how), *parts.cheating()),
        provenance=provenance(corpus, parameters=settings, seed=seed, threads=threads),
    )


@dataclass(frozen=True, eq=False)
class _Parts:
    """The first part and the whole."""

    first: RegisterFit
    whole: RegisterFit
    boundary: int
    threads: int | None

    def honest(self, null: Null, how: dict[str, Any]) -> Iterator[Half]:
        """Fitted and tuned on the first part."""
        lessons = (self.first.lesson.shuffled(null, i) for i in range(null.permutations))
        shuffled = [RegisterFit(lesson, self.first.carrier, **how) for lesson in lessons]
        for name, procedure in _HONEST.items():
            nulls = [procedure(fit).read_out.bits(fit.lesson, fit.whole, threads=self.threads) for fit in shuffled]
            null_bpc = float(np.mean(nulls)) if nulls else None
            yield self._half(name, "first", "first", procedure(self.first), null_bpc)

    def cheating(self) -> Iterator[Half]:
        """What looks held out and is not."""
        rest = Span(self.boundary, self.whole.whole.last)
        yield self._half("log_ratio_tuned_on_rest", "first", "rest", self.first.log_ratio((self.whole, rest)), None)
        yield self._half("gradient_on_all", "all", "all", self.whole.gradient_from_zero(), None)

    def _half(self, name: str, fitted_on: str, tuned_on: str, found: Fitted, null_bpc: float | None) -> Half:
        last = self.whole.whole.last
        train, every, test = (
            found.read_out.bits(self.whole.lesson, span, threads=self.threads)
            for span in (Span(0, self.boundary - 2), Span(self.boundary - 1, last), Span(self.boundary, last))
        )
        held_out = every if tuned_on == "first" else None
        row = Row(name, found.detail, train, held_out, null_bpc, found.seconds, found.bytes_read)
        return Half(name, fitted_on, tuned_on, train, test, row)
