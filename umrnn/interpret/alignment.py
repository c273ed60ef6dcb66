"""Does the network use what counts say is there? Effects of replaced bytes beside pointwise mutual information."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from math import nan
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.interpret.replaced import Replacement, checked_positions, other_kind, position_effects, replacements
from umrnn.nulls import Null, Split
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.weights import Elman
from umrnn.statistics import spearman
from umrnn.um.pointwise import pointwise_information
from umrnn.um.reachable import reachable

__all__ = ["Alignment", "alignment", "usual_positions"]

_MAX_OFFSET, _THRESHOLD = 20, 0.5
_SHALLOW, _DEEP = 4, 15  # offsets up to, and beyond
_STRONGEST = 20  # effects listed

Floats = NDArray[np.float64]


class Shares(NamedTuple):
    """Shares of the summed effect at pairs of high information: at all offsets, at 1 to 4, beyond 15."""

    all: float
    shallow: float
    deep: float


@dataclass(frozen=True, eq=False)
class Chance:
    """What shuffles of the corpus, and permutations of the effects within each offset, give; empty without any.

    Parameters
    ----------
    shares : shape (N, 3), the three shares with the pairs and counts of a shuffled corpus
    by_offset : shape (N, D), the share at each offset likewise
    permuted_shares : shape (N,), the share in all with permuted effects
    permuted_r : shape (N, D + 1), rank correlations with permuted effects: by offset, and over all pairs
    """

    shares: Floats
    by_offset: Floats
    permuted_shares: Floats
    permuted_r: Floats


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Alignment(Result):
    """Effects of replaced bytes, and the information between those bytes and the byte predicted.

    Parameters
    ----------
    positions : shape (P,), int64, of the byte just read, counted in the source of the corpus
    delta_bits : shape (P, D), rise of -log2 p(next byte) when the byte at offset d = 1 … D is replaced; NaN before
        the corpus begins
    pmi_bits, held_out_pmi_bits : shape (P, D), of these two bytes, from counts of the corpus; of its first half
    other_delta_bits : as ``delta_bits``, with the other kind of replacement; None where there is none
    next_held_out : shape (P,), whether the byte predicted lies in the second half
    threshold : bits above which a pair counts as aligned
    chance : the nulls
    corpus : the bytes
    """

    positions: NDArray[np.int64]
    delta_bits: Floats
    pmi_bits: Floats
    held_out_pmi_bits: Floats
    other_delta_bits: Floats | None
    next_held_out: NDArray[np.bool_]
    threshold: float
    chance: Chance
    corpus: Corpus

    def headline(self) -> dict[str, Any]:
        """Shares of the effect at aligned pairs as published; the same by chance, held out, and as ranks."""
        effect, aligned, chance = np.abs(self.delta_bits), self.pmi_bits > self.threshold, self.chance
        shares, null = _shares(effect, aligned), _mean(chance.shares)
        late = self.next_held_out
        r = spearman(effect, self.pmi_bits)
        other = self.other_delta_bits
        return {
            "aligned": shares.all,
            "shallow": shares.shallow,
            "deep": shares.deep,
            "base_rate": _base_rate(effect, aligned),
            "permuted_aligned": _permuted(effect, aligned),
            "p_value": _p_value(shares.all, chance.permuted_shares),
            "null_aligned": null[0],
            "null_shallow": null[1],
            "null_deep": null[2],
            "held_out_aligned": _share(effect[late], self.held_out_pmi_bits[late] > self.threshold),
            "second_half_aligned": _share(effect[late], aligned[late]),
            "rank_r": r,
            "null_rank_r": _mean(chance.permuted_r)[-1],
            "rank_p_value": _p_value(r, chance.permuted_r[:, -1]),
            "other_aligned": None if other is None else _share(np.abs(other), aligned),
            "positions": len(self.positions),
        }

    def tables(self) -> dict[str, Table]:
        """``offsets``: a row per offset; ``strongest``: the largest effects."""
        null = _mean(self.chance.by_offset)
        rows = ((i + 1, *self._at_offset(i), null[i], *self._ranks(i)) for i in range(self.delta_bits.shape[1]))
        columns = ("offset", "positions", "abs_delta_bits", "effect_share", "aligned", "base_rate", "held_out_aligned")
        last = ("mean_pmi_bits", "null_aligned", "rank_r", "rank_p_value")
        return {"offsets": Table.of((*columns, *last), rows), "strongest": self._strongest()}

    def _at_offset(self, i: int) -> tuple[int, float, float, float, float, float, float]:
        effect, pmi, late = np.abs(self.delta_bits[:, i]), self.pmi_bits[:, i], self.next_held_out
        known, total = ~np.isnan(effect), float(np.nansum(np.abs(self.delta_bits)))
        return (
            int(known.sum()),
            float(effect[known].mean()) if known.any() else nan,
            float(effect[known].sum()) / total if total else nan,
            _share(effect, pmi > self.threshold),
            _base_rate(effect, pmi > self.threshold),
            _share(effect[late], self.held_out_pmi_bits[late, i] > self.threshold),
            float(pmi[known].mean()) if known.any() else nan,
        )

    def _ranks(self, i: int) -> tuple[float, float | None]:
        r = spearman(np.abs(self.delta_bits[:, i]), self.pmi_bits[:, i])
        return r, _p_value(r, self.chance.permuted_r[:, i])

    def _strongest(self) -> Table:
        size = np.where(np.isnan(self.delta_bits), -1.0, np.abs(self.delta_bits))
        rows = []
        for place in np.argsort(-size, axis=None, kind="stable")[:_STRONGEST].tolist():
            row, i = divmod(place, size.shape[1])
            position, pmi = int(self.positions[row]), float(self.pmi_bits[row, i])
            if size[row, i] >= 0:
                t = position - self.corpus.start
                pair = (bytes([self.corpus.data[t - i]]), bytes([self.corpus.data[t + 1]]))
                rows.append((position, i + 1, *pair, float(self.delta_bits[row, i]), pmi, pmi > self.threshold))
        return Table.of(("position", "offset", "byte", "next", "delta_bits", "pmi_bits", "is_aligned"), rows)


@reads_text
def alignment(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    positions: Iterable[int] | None = None,
    max_offset: int | None = None,
    threshold: float = _THRESHOLD,
    replace: Replacement = "unseen",
    null: Null | None = None,
    work: Work = Work(),
) -> Alignment:
    """Share of the effects of replaced bytes that falls on pairs of high pointwise mutual information.

        δ = |-log2 p'(x[t + 1]) + log2 p(x[t + 1])|, with x[t - d + 1] replaced and the network re-run to t
        PMI_d(x, y) = log2 [p_d(x, y) / (p(x) p(y))],    aligned = sum of δ [PMI > threshold] / sum of δ

    over positions t and offsets d = 1 … D. A pair that occurs in a short corpus has a high PMI almost surely, so the
    share proves nothing by itself: beside it stand the share of all pairs above the threshold, whatever their effect
    (``base_rate``); the share when effects change places within each offset (``permuted``); the share with pairs and
    counts of a shuffled corpus (``null``); and with counts of the first half for targets in the second.

    Parameters
    ----------
    positions : of the byte just read, counted in the source of the corpus; default: every 4th as published, at most
        some thousand of a long corpus
    max_offset : D; default: 20, or as far as the corpus allows
    threshold : in bits
    replace : by (x + 128) mod 256, ``unseen``, or by a ``random`` other byte of the corpus; the other one stands beside
    null : shuffles and permutations; default: 199, or 39 from 20,000 bytes on; its seed draws random bytes too

    Raises
    ------
    InputError
        If the corpus is a single byte, a position has no next byte, or an option is out of range.

    Examples
    --------
    >>> found = alignment(Elman.zeros(hidden=2), Corpus.siteinfo(), null=Null(0))
    >>> found.headline()["aligned"], found.headline()["positions"]
    (nan, 249)

    References
    ----------
    Question 7 of the 2026-02-11 pages.
    """
    check_predicts(corpus)
    offsets = integer("max-offset", reachable(max_offset, _MAX_OFFSET, corpus), 1, len(corpus) - 1)
    if not np.isfinite(threshold):
        raise InputError(f"threshold must be a finite number of bits, got {threshold}")
    null = (null or Null.usual(None, len(corpus))).fitting(8 * 5 * offsets)
    usual = usual_positions(corpus)
    chosen = checked_positions(usual if positions is None else positions, corpus)
    network, facts, _ = opened(model)
    effects = partial(position_effects, network, corpus, chosen, offsets, work=work)
    delta = effects(other=replacements(corpus, replace, null.seed)).delta_bits
    second = other_kind(corpus, replace, null.seed)
    boundary, places = Split().boundary(len(corpus)), np.array(chosen, np.int64) - corpus.start
    pmi = pointwise_information(corpus, places, offsets, work=work.silent())
    named = f"{usual.start}:{usual.stop}:{usual.step}" if positions is None else chosen
    settings = {"positions": named, "max_offset": offsets, "threshold": threshold, "replace": replace}
    settings |= {"permutations": null.permutations, "held_out_from": corpus.start + boundary}
    return Alignment(
        positions=places + corpus.start,
        delta_bits=delta,
        pmi_bits=pmi,
        held_out_pmi_bits=pointwise_information(corpus, places, offsets, stop=boundary, work=work.silent()),
        other_delta_bits=None if second is None else effects(other=second).delta_bits,
        next_held_out=places + 1 >= boundary,
        threshold=float(threshold),
        chance=_chance(corpus, places, np.abs(delta), pmi, threshold, null, work),
        corpus=corpus,
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=facts),
    )


def usual_positions(corpus: Corpus) -> range:
    """Every 4th position from the 30th on in 1,024 bytes, at most 1,000 evenly spaced ones of more, all of a few.

    Examples
    --------
    >>> usual_positions(Corpus.siteinfo()), usual_positions(Corpus.siteinfo().slice(100, 110))
    (range(30, 1023, 4), range(100, 109))
    """
    length = len(corpus)
    start = min(30, (length - 2) // 33)
    span = length - 1 - start
    step = max(-(-span // 1000), min(4, -(-span // 250)))
    return range(corpus.start + start, corpus.start + length - 1, step)


def _chance(
    corpus: Corpus,
    positions: NDArray[np.int64],
    effect: Floats,
    pmi: Floats,
    threshold: float,
    null: Null,
    work: Work,
) -> Chance:
    """Shuffle the corpus, and count again; permute the effects of each offset over positions."""
    number, offsets = null.permutations, effect.shape[1]
    shares, by_offset = np.full((number, len(Shares._fields)), nan), np.full((number, offsets), nan)
    permuted_shares, permuted_r = np.full(number, nan), np.full((number, offsets + 1), nan)
    work.progress.start("shuffles", number)
    for i in range(number):
        shuffled = Corpus.from_bytes(null.shuffled(corpus.data, i))
        aligned = pointwise_information(shuffled, positions, offsets, work=work.silent()) > threshold
        shares[i] = _shares(effect, aligned)
        by_offset[i] = [_share(effect[:, d], aligned[:, d]) for d in range(offsets)]
        permuted = _permuted_effects(effect, null.generator(1 << 32, i))
        permuted_shares[i] = _share(permuted, pmi > threshold)
        permuted_r[i, :-1] = [spearman(permuted[:, d], pmi[:, d]) for d in range(offsets)]
        permuted_r[i, -1] = spearman(permuted, pmi)
        work.progress.advance(1)
    work.progress.finish()
    return Chance(shares, by_offset, permuted_shares, permuted_r)


def _permuted_effects(effect: Floats, generator: np.random.Generator) -> Floats:
    out = effect.copy()
    for d in range(effect.shape[1]):
        known = np.flatnonzero(~np.isnan(effect[:, d]))
        out[known, d] = effect[generator.permutation(known), d]
    return out


def _share(effect: Floats, aligned: NDArray[np.bool_]) -> float:
    """Share of the summed effect where ``aligned``; NaN where there is no effect."""
    total = float(np.nansum(effect))
    return float(np.nansum(effect * aligned)) / total if total else nan


def _shares(effect: Floats, aligned: NDArray[np.bool_]) -> Shares:
    parts = (slice(None), slice(_SHALLOW), slice(_DEEP, None))
    return Shares(*(_share(effect[:, part], aligned[:, part]) for part in parts))


def _base_rate(effect: Floats, aligned: NDArray[np.bool_]) -> float:
    """Share of pairs that are aligned, whatever their effect; NaN where there is no pair."""
    known = ~np.isnan(effect)
    return float(aligned[known].mean()) if known.any() else nan


def _permuted(effect: Floats, aligned: NDArray[np.bool_]) -> float:
    """Mean of ``_share`` over all permutations of the effects within each offset, exactly."""
    rates = [_base_rate(effect[:, d], aligned[:, d]) for d in range(effect.shape[1])]
    total = float(np.nansum(effect))
    return float(np.nansum(np.nansum(effect, axis=0) * rates)) / total if total else nan


def _p_value(observed: float, draws: Floats) -> float | None:
    """None without draws, or where there is nothing to compare."""
    return None if np.isnan(observed) or not len(draws) else Null.p_value(observed, draws.tolist())


def _mean(draws: Floats) -> list[float | None]:
    """Column means; None without draws."""
    return draws.mean(axis=0).tolist() if len(draws) else [None] * draws.shape[1]
