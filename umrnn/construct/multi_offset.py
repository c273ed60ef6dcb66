"""``construct multi-offset``: how much of the next byte follows from random codes of the bytes at several offsets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, final

from umrnn._validate import integer
from umrnn.construct.offsets.design import OffsetDesign, places_of
from umrnn.construct.offsets.fit import OffsetFit, draws_table
from umrnn.construct.offsets.latest import fitted_descent_bytes
from umrnn.construct.offsets.random_codes import RandomCodes
from umrnn.construct.readout.latest import outputs_of
from umrnn.construct.study import Entry, Holdout, Measured, Row, Study, as_table, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.readout import Readout

__all__ = ["MultiOffset", "OffsetDesign", "multi_offset"]

PUBLISHED = (
    OffsetDesign((1,)),
    OffsetDesign((1, 2)),
    OffsetDesign((1, 8)),
    OffsetDesign((1, 2, 3, 4)),
    OffsetDesign(greedy=4),
    OffsetDesign(tuple(range(1, 9))),
    OffsetDesign(greedy=8),
    OffsetDesign(tuple(range(1, 17))),
    OffsetDesign(greedy=4, neurons=256),
    OffsetDesign(greedy=8, neurons=128),
    OffsetDesign(greedy=8, neurons=256),
)
_DRAWS, _FEW_DRAWS = 3, 1
_AFFORDABLE = 80e9  # multiplications of all fits in one direction: about ten seconds of one core

Places = Mapping[Corpus, tuple[int, ...]]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MultiOffset(Result):
    """Read-outs of several sets of offsets, and the bytes' own frequencies: no offset at all."""

    measured: tuple[Measured[OffsetFit], ...]
    order_0: Row

    @property
    def model(self) -> Readout:
        """The read-out of the first design, fitted to the whole text."""
        return cast(Readout, self.measured[0].published_fits[0].model)

    def headline(self) -> dict[str, Any]:
        """The read-out that fits the whole text best, and the one that is best held out, beside order 0."""
        best = min(self.measured, key=lambda each: each.published_fits[0].bpc)
        tested = min(self.measured, key=lambda each: each.held_out_bpc[0])
        return {
            "detail": best.published_fits[0].detail,
            "bpc": best.row.published_bpc,
            "held_out_bpc": best.row.held_out_bpc,
            "null_bpc": best.row.published_null_bpc,
            "best_held_out_detail": tested.row.detail,
            "best_held_out_bpc": tested.row.held_out_bpc,
            "order_0_bpc": self.order_0.published_bpc,
            "order_0_held_out_bpc": self.order_0.held_out_bpc,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: a row per design; ``draws``: offsets, and the spread over random codes."""
        table = as_table([self.order_0, *(each.row for each in self.measured)])
        return {"constructions": table, "draws": draws_table(self.measured)}


@reads_text
def multi_offset(
    holdout: Holdout | Corpus,
    designs: Sequence[OffsetDesign] | None = None,
    *,
    draws: int | None = None,
    descent_bytes: int | None = None,
    null: Null | None = None,
    work: Work = Work(),
) -> MultiOffset:
    """Read the next byte out of random codes of the bytes at several offsets.

        x_t = (code_1[b_1], …, code_D[b_D])      b_i at offset d_i, code_i[b] = random signs, features / D of them
        P(next byte) = softmax(W x_t + b), or softmax(W max(0, W_1 x_t + b_1) + b)

    W and b start at 0 and make 1,000 steps of rate 0.5, halved after 300, 600 and 800, on all positions t >= max d_i; a
    hidden layer starts at random and makes 2,000 steps of rate 0.1, halved after 500, 1,000 and 1,500.

    Parameters
    ----------
    holdout : what is counted and what is held out; of a corpus, its halves
    designs : default: the published ones for which there are bytes enough; on another text than the published, the
        first of them, as many as about ten seconds of one core can fit
    draws : of codes, for the spread (default: three; one where the text is longer than ``descent_bytes``, or designs
        were left out). The published hidden layers are drawn once
    descent_bytes : the latest positions of a text, on which steps are made (default: 4,096, fewer where so many kinds
        of byte follow them that a step would cost more than on the published text)
    null : shuffles of the targets (default: one); its seed is that of codes and layers

    Raises
    ------
    InputError
        If a text is too short for the offsets, or its features would not fit into memory.

    Examples
    --------
    >>> result = multi_offset(Corpus.siteinfo(), [OffsetDesign((1,))], draws=1, null=Null(0))
    >>> round(result.headline()["bpc"], 2)
    2.05
    """
    holdout = Holdout.of(holdout) if isinstance(holdout, Corpus) else holdout
    null, latest = null or Null(1), fitted_descent_bytes(descent_bytes, holdout.whole)
    chosen, left_out = (tuple(designs), 0) if designs else _published(holdout, latest, null.permutations)
    usual = _DRAWS if len(holdout.whole) <= latest and not left_out else _FEW_DRAWS
    draws = usual if draws is None else integer("draws", draws, 1)
    entries = []
    for design, places in zip(chosen, places_of(chosen, _texts(holdout))):
        often = 1 if designs is None and design.neurons else draws
        fit = RandomCodes(design, places, latest, null.seed)
        entries.append(Entry("multi-offset", "", fit, fit, often, design.steps))
    settings = {"draws": draws, "descent_bytes": latest, "permutations": null.permutations}
    settings |= {"designs": len(chosen), "designs_left_out": left_out}
    return MultiOffset(
        measured=Study(holdout, Check(null=null), work).measure(entries, task="multi-offset"),
        order_0=order_0(holdout, published=True),
        provenance=provenance(
            holdout.whole, parameters=settings | holdout.parameters(), seed=null.seed, threads=work.threads
        ),
    )


def _texts(holdout: Holdout) -> tuple[Corpus, ...]:
    """What designs are fitted to: the whole text as published, and what is counted of it."""
    return (holdout.whole,) if holdout.once else (holdout.whole, holdout.counted)


def _published(holdout: Holdout, latest: int, shuffles: int) -> tuple[tuple[OffsetDesign, ...], int]:
    """The published designs to try, and how many were left out for their cost."""
    texts = _texts(holdout)
    length = min(len(text) for text in texts)
    fit = [design for design in PUBLISHED if max(design.offsets, default=1) + 2 <= length]
    if not fit:
        raise InputError(f"there must be at least three bytes to fit, got {length}", hint="name a longer corpus")
    if holdout.whole.sha256 == Corpus.siteinfo().sha256:
        return tuple(fit), 0
    different = _different(fit, places_of(fit, texts))
    cost, affordable = 0.0, 1
    for number, design in enumerate(different, start=1):
        cost += sum((1 + shuffles) * min(latest, len(t)) * design.products(outputs_of(t, latest)) for t in texts)
        if cost <= _AFFORDABLE:
            affordable = number
    return tuple(different[:affordable]), len(different) - affordable


def _different(designs: Sequence[OffsetDesign], places: Sequence[Places]) -> list[OffsetDesign]:
    """The first of those designs that read the same offsets through as many neurons."""
    found: dict[tuple[Any, ...], OffsetDesign] = {}
    for design, where in zip(designs, places):
        found.setdefault((design.neurons, *where.values()), design)
    return list(found.values())
