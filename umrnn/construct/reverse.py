"""Reverse isomorphism: features written from counts, as the factor map reads them, and read out by gradient steps.

The published program has the factor map's offsets, which are lags back from the byte just read: its "offset 1" is the
byte before that one, and the byte just read itself is no candidate.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, cast, final

from umrnn._validate import integer, offset_tuple
from umrnn.construct.offsets.counted_codes import (
    STEPS,
    Places,
    Written,
    difference_codes,
    fit_codes,
    fit_pair_hash,
    log_ratio_codes,
    random_codes,
)
from umrnn.construct.offsets.random_codes import first_position, seen
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row, as_table
from umrnn.construct.study.trials import Trial, Tried, order_0_of_all, spread_table, try_out
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.rnn.readout import Readout
from umrnn.um.search import greedy_steps

__all__ = ["Reverse", "reverse"]

_GREEDY, _MAX_LAG = 8, 30
_PAIR = (1, 7)  # lags of the factor map's commonest pair
_BYTES = 16
_DRAWS = 3
DESCENT_BYTES = 1 << 12


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Reverse(Result):
    """Read-outs of features written from counts, beside hashes of the same bytes.

    Parameters
    ----------
    tried : by name: ``log_ratio``, ``pattern_offsets``, ``difference``, ``random_hash``, ``bigram_hash``, ``pair_hash``
    order_0 : the bytes' own frequencies
    """

    tried: dict[str, Tried]
    order_0: Row

    def model(self, kind: str = "log_ratio") -> Readout:
        """The read-out of features of one kind, not of a hash of pairs: no file could hold that."""
        return cast(Readout, self.tried[kind].fit.model)

    def headline(self) -> dict[str, Any]:
        """In-sample and held out by name; the shuffled null of the first."""
        first = self.tried["log_ratio"]
        losses = {f"bpc_{name}": each.row.bpc for name, each in self.tried.items()}
        held_out = {f"bpc_{name}_held_out": each.row.held_out_bpc for name, each in self.tried.items()}
        keys = [key for name in losses for key in (name, f"{name}_held_out")]
        return {key: (losses | held_out)[key] for key in keys} | {
            "null_bpc_log_ratio": first.row.null_bpc,
            "order_0_held_out_bpc": self.order_0.held_out_bpc,
            "offsets": list(first.fit.offsets),
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: a row per kind of features; ``draws``: offsets, and the spread over random hashes."""
        rows = as_table([self.order_0, *(each.row for each in self.tried.values())])
        return {"constructions": rows, "draws": spread_table(self.tried.values())}


def reverse(
    parts: Holdout | Corpus,
    lags: tuple[int, ...] | None = None,
    *,
    draws: int = _DRAWS,
    descent_bytes: int = DESCENT_BYTES,
    null: Null | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
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
    parts : the texts; a corpus stands for its halves
    lags : by default the numbers of the eight offsets the greedy search finds, as published, on the text fitted
    draws : of the hashes, for the spread
    descent_bytes : the latest positions of a text, on which steps are made; counts are taken of all
    null : shuffles of the targets, from which the features are written too, one unless said otherwise; its seed is that
        of the hashes

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
    parts = Holdout.of(parts) if isinstance(parts, Corpus) else parts
    null = null or Null(1)
    integer("draws", draws, 1)
    trials = _trials(lags, integer("descent-bytes", descent_bytes, 1), draws, null.seed, parts)
    tried = try_out(list(trials.values()), parts, null, threads=threads, task="reverse", progress=progress)
    return Reverse(
        tried=dict(zip(trials, tried)),
        order_0=order_0_of_all(parts),
        provenance=provenance(
            parts.whole,
            parameters={
                **{"lags": lags, "draws": draws, "descent_bytes": descent_bytes, "permutations": null.permutations},
                **parts.parameters(),
            },
            seed=null.seed,
            threads=threads,
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


def _trials(given: tuple[int, ...] | None, latest: int, draws: int, seed: int, parts: Holdout) -> dict[str, Trial]:
    found = {text: _lags(given, text) for text in (parts.whole, parts.counted)}
    here = found[parts.whole]
    width, pair = _BYTES * len(here), here[:2] if given else _PAIR
    part = seen(parts.whole, latest)

    def places(shift: int, only: tuple[int, ...] | None = None) -> Places:
        return {
            text: (tuple(lag + shift for lag in only or lags), first_position(text, max(lags), latest))
            for text, lags in found.items()
        }

    def trial(detail: str, written: Written, where: Places, often: int = 1) -> Trial:
        return Trial("reverse", detail + part, STEPS, often, partial(fit_codes, written, where, seed))

    nearest = partial(random_codes, width=width)
    trials = {
        "log_ratio": trial("log-ratio at lags", log_ratio_codes, places(1)),
        "pattern_offsets": trial("log-ratio at offsets", log_ratio_codes, places(0)),
        "difference": trial("10 (P - mean P) at lags", difference_codes, places(1)),
        "random_hash": trial("random hash at lags", random_codes, places(1), draws),
        "bigram_hash": trial(f"hash of the byte at lag {here[0]}", nearest, places(1, here[:1]), draws),
    }
    if len(pair) == 2:
        fit = partial(fit_pair_hash, places(1, pair), width, seed)
        detail = f"hash of the pair at lags {pair[0]} and {pair[1]}{part}"
        trials["pair_hash"] = Trial("reverse", detail, STEPS, draws, fit)
    return trials
