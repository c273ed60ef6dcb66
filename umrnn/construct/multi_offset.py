"""Multi-offset read-outs: how much of the next byte follows from random codes of the bytes at several offsets."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast, final

from umrnn._validate import integer
from umrnn.construct.offsets.random_codes import OffsetDesign, fit_design, seen
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row, as_table
from umrnn.construct.study.trials import Trial, Tried, order_0_of_all, spread_table, try_out
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import SILENT, Progress
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
DESCENT_BYTES = 1 << 12


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MultiOffset(Result):
    """Read-outs of several sets of offsets, and the bytes' own frequencies: no offset at all."""

    fits: tuple[Tried, ...]
    order_0: Row

    @property
    def model(self) -> Readout:
        """The read-out of the first design."""
        return cast(Readout, self.fits[0].fit.model)

    def headline(self) -> dict[str, Any]:
        """The read-out that fits best, and the one that is best held out, beside the bytes' own frequencies."""
        best = min(self.fits, key=lambda fit: fit.bpc[0]).row
        tested = min(self.fits, key=lambda fit: fit.held_out_bpc[0]).row
        return {
            "detail": best.detail,
            "bpc": best.bpc,
            "held_out_bpc": best.held_out_bpc,
            "null_bpc": best.null_bpc,
            "best_held_out_detail": tested.detail,
            "best_held_out_bpc": tested.held_out_bpc,
            "order_0_bpc": self.order_0.bpc,
            "order_0_held_out_bpc": self.order_0.held_out_bpc,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: a row per design; ``draws``: offsets, and the spread over random codes."""
        table = as_table([self.order_0, *(fit.row for fit in self.fits)])
        return {"constructions": table, "draws": spread_table(self.fits)}


def multi_offset(
    parts: Holdout | Corpus,
    designs: Sequence[OffsetDesign] | None = None,
    *,
    draws: int | None = None,
    descent_bytes: int = DESCENT_BYTES,
    null: Null | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> MultiOffset:
    """Read the next byte out of random codes of the bytes at several offsets.

        x_t = (code_1[b_1], …, code_D[b_D])      b_i at offset d_i, code_i[b] = random signs, features / D of them
        P(next byte) = softmax(W x_t + b), or softmax(W max(0, W_1 x_t + b_1) + b)

    W and b start at 0 and make 1,000 steps of rate 0.5, halved after 300, 600 and 800, on all positions t >= max d_i; a
    hidden layer starts at random and makes 2,000 steps of rate 0.1, halved after 500, 1,000 and 1,500.

    Parameters
    ----------
    parts : the texts; a corpus stands for its halves
    designs : by default the published ones for which there are bytes enough
    draws : of codes, for the spread; three, one where the text is longer than ``descent_bytes``. The published hidden
        layers are drawn once
    descent_bytes : the latest positions of a text, on which steps are made
    null : shuffles of the targets, one unless said otherwise; its seed is that of codes and layers

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
    parts = Holdout.of(parts) if isinstance(parts, Corpus) else parts
    null = null or Null(1)
    usual = _DRAWS if len(parts.whole) <= integer("descent-bytes", descent_bytes, 1) else _FEW_DRAWS
    draws = usual if draws is None else integer("draws", draws, 1)
    trials = []
    for design in designs or _published(parts):
        places = {text: design.on(text) for text in (parts.whole, parts.counted)}
        often = 1 if designs is None and design.neurons else draws
        fit = partial(fit_design, design, places, descent_bytes, null.seed)
        detail = design.shown(places[parts.whole]) + seen(parts.whole, descent_bytes)
        trials.append(Trial("multi-offset", detail, design.steps, often, fit))
    return MultiOffset(
        fits=try_out(trials, parts, null, threads=threads, task="multi-offset", progress=progress),
        order_0=order_0_of_all(parts),
        provenance=provenance(
            parts.whole,
            parameters={
                **{"draws": draws, "descent_bytes": descent_bytes, "permutations": null.permutations},
                **parts.parameters(),
            },
            seed=null.seed,
            threads=threads,
        ),
    )


def _published(parts: Holdout) -> tuple[OffsetDesign, ...]:
    length = min(len(parts.whole), len(parts.counted))
    fit = tuple(design for design in PUBLISHED if max(design.offsets, default=1) + 2 <= length)
    if not fit:
        raise InputError(f"there must be at least three bytes to fit, got {length}", hint="name a longer corpus")
    return fit
