"""``construct carriers``: registers of several sizes and codes, by least squares and by gradient steps."""

from dataclasses import dataclass
from functools import partial
from typing import Any, final

from umrnn._validate import integer, positive
from umrnn.construct.register import Carrier, ClosedForms, Descents, RegisterFit, bounded_descents, full_figures
from umrnn.construct.study import Entry, Measured, Study, as_table
from umrnn.corpus import Corpus, reads_text
from umrnn.nulls import Check, Null, share_of
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance

__all__ = ["CarrierDesign", "CarrierDesigns", "compare_carriers"]

_DESIGNS = (("mixed", 8), ("mixed", 16), ("random", 16), ("semantic", 8), ("hybrid", 16))
_RATE = 10.0  # .0715 bits on t >= 16 for 8 mixed signs; the published .068 names no rate, and 0.5 gives .305
_FALLS = (0.3, 0.6, 0.8)  # of all steps
_COLUMNS = (
    *("carrier", "hidden", "distinct_codes", "pinv_full_bpc", "pinv_full_null_bpc"),
    *("gradient_full_bpc", "gradient_full_null_bpc"),
)


@dataclass(frozen=True, eq=False)
class CarrierDesign:
    """One carrier with both read-outs; the scale of ``pinv_full`` is tuned on t >= G alone, as published."""

    carrier: Carrier
    pinv: Measured[RegisterFit]
    pinv_full: Measured[RegisterFit]
    gradient: Measured[RegisterFit]

    @property
    def name(self) -> str:
        """Hash and signs per byte."""
        return f"{self.carrier.hash}_{self.carrier.bits}"

    @property
    def row(self) -> tuple[Any, ...]:
        """Of the table ``carriers``."""
        published = (*full_figures(self.pinv_full), *full_figures(self.gradient))
        return (self.name, self.carrier.hidden, self.carrier.distinct_codes, *published)


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CarrierDesigns(Result):
    """Carriers compared; published figures leave out the positions before the register is full."""

    designs: tuple[CarrierDesign, ...]

    def headline(self) -> dict[str, Any]:
        """``NAME_pinv`` and ``NAME_gradient`` over t >= G as published, and ``…_all`` over all t."""
        figures: dict[str, Any] = {}
        for design in self.designs:
            figures[f"{design.name}_pinv"] = full_figures(design.pinv_full)[0]
            figures[f"{design.name}_gradient"] = full_figures(design.gradient)[0]
            for name, found in (("pinv", design.pinv), ("gradient", design.gradient)):
                figures[f"{design.name}_{name}_all"] = found.row.published_bpc
                figures[f"{design.name}_{name}_held_out"] = found.row.held_out_bpc
        return figures

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table, all t; ``carriers``: a row per carrier, t >= G as published."""
        return {
            "constructions": as_table(m.row for d in self.designs for m in (d.pinv, d.gradient)),
            "carriers": Table.of(_COLUMNS, (d.row for d in self.designs)),
        }


@reads_text
def compare_carriers(
    corpus: Corpus,
    *,
    groups: int | None = None,
    rate: float = _RATE,
    steps: int = 1000,
    descent_bytes: int | None = None,
    seed: int = 0,
    check: Check = Check(null=Null(1)),
    work: Work = Work(),
) -> CarrierDesigns:
    """Registers with 8 and 16 mixed signs, 16 random, 8 semantic, and 8 mixed with 8 semantic ones.

    Each is read out by the pseudo-inverse and by ``steps`` gradient steps from zero, whose ``rate`` falls to 0.3 of
    itself after 30, 60 and 80 % of them.

    Parameters
    ----------
    groups : default: 16, or as many as the counted text can fill
    descent_bytes : bytes that descents see, the latest; default: see
        :func:`umrnn.construct.register.bounded_descents`
    seed : of the random signs
    check : default: halves, and one shuffle

    Examples
    --------
    >>> found = compare_carriers(Corpus.siteinfo(), steps=1, check=Check(null=Null(0))).headline()
    >>> round(found["mixed_8_pinv"], 4), round(found["mixed_16_pinv"], 3)
    (1.4103, 0.438)
    """
    positive("lr", rate)
    integer("steps", steps, 0)
    study = Study.of(corpus, check, work)
    length = len(study.holdout.counted)
    carriers = [Carrier.of(hash, bits, groups, seed=seed, length=length) for hash, bits in _DESIGNS]
    descents = [bounded_descents(carrier, study.holdout, descent_bytes) for carrier in carriers]
    entries = [entry for pair in descents for entry in _entries(*pair, rate, steps)]
    found = iter(study.measure(entries, task="carriers"))
    counted, whole = descents[0]
    settings = {"groups": carriers[0].groups, "rate": rate, "steps": steps}
    settings |= {"descent_bytes": whole.latest, "descent_bytes_counted": counted.latest}
    return CarrierDesigns(
        designs=tuple(CarrierDesign(carrier, next(found), next(found), next(found)) for carrier in carriers),
        provenance=provenance(corpus, parameters={**settings, **study.parameters()}, seed=seed, threads=work.threads),
    )


def _entries(counted: Descents, whole: Descents, rate: float, steps: int) -> list[Entry[RegisterFit]]:
    """Pseudo-inverse, the same with its scale tuned where the register is full, gradient steps."""
    falls = tuple(share_of(steps, share) + 1 for share in _FALLS)
    carrier, cost = counted.carrier, 1 + steps
    closed, name = ClosedForms(carrier), f"{carrier.hash} {carrier.bits}"
    full = partial(closed.pseudo_inverse, tuned_when_full=True)
    return [
        Entry(f"{name}, pinv", "", closed.pseudo_inverse, closed.pseudo_inverse),
        Entry(f"{name}, pinv", "", full, full),
        Entry(
            f"{name}, gradient",
            "",
            partial(counted.from_zero, rate=rate, steps=steps, falls=falls),
            partial(whole.from_zero, rate=rate, steps=steps, falls=falls),
            steps=cost * carrier.bits,
        ),
    ]
