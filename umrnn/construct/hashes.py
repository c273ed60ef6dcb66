"""``construct hashes``: whether it matters which signs stand for a byte."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, final

from umrnn._validate import integer
from umrnn.construct.register import Carrier, ClosedForms, RegisterFit, sign_rows
from umrnn.construct.register.codes import DESIGNS
from umrnn.construct.study import Entry, Lesson, Measured, Procedure, Study, as_table
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance

__all__ = ["HashDesign", "HashDesigns", "compare_hashes"]

_DRAWS = 10
_CODES = ("hash", "bits", "groups", "hidden", "distinct_codes", "codes_in_text")
_LOSSES = ("bpc", "held_out_bpc", "published_bpc")


@dataclass(frozen=True, eq=False)
class HashDesign:
    """Codes of one design, read out by both closed forms; of random half-splits several draws.

    Parameters
    ----------
    carrier : the first draw
    """

    hash: str
    carrier: Carrier
    log_ratio: Measured[RegisterFit]
    pinv: Measured[RegisterFit]

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """That of each draw."""
        return tuple(fit.carrier for fit in self.pinv.fits)

    @property
    def losses(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Published bits per byte of log-ratio and pseudo-inverse, for each draw."""
        log_ratio, pinv = (tuple(fit.bpc for fit in m.published_fits) for m in (self.log_ratio, self.pinv))
        return log_ratio, pinv

    @property
    def codes(self) -> tuple[Any, ...]:
        """A row of the table of this name; the last figure is of the bytes that occur."""
        carrier, counts = self.carrier, self.pinv.published_fits[0].byte_counts
        in_text = len({code.tobytes() for code in carrier.codes[counts > 0]})
        return (self.hash, carrier.bits, carrier.groups, carrier.hidden, carrier.distinct_codes, in_text)

    @property
    def signs(self) -> tuple[tuple[Any, ...], ...]:
        """Rows as :func:`umrnn.construct.register.sign_rows` has them."""
        return sign_rows(self.carrier, self.pinv.published_fits[0].byte_counts)

    def draws(self) -> Iterator[tuple[Any, ...]]:
        """Of each draw its number, its codes and the three losses of both read-outs."""
        for draw, carrier in enumerate(self.carriers):
            losses = (
                loss
                for m in (self.log_ratio, self.pinv)
                for loss in (m.fits[draw].bpc, m.held_out_bpc[draw], m.published_fits[draw].bpc)
            )
            yield (draw, carrier.distinct_codes, *losses)


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HashDesigns(Result):
    """The same register and the same two closed forms with codes of several designs."""

    designs: tuple[HashDesign, ...]

    def headline(self) -> dict[str, Any]:
        """Codes and both published losses of each design; of random half-splits median and spread over draws."""
        figures: dict[str, Any] = {}
        for design in sorted(self.designs, key=lambda design: design.hash == "random"):
            codes, name = [carrier.distinct_codes for carrier in design.carriers], design.hash
            if name == "random":
                figures |= {"random_codes_min": min(codes), "random_codes_max": max(codes)}
            else:
                figures[f"{name}_codes"] = codes[0]
            for kind, losses in zip(("log_ratio", "pinv"), design.losses):
                figures[f"{name}_{kind}"] = median(losses)
                if name == "random":
                    figures[f"{name}_{kind}_min"], figures[f"{name}_{kind}_max"] = min(losses), max(losses)
        return figures

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table; ``codes``: a row per design; ``draws``: of random; ``signs``."""
        columns = tuple(f"{kind}_{loss}" for kind in ("log_ratio", "pinv") for loss in _LOSSES)
        return {
            "constructions": as_table(m.row for d in self.designs for m in (d.log_ratio, d.pinv)),
            "codes": Table.of(_CODES, (d.codes for d in self.designs)),
            "draws": Table.of(
                ("draw", "distinct_codes", *columns),
                (row for d in self.designs if d.hash == "random" for row in d.draws()),
            ),
            "signs": Table.of(
                ("hash", "sign", "meaning", "bytes_plus", "share_plus"),
                ((d.hash, *row) for d in self.designs for row in d.signs),
            ),
        }


@reads_text
def compare_hashes(
    corpus: Corpus,
    *,
    hashes: Sequence[str] = DESIGNS,
    groups: int | None = None,
    draws: int = _DRAWS,
    seed: int = 0,
    check: Check = Check(null=Null(1)),
    work: Work = Work(),
) -> HashDesigns:
    """Write the register with codes of each design, 8 signs (hybrid: 16), and read it out in both closed forms.

    Parameters
    ----------
    hashes : designs, see :func:`umrnn.construct.register.codes.byte_codes`
    groups : default: 16, or as many as the counted text can fill
    draws : of random half-splits, from ``seed`` on
    check : default: halves, and one shuffle

    Examples
    --------
    >>> hashes = ("bits", "degenerate")
    >>> found = compare_hashes(Corpus.siteinfo(), hashes=hashes, check=Check(null=Null(0))).headline()
    >>> {name: round(figure, 3) for name, figure in found.items() if "codes" not in name}
    {'bits_log_ratio': 3.163, 'bits_pinv': 1.576, 'degenerate_log_ratio': 3.603, 'degenerate_pinv': 3.852}
    """
    if not hashes:
        raise InputError("hashes must name at least one design, got none")
    number, study = integer("draws", draws, 1), Study.of(corpus, check, work)
    length = len(study.holdout.counted)
    carriers = {
        hash: tuple(
            Carrier.of(hash, groups=groups, seed=seed + draw, length=length)
            for draw in range(number if hash == "random" else 1)
        )
        for hash in hashes
    }
    entries = [entry for hash, drawn in carriers.items() for entry in _entries(hash, drawn)]
    found = study.measure(entries, task="hashes")
    settings = {"hashes": list(hashes), "groups": carriers[hashes[0]][0].groups, "draws": number}
    pairs = zip(carriers.items(), zip(found[::2], found[1::2]))
    return HashDesigns(
        designs=tuple(HashDesign(hash, drawn[0], *pair) for (hash, drawn), pair in pairs),
        provenance=provenance(corpus, parameters={**settings, **study.parameters()}, seed=seed, threads=work.threads),
    )


def _entries(hash: str, drawn: Sequence[Carrier]) -> Iterator[Entry[RegisterFit]]:
    """Log-ratio and pseudo-inverse, the carrier by the draw of the lesson."""
    ways: dict[str, Callable[[ClosedForms], Procedure[RegisterFit]]] = {
        "log-ratio": lambda closed: closed.log_ratio,
        "pinv": lambda closed: closed.pseudo_inverse,
    }
    for name, way in ways.items():

        def fit(lesson: Lesson, way: Callable[[ClosedForms], Procedure[RegisterFit]] = way) -> RegisterFit:
            return way(ClosedForms(drawn[lesson.draw]))(lesson)

        yield Entry(f"{hash}, {name}", "", fit, fit, draws=len(drawn))
