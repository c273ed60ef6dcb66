"""``construct continuum``: from counts to optimisation on one shift register, step by step."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, final

from umrnn.construct.register import Carrier, ClosedForms, Descents, RegisterFit, bounded_descents, full_figures
from umrnn.construct.study import Entry, Measured, Procedure, Row, Study, as_table, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.weights import Elman

__all__ = ["Continuum", "continuum"]

_SHOWN = (0, 1, 2, 5, 10, 20, 30, 50, 100, 200, 300, 500)  # steps of a descent in the table, besides the last
_STEPS = 50  # of a descent that take as long as a closed form


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Continuum(Result):
    """Read-outs of one carrier, from none to Newton's method.

    Published figures are those of the source's procedures, fitted to all of the corpus and scored on it.

    Parameters
    ----------
    order_0 : the bytes' own frequencies
    measured : by name, in the order of the table
    model, best : the published network of least loss, and its name
    """

    order_0: Row
    measured: dict[str, Measured[RegisterFit]]
    model: Elman
    best: str

    @property
    def newton_steps_to_gradient(self) -> int | None:
        """Newton steps until the loss of all gradient steps from zero is reached, on the same positions; or None."""
        aim, reached = self._losses("zero_gd1000")[-1], self._losses("newton")
        return next((step for step, bits in enumerate(reached) if bits <= aim), None)

    def headline(self) -> dict[str, Any]:
        """``bpc_NAME`` as published, ``bpc_NAME_held_out``, ``null_bpc_NAME``; the best; what Newton's method took."""
        figures: dict[str, Any] = {}
        for name, row in {"order_0": self.order_0, **{name: m.row for name, m in self.measured.items()}}.items():
            figures[f"bpc_{name}"] = row.published_bpc
            figures[f"bpc_{name}_held_out"] = row.held_out_bpc
            figures[f"null_bpc_{name}"] = row.published_null_bpc
        facts = self.measured["newton"].published_fits[0].facts
        return {
            **figures,
            "best": self.best,
            "newton_steps": facts["steps"],
            "newton_products": facts["products"],
            "newton_steps_to_gradient": self.newton_steps_to_gradient,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table; ``full_register``: published, t = G … n-2; ``descents``: on the way.

        The losses on the way are those of the published fits, on the positions they see.
        """
        rows = []
        for name in self.measured:
            losses = self._losses(name)
            rows += [(name, i, losses[i]) for i in sorted({*_SHOWN, len(losses) - 1}) if 0 <= i < len(losses)]
        return {
            "constructions": as_table([self.order_0, *(m.row for m in self.measured.values())]),
            "full_register": Table.of(
                ("construction", "full_bpc", "full_null_bpc"),
                ((name, *full_figures(m)) for name, m in self.measured.items()),
            ),
            "descents": Table.of(("construction", "step", "fit_bpc"), rows),
        }

    def _losses(self, name: str) -> tuple[float, ...]:
        descent = self.measured[name].published_fits[0].descent
        return descent.bits if descent else ()


@reads_text
def continuum(
    corpus: Corpus,
    carrier: Carrier | None = None,
    *,
    descent_bytes: int | None = None,
    check: Check = Check(null=Null(1)),
    work: Work = Work(),
) -> Continuum:
    """Read out one shift register by counting, least squares, gradient steps and Newton's method, and score each.

    Published figures are fitted and tuned on the bytes they are scored on. Beside each stand the same procedure on the
    first part alone, scored on it and on the rest, and both on shuffled targets.

    Parameters
    ----------
    carrier : default: 16 groups of 8 mixed signs, or as many groups as the counted text can fill
    descent_bytes : bytes that descents see, the latest; default: see
        :func:`umrnn.construct.register.bounded_descents`
    check : default: halves, and one shuffle

    Examples
    --------
    >>> found = continuum(Corpus.siteinfo().slice(0, 200), check=Check(null=Null(0))).headline()
    >>> found["bpc_pinv_gd20"] < found["bpc_pinv"] < found["bpc_log_ratio"]
    True
    """
    study = Study.of(corpus, check, work)
    carrier = carrier or Carrier.of(length=len(study.holdout.counted))
    counted, whole = bounded_descents(carrier, study.holdout, descent_bytes)
    entries = _entries(ClosedForms(carrier), counted, whole)
    found = dict(zip(entries, study.measure(list(entries.values()), task="continuum")))
    networks = {name: m.published_fits[0] for name, m in found.items() if m.published_fits[0].W_y is not None}
    best = min(networks, key=lambda name: networks[name].bpc)
    seen = {"descent_bytes": whole.latest, "descent_bytes_counted": counted.latest}
    fitted = {"model_fitted_to": (corpus.start, corpus.stop)}
    return Continuum(
        order_0=order_0(study.holdout, published=True),
        measured=found,
        model=networks[best].elman(),
        best=best,
        provenance=provenance(
            corpus,
            parameters={**carrier.parameters(), **study.parameters(), **seen, **fitted},
            seed=carrier.seed,
            threads=work.threads,
        ),
    )


def _entries(closed: ClosedForms, counted: Descents, whole: Descents) -> dict[str, Entry[RegisterFit]]:
    """By name. Published rates, with the falls as they must be to give the published figures: after the step."""
    forms = {"log_ratio": closed.log_ratio, "fourier": closed.fourier}
    forms |= {"naive_bayes": closed.naive_bayes, "pinv": closed.pseudo_inverse}
    ways: dict[str, tuple[int, Callable[[Descents], Procedure[RegisterFit]]]] = {
        "pinv_gd20": (20, lambda seen: partial(seen.from_least_squares, rate=0.5, steps=20)),
        "pinv_gd500": (500, lambda seen: partial(seen.from_least_squares, rate=0.3, steps=500, falls=(151, 301))),
        "zero_gd1000": (1000, lambda seen: seen.from_zero),
    }
    found = {name: Entry(name, "", form, form, steps=_STEPS) for name, form in forms.items()}
    found |= {name: Entry(name, "", way(counted), way(whole), steps=steps) for name, (steps, way) in ways.items()}
    return found | {"newton": Entry("newton", "", counted.newton_validated, whole.newton, steps=1000)}
