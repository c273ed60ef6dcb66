"""``construct continuum``: from counts to optimisation on one shift register, step by step."""

from dataclasses import dataclass
from typing import Any, final

from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.closed_fits import RegisterFit
from umrnn.construct.study.register_study import Measured, RegisterStudy
from umrnn.construct.study.row import as_table
from umrnn.corpus import Corpus
from umrnn.nulls import Null, Split
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.rnn.weights import Elman

__all__ = ["DESCENT_BYTES", "Continuum", "continuum"]

DESCENT_BYTES = 1 << 13  # positions of four descents, each fitted three times
_SHOWN = (0, 1, 2, 5, 10, 20, 30, 50, 100, 200, 300, 500)  # steps of a descent in the table, besides the last

# Published rates, with the falls as they must be to give the published figures: after the step, counted from 0.
_PROCEDURES = {
    "unigram": (lambda fit: fit.unigram, None),
    "log_ratio": (RegisterFit.log_ratio, None),
    "fourier": (RegisterFit.fourier, None),
    "naive_bayes": (RegisterFit.naive_bayes, None),
    "pinv": (lambda fit: fit.pseudo_inverse(), None),
    "pinv_gd20": (lambda fit: fit.gradient_from_least_squares(0.5, 20), None),
    "pinv_gd500": (lambda fit: fit.gradient_from_least_squares(0.3, 500, (151, 301)), None),
    "zero_gd1000": (lambda fit: fit.gradient_from_zero(), None),
    "newton": (lambda fit: fit.newton(), RegisterFit.newton_validated),
}


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Continuum(Result):
    """Read-outs of one carrier, from none to Newton's method.

    Parameters
    ----------
    measured : by name, in the order of the table
    model, best : the network of least in-sample loss, and its name
    """

    measured: dict[str, Measured]
    model: Elman
    best: str

    @property
    def newton_steps_to_gradient(self) -> int | None:
        """Newton steps until the loss of all gradient steps from zero is reached, on the same positions; or None."""
        aim, reached = self._losses("zero_gd1000")[-1], self._losses("newton")
        return next((step for step, bits in enumerate(reached) if bits <= aim), None)

    def headline(self) -> dict[str, Any]:
        """``bpc_NAME``, ``bpc_NAME_held_out``, ``null_bpc_NAME``; the best; what Newton's method took."""
        figures: dict[str, Any] = {}
        for name, found in self.measured.items():
            figures[f"bpc_{name}"] = found.row.bpc
            figures[f"bpc_{name}_held_out"] = found.row.held_out_bpc
            figures[f"null_bpc_{name}"] = found.row.null_bpc
        facts = self.measured["newton"].fitted.facts
        return {
            **figures,
            "best": self.best,
            "newton_steps": facts["steps"],
            "newton_products": facts["products"],
            "newton_steps_to_gradient": self.newton_steps_to_gradient,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table; ``full_register``: t = G … n-2 only; ``descents``: losses on the way."""
        full = ((name, m.full_bpc, m.full_null_bpc) for name, m in self.measured.items())
        rows = []
        for name in self.measured:
            losses = self._losses(name)
            rows += [(name, i, losses[i]) for i in sorted({*_SHOWN, len(losses) - 1}) if 0 <= i < len(losses)]
        return {
            "constructions": as_table(m.row for m in self.measured.values()),
            "full_register": Table.of(("construction", "full_bpc", "full_null_bpc"), full),
            "descents": Table.of(("construction", "step", "fit_bpc"), rows),
        }

    def _losses(self, name: str) -> tuple[float, ...]:
        descent = self.measured[name].fitted.descent
        return descent.bits if descent else ()


def continuum(
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
) -> Continuum:
    """Read out one shift register by counting, least squares, gradient steps and Newton's method, and score each.

    Published figures are fitted and tuned on the bytes they are scored on. Beside each stand the same procedure on the
    first part alone, scored on the rest, and on shuffled targets. The parameters are those of
    :func:`umrnn.construct.shift_register`.

    Examples
    --------
    >>> found = continuum(Corpus.siteinfo().slice(0, 200), null=Null(0))
    >>> found.headline()["bpc_pinv_gd20"] < found.headline()["bpc_pinv"] < found.headline()["bpc_log_ratio"]
    True
    """
    carrier = Carrier.of(hash, bits, groups, hidden=hidden, seed=seed)
    study = RegisterStudy(
        corpus,
        carrier,
        split=split,
        null=null or Null(1, seed),
        descent_bytes=descent_bytes,
        threads=threads,
        progress=progress,
    )
    found = {name: study.measured(name, *procedures) for name, procedures in _PROCEDURES.items()}
    networks = [name for name, m in found.items() if m.fitted.W_y is not None]
    best = min(networks, key=lambda name: found[name].row.bpc or 0.0)
    return Continuum(
        measured=found,
        model=study.whole.elman(found[best].fitted),
        best=best,
        provenance=provenance(corpus, parameters={"hash": hash, **study.parameters()}, seed=seed, threads=threads),
    )
