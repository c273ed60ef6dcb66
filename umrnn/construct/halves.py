"""``construct halves``: a register fitted on the first part of a corpus, scored on the rest; and two ways to cheat."""

from dataclasses import dataclass, replace
from typing import Any, final

from umrnn.construct.register import Carrier, ClosedForms, Descents, RegisterFit, Span, bounded_descents
from umrnn.construct.study import Entry, Holdout, Lesson, Measured, Procedure, Row, Study, as_table, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.parallel import run_jobs
from umrnn.progress import Progress, Work
from umrnn.result import Result, Table, provenance

__all__ = ["Half", "Halves", "halves"]

_CLOSED = 50  # steps of a descent that take as long as a closed form


@dataclass(frozen=True, eq=False)
class Half:
    """A read-out fitted on one part.

    Parameters
    ----------
    fitted_on, tuned_on : ``first``, ``rest`` or ``all``
    train_bpc : loss on the first part
    test_bpc : loss on the rest, after bytes of the rest only (t from the boundary on), as published
    """

    construction: str
    fitted_on: str
    tuned_on: str
    train_bpc: float | None
    test_bpc: float | None

    @classmethod
    def of(cls, construction: str, fitted_on: str, tuned_on: str, fit: RegisterFit, holdout: Holdout) -> "Half":
        """Score ``fit`` on both parts."""
        train = fit.bits(holdout.counted, 1)
        return cls(construction, fitted_on, tuned_on, train, fit.bits(holdout.scored, holdout.first + 1))


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Halves(Result):
    """What is learnt from the first part, and what it is worth in the rest.

    Parameters
    ----------
    order_0 : the bytes' own frequencies
    measured : fitted on the first part, by name
    halves : these, and the two that cheat
    """

    order_0: Row
    measured: dict[str, Measured[RegisterFit]]
    halves: tuple[Half, ...]

    def headline(self) -> dict[str, Any]:
        """``NAME_train`` and ``NAME_test`` of each."""
        return {
            f"{half.construction}_{part}": getattr(half, f"{part}_bpc")
            for half in self.halves
            for part in ("train", "test")
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table; ``halves``: what each one has seen, those that cheat among them."""
        columns = ("construction", "fitted_on", "tuned_on", "train_bpc", "test_bpc")
        return {
            "constructions": as_table([self.order_0, *(m.row for m in self.measured.values())]),
            "halves": Table.of_records(self.halves, columns),
        }


@reads_text
def halves(
    corpus: Corpus,
    carrier: Carrier | None = None,
    *,
    descent_bytes: int | None = None,
    check: Check = Check(null=Null(1)),
    work: Work = Work(),
) -> Halves:
    """Fit and tune read-outs on the first part alone, and score them on the rest.

    Beside them two scores that only look held out: a log-ratio whose alpha, scale and output bias have seen the rest,
    and gradient steps on all bytes.

    Parameters
    ----------
    carrier : default: 16 groups of 8 mixed signs, or as many groups as the first part can fill
    descent_bytes : bytes that descents see, the latest; default: see
        :func:`umrnn.construct.register.bounded_descents`
    check : default: halves, and one shuffle

    Raises
    ------
    InputError
        If the first part is too short for the register, or the rest has no byte after its first.

    Examples
    --------
    >>> found = halves(Corpus.siteinfo(), check=Check(null=Null(0))).headline()
    >>> round(found["pinv_train"], 3), round(found["pinv_test"], 2)
    (0.759, 3.98)
    """
    study = Study.of(corpus, check, work)
    if len(corpus) - study.holdout.first < 2:
        raise InputError("the rest must hold at least two bytes, got one", hint="hold out a larger share")
    carrier = carrier or Carrier.of(length=len(study.holdout.counted))
    counted, whole = bounded_descents(carrier, study.holdout, descent_bytes, leave_out=0)
    ways: dict[str, tuple[int, Procedure[RegisterFit]]] = {
        "log_ratio": (_CLOSED, ClosedForms(carrier).log_ratio),
        "pinv": (_CLOSED, ClosedForms(carrier).pseudo_inverse),
        "gradient": (1000, counted.from_zero),
        "newton": (1000, counted.newton_validated),
    }
    entries = [Entry(name, "", way, steps=steps) for name, (steps, way) in ways.items()]
    measured = dict(zip(ways, study.measure(entries, task="halves")))
    honest = (Half.of(name, "first", "first", found.fit, study.holdout) for name, found in measured.items())
    baseline, later = order_0(study.holdout), order_0(replace(study.holdout, first=study.holdout.first + 1))
    seen = {"descent_bytes": whole.latest, "descent_bytes_counted": counted.latest}
    return Halves(
        order_0=baseline,
        measured=measured,
        halves=(Half("order_0", "first", "first", baseline.bpc, later.held_out_bpc), *honest, *_cheating(whole, study)),
        provenance=provenance(
            corpus,
            parameters={**carrier.parameters(), **study.parameters(), **seen},
            seed=carrier.seed,
            threads=work.threads,
        ),
    )


def _cheating(descents: Descents, study: Study) -> tuple[Half, Half]:
    """What looks held out and is not."""
    holdout, carrier = study.holdout, descents.carrier
    first, whole = Lesson.of(holdout.counted, study.work.silent()), Lesson.of(holdout.whole)

    def tuned_on_rest(progress: Progress) -> RegisterFit:
        rest = Span(holdout.first, len(whole) - 1)
        return ClosedForms(carrier).log_ratio(first, tuned_on=(whole, rest))

    def on_all(progress: Progress) -> RegisterFit:
        return descents.from_zero(whole.given(Work(1, progress)))

    tuned, fitted = run_jobs([(_CLOSED, tuned_on_rest), (1000, on_all)], study.work, task="what looks held out")
    return (
        Half.of("log_ratio_tuned_on_rest", "first", "rest", tuned, holdout),
        Half.of("gradient_on_all", "all", "all", fitted, holdout),
    )
