"""``construct hashes``: whether it matters which signs stand for a byte."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from umrnn._validate import integer
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.codes import DESIGNS
from umrnn.construct.register.closed_fits import RegisterFit
from umrnn.construct.shift_register import sign_rows
from umrnn.construct.study.register_study import Measured, RegisterStudy
from umrnn.construct.study.row import as_table
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null, Split
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance

__all__ = ["HashDesign", "HashDesigns", "compare_hashes"]

_DRAWS = 10


@dataclass(frozen=True, eq=False)
class HashDesign:
    """Codes of one design, read out by both closed forms.

    Parameters
    ----------
    codes_in_text : distinct codes among the bytes that occur
    signs : rows as :func:`umrnn.construct.shift_register.sign_rows` has them
    """

    name: str
    carrier: Carrier
    log_ratio: Measured
    pinv: Measured
    codes_in_text: int
    signs: tuple[tuple[Any, ...], ...]

    @property
    def losses(self) -> tuple[float, float]:
        """In-sample bits per byte of log-ratio and pseudo-inverse."""
        assert self.log_ratio.row.bpc is not None
        assert self.pinv.row.bpc is not None
        return self.log_ratio.row.bpc, self.pinv.row.bpc


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HashDesigns(Result):
    """The same register and the same two closed forms with codes of several designs.

    Parameters
    ----------
    designs : one record each, of ``random`` the first draw
    draws : all draws of random half-splits, scored without null
    """

    designs: tuple[HashDesign, ...]
    draws: tuple[HashDesign, ...]

    def headline(self) -> dict[str, Any]:
        """Codes and both losses of each design; of random half-splits the median over draws, and the spread."""
        figures: dict[str, Any] = {}
        for design in self.designs:
            if design.name != "random":
                figures[f"{design.name}_codes"] = design.carrier.distinct_codes
                figures[f"{design.name}_log_ratio"], figures[f"{design.name}_pinv"] = design.losses
        if self.draws:
            codes = [draw.carrier.distinct_codes for draw in self.draws]
            figures |= {"random_codes_min": min(codes), "random_codes_max": max(codes)}
            for name, losses in zip(("log_ratio", "pinv"), zip(*(draw.losses for draw in self.draws))):
                figures[f"random_{name}"] = statistics.median(losses)
                figures[f"random_{name}_min"], figures[f"random_{name}_max"] = min(losses), max(losses)
        return figures

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table; ``codes``: a row per design; ``draws``: of random; ``signs``."""
        sizes = ("hash", "bits", "groups", "hidden", "distinct_codes", "codes_in_text")
        return {
            "constructions": as_table(m.row for d in self.designs for m in (d.log_ratio, d.pinv)),
            "codes": Table.of(
                sizes,
                (
                    (
                        d.name,
                        d.carrier.bits,
                        d.carrier.groups,
                        d.carrier.hidden,
                        d.carrier.distinct_codes,
                        d.codes_in_text,
                    )
                    for d in self.designs
                ),
            ),
            "draws": Table.of(
                ("draw", "distinct_codes", "log_ratio_bpc", "pinv_bpc", "pinv_held_out_bpc"),
                ((i, d.carrier.distinct_codes, *d.losses, d.pinv.row.held_out_bpc) for i, d in enumerate(self.draws)),
            ),
            "signs": Table.of(
                ("hash", "sign", "meaning", "bytes_plus", "share_plus"),
                ((d.name, *row) for d in self.designs for row in d.signs),
            ),
        }


def compare_hashes(
    corpus: Corpus,
    *,
    hashes: Sequence[str] = DESIGNS,
    groups: int = 16,
    draws: int = _DRAWS,
    split: Split | None = None,
    null: Null | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> HashDesigns:
    """Write the register with codes of each design, 8 signs (hybrid: 16), and read it out in both closed forms.

    Parameters
    ----------
    hashes : designs, see :func:`umrnn.construct.register.codes.byte_codes`
    draws : of random half-splits, from ``seed`` on

    Examples
    --------
    >>> found = compare_hashes(Corpus.siteinfo(), hashes=("bits", "degenerate"), null=Null(0)).headline()
    >>> {name: round(figure, 3) for name, figure in found.items() if "codes" not in name}
    {'bits_log_ratio': 3.163, 'bits_pinv': 1.576, 'degenerate_log_ratio': 3.603, 'degenerate_pinv': 3.852}
    """
    if not hashes:
        raise InputError("hashes must name at least one design, got none")
    null, number = null or Null(1, seed), integer("draws", draws, 1)

    def measured(name: str, draw: int, chance: Null) -> HashDesign:
        carrier = Carrier.of(name, groups=groups, seed=seed + draw)
        study = RegisterStudy(corpus, carrier, split=split, null=chance, threads=threads, progress=progress)
        counts = study.whole.counts.byte_counts
        return HashDesign(
            name,
            carrier,
            study.measured(f"{name}, log-ratio", RegisterFit.log_ratio),
            study.measured(f"{name}, pinv", RegisterFit.pseudo_inverse),
            len({code.tobytes() for code in carrier.codes[counts > 0]}),
            sign_rows(carrier, name, counts),
        )

    progress.start("hashes", len(hashes) + (number if "random" in hashes else 0), "designs")
    found, drawn = [], []
    for name in hashes:
        found.append(measured(name, 0, null))
        progress.advance(1)
    for draw in range(number if "random" in hashes else 0):
        drawn.append(measured("random", draw, Null(0)))
        progress.advance(1)
    progress.finish()
    boundary = (split or Split()).boundary(len(corpus))
    settings = {"hashes": list(hashes), "groups": groups, "draws": len(drawn), "permutations": null.permutations}
    return HashDesigns(
        designs=tuple(found),
        draws=tuple(drawn),
        provenance=provenance(
            corpus, parameters={**settings, "held_out_from": corpus.start + boundary}, seed=seed, threads=threads
        ),
    )
