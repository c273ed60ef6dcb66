"""``construct carriers``: registers of several sizes and codes, by least squares and by gradient steps."""

from dataclasses import dataclass
from typing import Any, final

from umrnn._validate import integer, positive
from umrnn.construct.continuum import DESCENT_BYTES
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.closed_fits import Fitted, RegisterFit
from umrnn.construct.study.register_study import Measured, RegisterStudy
from umrnn.construct.study.row import as_table
from umrnn.corpus import Corpus
from umrnn.nulls import Null, Split, share_of
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance

__all__ = ["CarrierDesign", "CarrierDesigns", "compare_carriers"]

_DESIGNS = (("mixed", 8), ("mixed", 16), ("random", 16), ("semantic", 8), ("hybrid", 16))
_RATE = 10.0  # .0715 bits on t >= 16 for 8 mixed signs; the published .068 names no rate, and 0.5 gives .305
_FALLS = (0.3, 0.6, 0.8)  # of all steps


@dataclass(frozen=True, eq=False)
class CarrierDesign:
    """One carrier with both read-outs; the scale of ``pinv_full`` is tuned on t >= G alone, as published."""

    name: str
    carrier: Carrier
    pinv: Measured
    pinv_full: Measured
    gradient: Measured


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CarrierDesigns(Result):
    """Carriers compared; published figures leave out the positions before the register is full."""

    designs: tuple[CarrierDesign, ...]

    def headline(self) -> dict[str, Any]:
        """``NAME_pinv`` and ``NAME_gradient`` over t >= G as published, and ``…_all`` over all t."""
        figures: dict[str, Any] = {}
        for design in self.designs:
            figures[f"{design.name}_pinv"] = design.pinv_full.full_bpc
            figures[f"{design.name}_gradient"] = design.gradient.full_bpc
            for read_out, found in (("pinv", design.pinv), ("gradient", design.gradient)):
                figures[f"{design.name}_{read_out}_all"] = found.row.bpc
                figures[f"{design.name}_{read_out}_held_out"] = found.row.held_out_bpc
        return figures

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table, all t; ``carriers``: a row per carrier, t >= G as published."""
        columns = (
            "carrier", "hidden", "distinct_codes", "pinv_full_bpc", "pinv_full_null_bpc", "gradient_full_bpc",
            "gradient_full_null_bpc",
        )  # fmt: skip
        return {
            "constructions": as_table(m.row for d in self.designs for m in (d.pinv, d.gradient)),
            "carriers": Table.of(
                columns,
                (
                    (
                        d.name,
                        d.carrier.hidden,
                        d.carrier.distinct_codes,
                        *(x for m in (d.pinv_full, d.gradient) for x in (m.full_bpc, m.full_null_bpc)),
                    )
                    for d in self.designs
                ),
            ),
        }


def compare_carriers(
    corpus: Corpus,
    *,
    groups: int = 16,
    rate: float = _RATE,
    steps: int = 1000,
    descent_bytes: int = DESCENT_BYTES,
    split: Split | None = None,
    null: Null | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> CarrierDesigns:
    """Registers with 8 and 16 mixed signs, 16 random, 8 semantic, and 8 mixed with 8 semantic ones.

    Each is read out by the pseudo-inverse and by ``steps`` gradient steps from zero, whose ``rate`` falls to 0.3 of
    itself after 30, 60 and 80 % of them.

    Parameters
    ----------
    seed : of the random signs and of the shuffles

    Examples
    --------
    >>> found = compare_carriers(Corpus.siteinfo(), steps=1, null=Null(0)).headline()
    >>> round(found["mixed_8_pinv"], 4), round(found["mixed_16_pinv"], 3)
    (1.4103, 0.438)
    """
    positive("lr", rate)
    integer("steps", steps, 0)
    null = null or Null(1, seed)
    falls = tuple(share_of(steps, share) + 1 for share in _FALLS)

    def descended(fit: RegisterFit) -> Fitted:
        return fit.gradient_from_zero(rate, steps, falls)

    def tuned_when_full(fit: RegisterFit) -> Fitted:
        return fit.pseudo_inverse(tuned_on=fit.full)

    carriers, found = {(name, bits): Carrier.of(name, bits, groups, seed=seed) for name, bits in _DESIGNS}, []
    for (name, bits), carrier in carriers.items():
        study = RegisterStudy(
            corpus,
            carrier,
            split=split,
            null=null,
            descent_bytes=descent_bytes,
            threads=threads,
            progress=progress,
        )
        found.append(
            CarrierDesign(
                f"{name}_{bits}",
                study.carrier,
                study.measured(f"{name} {bits}, pinv", RegisterFit.pseudo_inverse),
                study.measured(f"{name} {bits}, pinv", tuned_when_full),
                study.measured(f"{name} {bits}, gradient", descended),
            )
        )
    settings = {"groups": groups, "rate": rate, "steps": steps, **study.parameters()}
    del settings["bits"]
    return CarrierDesigns(
        designs=tuple(found), provenance=provenance(corpus, parameters=settings, seed=seed, threads=threads)
    )
