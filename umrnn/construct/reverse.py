"""``construct reverse``: features written from counts, as the factor map reads them, and read out by gradient steps.

The published program has the factor map's offsets, which are lags back from the byte just read: its "offset 1" is the
byte before that one, and the byte just read itself is no candidate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast, final

from umrnn._validate import integer, offset_tuple
from umrnn.construct.offsets.counted_codes import (
    STEPS,
    PairHash,
    Places,
    Written,
    WrittenCodes,
    difference_codes,
    log_ratio_codes,
    random_codes,
)
from umrnn.construct.offsets.fit import OffsetFit, draws_table
from umrnn.construct.offsets.latest import first_position, fitted_descent_bytes, seen
from umrnn.construct.study import Entry, Holdout, Measured, Row, Study, as_table, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.readout import Readout
from umrnn.um.search import greedy_steps

__all__ = ["Reverse", "reverse"]

_GREEDY, _MAX_LAG = 8, 30
_PAIR = (1, 7)  # lags of the factor map's commonest pair
_BYTES = 16
_DRAWS = 3


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Reverse(Result):
    """Read-outs of features written from counts, beside hashes of the same bytes.

    Parameters
    ----------
    measured : by name: ``log_ratio``, ``pattern_offsets``, ``difference``, ``random_hash``, ``bigram_hash``,
        ``pair_hash``
    order_0 : the bytes' own frequencies
    """

    measured: Mapping[str, Measured[OffsetFit]]
    order_0: Row

    def model(self, kind: str = "log_ratio") -> Readout:
        """The read-out of features of one kind, fitted to the whole text; no file holds a hash of pairs."""
        return cast(Readout, self.measured[kind].published_fits[0].model)

    def headline(self) -> dict[str, Any]:
        """By name, on the whole text as published and held out; the shuffled null of the first."""
        first, losses = self.measured["log_ratio"], dict[str, Any]()
        for name, each in self.measured.items():
            losses |= {f"bpc_{name}": each.row.published_bpc, f"bpc_{name}_held_out": each.row.held_out_bpc}
        return losses | {
            "null_bpc_log_ratio": first.row.published_null_bpc,
            "order_0_held_out_bpc": self.order_0.held_out_bpc,
            "offsets": list(first.published_fits[0].offsets),
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: a row per kind of features; ``draws``: offsets, and the spread over random hashes."""
        found = tuple(self.measured.values())
        rows = as_table([self.order_0, *(each.row for each in found)])
        return {"constructions": rows, "draws": draws_table(found)}


@reads_text
def reverse(
    holdout: Holdout | Corpus,
    lags: tuple[int, ...] | None = None,
    *,
    draws: int = _DRAWS,
    descent_bytes: int | None = None,
    null: Null | None = None,
    work: Work = Work(),
) -> Reverse:
    """Write features of past bytes from counts, and fit nothing but their read-out.

        log_ratio    feature y at lag d = ln P(y | b) / P(y), b = x[t - d], y one of the 16 commonest bytes, within ±3
        difference   10 (P(y | b) - P(y))
        random_hash, bigram_hash, pair_hash    random signs of the bytes at the same lags, of the byte at the first
                     lag alone, of the pair of bytes at lags 1 and 7 (or the first two)

    P is counted on the text with .001 added to each of 256 counts. ``pattern_offsets`` takes the same numbers as
    offsets back from the predicted byte. The read-out starts at W = 0, b = ln (count + ½) / (n + 128), and its loss is
    that before the 500th gradient step of rate ½, over the positions t >= the largest lag.

    Parameters
    ----------
    holdout : what is counted and what is held out; of a corpus, its halves
    lags : default: the numbers of the eight offsets the greedy search finds, as published, on the text fitted
    draws : of the hashes, for the spread
    descent_bytes : the latest positions of a text, on which steps are made (default: 4,096, fewer where many kinds of
        byte follow them); counts are taken of all
    null : shuffles of the targets (default: one), from which the features are written too; its seed is that of the
        hashes

    Raises
    ------
    InputError
        If a text is too short for the lags, or its features would not fit into memory.

    Examples
    --------
    >>> result = reverse(Corpus.siteinfo(), draws=1, null=Null(0))
    >>> round(result.headline()["bpc_log_ratio"], 5)
    0.10708
    """
    holdout = Holdout.of(holdout) if isinstance(holdout, Corpus) else holdout
    null, latest = null or Null(1), fitted_descent_bytes(descent_bytes, holdout.whole)
    entries = _entries(lags, latest, integer("draws", draws, 1), null.seed, holdout)
    found = Study(holdout, Check(null=null), work).measure(tuple(entries.values()), task="reverse")
    settings = {"lags": lags, "draws": draws, "descent_bytes": latest, "permutations": null.permutations}
    return Reverse(
        measured=dict(zip(entries, found)),
        order_0=order_0(holdout, published=True),
        provenance=provenance(
            holdout.whole, parameters=settings | holdout.parameters(), seed=null.seed, threads=work.threads
        ),
    )


def _lags(given: tuple[int, ...] | None, text: Corpus) -> tuple[int, ...]:
    """The lags given, or as many as the search finds on ``text``, which must leave a byte to predict."""
    if given:
        lags = offset_tuple(given, len(text), noun="lag")
    else:
        farthest = min(_MAX_LAG, len(text) - 3)
        if farthest < 1:
            raise InputError(f"features of past bytes need at least four bytes to fit, got {len(text)}")
        lags = tuple(step.offset for step in greedy_steps(text, _GREEDY, farthest, null=Null(0))) or (1,)
    if max(lags) + 2 > len(text):
        raise InputError(
            f"every lag must leave a byte to predict: {max(lags)} needs {max(lags) + 2} bytes to fit, got {len(text)}",
            hint="name smaller lags or a longer corpus",
        )
    return lags


def _entries(
    given: tuple[int, ...] | None, latest: int, draws: int, seed: int, holdout: Holdout
) -> dict[str, Entry[OffsetFit]]:
    """What is tried, by name; the source fits and scores the whole text."""
    found = {text: _lags(given, text) for text in dict.fromkeys((holdout.whole, holdout.counted))}
    here = found[holdout.counted]
    width, pair = _BYTES * len(found[holdout.whole]), given[:2] if given else _PAIR
    part = seen(holdout.counted, latest)

    def places(shift: int, number: int | None = None, only: tuple[int, ...] = ()) -> Places:
        return {
            text: (tuple(lag + shift for lag in only or lags[:number]), first_position(text, max(lags), latest))
            for text, lags in found.items()
        }

    def entry(detail: str, written: Written, where: Places, often: int = 1) -> Entry[OffsetFit]:
        fit = WrittenCodes(written, where, seed)
        return Entry("reverse", detail + part, fit, fit, often, STEPS)

    nearest = partial(random_codes, width=width)
    entries = {
        "log_ratio": entry("log-ratio at lags", log_ratio_codes, places(1)),
        "pattern_offsets": entry("log-ratio at offsets", log_ratio_codes, places(0)),
        "difference": entry("10 (P - mean P) at lags", difference_codes, places(1)),
        "random_hash": entry("random hash at lags", random_codes, places(1), draws),
        "bigram_hash": entry(f"hash of the byte at lag {here[0]}", nearest, places(1, 1), draws),
    }
    if len(pair) == 2:
        detail = f"hash of the pair at lags {pair[0]} and {pair[1]}{part}"
        hashed = PairHash(places(1, only=pair), width, seed)
        entries["pair_hash"] = Entry("reverse", detail, hashed, hashed, draws, STEPS)
    return entries
