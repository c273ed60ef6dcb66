"""Factor map: each neuron as a table of the bytes at two lags, beside what chance makes of the same search.

    ĥ_j(t) = mean of h_j over the positions that share (x[t - d1], x[t - d2])        R² = 1 - SSE / SST

The pair (d1, d2) with the largest R² is the neuron's. In-sample R² is flattered by small cells and by the choice among
pairs, so each stands beside R² without the position itself, on bytes not counted, and on states in another order.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import offset_tuple
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.interpret.factors import (
    CellMeans,
    Grouping,
    Movement,
    PairSearch,
    SignVotes,
    best_by_chance,
    feature_tables,
    movement,
    replayed_bpc,
    rotations,
    shuffles,
    sign_votes,
)
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.model_file import ModelFile
from umrnn.rnn.states import States, opened_states
from umrnn.rnn.weights import Elman
from umrnn.statistics import false_discovery_q, mean_of_known

__all__ = ["PUBLISHED_LAGS", "FactorMap", "NeuronFactors", "factor_map"]

PUBLISHED_LAGS = (1, 8, 20, 3, 27, 2, 12, 7)
_REACH = 24  # lags 0 … 24 are searched by default
_TIE = 1e-12
_SHORTEST = 4  # bytes: two lags, and two positions whose states may differ
_GOOD = 0.8  # R² from which the source calls a neuron explained
_FALSE = 0.05  # rate of false discoveries
_VOTES = ("vote_accuracy", "null_vote_accuracy", "loo_vote_accuracy", "held_out_vote_accuracy", "commoner_sign_share")


@dataclass(frozen=True)
class NeuronFactors:
    """One neuron: its pair of lags and how much of its variance the pair explains; no pair if it never changes."""

    neuron: int
    lags: tuple[int, int] | None
    r2: float
    null_r2: float
    p_value: float
    q_value: float
    shifted_r2: float
    loo_r2: float
    held_out_r2: float
    chance_r2: float
    cells: int | None
    degrees_of_freedom: int | None
    single_lag: int | None
    single_r2: float
    spread: float
    mean_abs_state: float
    flag: str | None


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FactorMap(Result):
    """The factor map of a network, or of any states."""

    neurons: tuple[NeuronFactors, ...]
    signs: tuple[SignVotes, ...]
    positions: int
    figures: Mapping[str, float | None]
    more: Mapping[str, Table]
    groupings: Mapping[tuple[int, ...], Grouping]

    def headline(self) -> dict[str, Any]:
        """Mean R² over neurons and the same where chance, or bytes not counted, had a say; bits per byte of the map."""
        rows = self.neurons
        taken = Counter(row.lags for row in rows if row.lags is not None).most_common(1)
        pair, count = taken[0] if taken else (None, 0)
        return {
            "mean_r2": mean_of_known(row.r2 for row in rows),
            "null_r2": mean_of_known(row.null_r2 for row in rows),
            "loo_r2": mean_of_known(row.loo_r2 for row in rows),
            "held_out_r2": mean_of_known(row.held_out_r2 for row in rows),
            "shifted_r2": mean_of_known(row.shifted_r2 for row in rows),
            "neurons_r2_80": sum(row.r2 >= _GOOD for row in rows),
            "neurons_loo_r2_80": sum(row.loo_r2 >= _GOOD for row in rows),
            "significant_neurons": self._significant(),
            "weighted_r2": self._weighted_r2(),
            "constant_neurons": sum(bool(np.isnan(row.r2)) for row in rows),
            "still_neurons": sum(row.flag == "still" for row in rows),
            "saturated_neurons": sum(row.flag == "saturated" for row in rows),
            "neurons": len(rows),
            "dominant_pair": list(pair) if pair else None,
            "dominant_pair_neurons": count,
            "null_r2_fixed": self.groupings[pair].chance_r2 if pair else None,
            "single_r2": mean_of_known(row.single_r2 for row in rows),
            **{name: mean_of_known(getattr(row, name) for row in self.signs) for name in _VOTES},
            "conjunctions": sum(row.conjunction is True for row in self.signs),
            "loo_conjunctions": sum(row.loo_conjunction is True for row in self.signs),
            "positions": self.positions,
            **self.figures,
        }

    def tables(self) -> dict[str, Table]:
        """``lag_pairs``, by how many neurons take each; ``neurons``; ``sign_votes``; ``maps``, ``features`` if any."""
        return {
            "lag_pairs": self._pairs(),
            **self.more,
            "neurons": Table.of_records(self.neurons, NeuronFactors),
            "sign_votes": Table.of_records(self.signs, SignVotes),
        }

    def _significant(self) -> int | None:
        """Neurons with a small enough q-value; None where so few shuffles cannot show one."""
        shuffles_needed = 1 / _FALSE - 1
        if self.provenance["parameters"]["permutations"] < shuffles_needed:
            return None
        return sum(row.q_value <= _FALSE + _TIE for row in self.neurons)

    def _weighted_r2(self) -> float | None:
        """Share of the variance of all neurons together that is explained; None where none varies."""
        moving = [row for row in self.neurons if row.r2 == row.r2]
        variance = sum(row.spread**2 for row in moving)
        return sum(row.spread**2 * row.r2 for row in moving) / variance if variance else None

    def _pairs(self) -> Table:
        names = ("lags", "neurons", "mean_r2", "loo_r2", "held_out_r2", "chance_r2", "cells", "degrees_of_freedom")
        rows = []
        for pair, count in Counter(row.lags for row in self.neurons if row.lags).most_common():
            own = [row for row in self.neurons if row.lags == pair]
            means = [mean_of_known(getattr(row, name) for row in own) for name in ("r2", "loo_r2", "held_out_r2")]
            rows.append((pair, count, *means, own[0].chance_r2, own[0].cells, own[0].degrees_of_freedom))
        return Table.of(names, rows)


@reads_text
def factor_map(
    source: Elman | ModelFile | States,
    corpus: Corpus,
    lags: Iterable[int] | None = None,
    *,
    features: bool = False,
    check: Check | None = None,
    work: Work = Work(),
) -> FactorMap:
    """Find for each neuron the two lags whose bytes explain most of its variance, and how much of that is real.

    Parameters
    ----------
    source : a network, or states of any recurrent network, one row per byte; only a network has bits per byte
    lags : candidates, 0 for the byte just read; default: 0 … 24, fewer on a short corpus. Explained are all states that
        have every lag
    features : with word length, tags and the other features of the text, as second factor and added to the map
    check : where the counted bytes end (default: half), and shuffles of the states in time and as many shifts, the
        search repeated on each (default: 199, or 39 on long corpora). A p-value is the larger of the two: states that
        change slowly reach a high R² under shifts too

    Raises
    ------
    InputError
        If a lag repeats or reaches beyond the corpus, there are fewer than two lags, or the corpus is too short.

    Examples
    --------
    >>> import umrnn.rnn as rnn
    >>> found = factor_map(rnn.shipped(), Corpus.siteinfo(), (1, 7, 8), check=Check(null=Null(3)))
    >>> found.headline()["loo_r2"] < found.headline()["mean_r2"]
    True
    """
    chosen = _checked(lags, corpus)
    first, stop = max(chosen), len(corpus)
    explained = opened_states(source, corpus)
    model, states = explained.model, explained.run(corpus, work)
    check = check or Check(null=Null.usual(None, len(corpus)))
    null = check.null.fitting(16 * states.neurons)
    counted = check.split.boundary(len(corpus)) - first
    counted = counted if counted > 1 else 0  # too few to count: nothing is held out
    search = PairSearch.over(states, corpus, chosen, first, stop)
    found = _searched(search, counted, null, work)
    more = feature_tables(model, corpus, search, counted, work=work) if features else {}
    settings = {"lags": list(chosen), "permutations": null.permutations}
    settings |= {"held_out_from": corpus.start + first + counted, "features": features}
    return FactorMap(
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=explained.facts),
        neurons=found.neurons,
        signs=found.signs,
        positions=stop - first,
        figures=_bits(model, search, found.maps, counted, work) | _feature_figures(more),
        more=more,
        groupings=found.groupings,
    )


class _Found(NamedTuple):
    """What the search over pairs of lags finds."""

    neurons: tuple[NeuronFactors, ...]
    signs: tuple[SignVotes, ...]
    groupings: dict[tuple[int, ...], Grouping]
    maps: tuple[list[CellMeans], list[CellMeans]]  # over all positions; over the counted ones


def _searched(search: PairSearch, counted: int, null: Null, work: Work) -> _Found:
    """Search all pairs on the states as they are, on the counted ones, shuffled and shifted."""
    first, stop = search.first, search.stop
    pairs = len(search.lags) * (len(search.lags) - 1) / 2
    work.progress.start("search pairs", pairs * (stop - first) * (1.5 + 2 * null.permutations), "positions")
    best, single = _best(search, work)
    early = _best(replace(search, stop=first + counted), work)[0] if counted else best
    chance = best_by_chance(search, shuffles(null, first, stop), work=work)
    shifted = best_by_chance(search, rotations(null, first, stop), work=work)
    work.progress.finish()
    alone = [lags[:1] for lags in single.lags]
    groupings = {lags: search.grouping(lags) for lags in sorted({*best.lags, *early.lags, *alone})}
    maps = (_means(search, best.lags, groupings), _means(search, early.lags, groupings, counted or None))
    moved = movement(search.states.rows[first:stop])
    neurons = _rows(best, single, maps, chance, shifted, moved)
    constant = np.array([row.lags is None for row in neurons])
    return _Found(
        neurons, sign_votes(search, (best.lags, early.lags, alone), groupings, counted, constant), groupings, maps
    )


class _Best(NamedTuple):
    """The pair of each neuron and its R²."""

    lags: list[tuple[int, int]]
    r2: NDArray[np.float64]


def _checked(lags: Iterable[int] | None, corpus: Corpus) -> tuple[int, ...]:
    if len(corpus) < _SHORTEST:
        raise InputError(
            f"a corpus of {len(corpus)} byte{'s' * (len(corpus) > 1)} is too short: at least {_SHORTEST} are needed",
            hint="name a longer corpus or range",
        )
    usual = range(min(_REACH, (len(corpus) - 2) // 2) + 1)
    chosen = offset_tuple(usual if lags is None else lags, len(corpus), least=0, noun="lag")
    if max(chosen) > len(corpus) - 2:
        raise InputError(
            f"lags must leave two positions of the {len(corpus)} bytes: at most {len(corpus) - 2}, got {max(chosen)}",
            hint="name smaller lags or a longer corpus",
        )
    if len(chosen) < 2:
        raise InputError(f"a pair needs at least two lags, got {len(chosen)}", hint="such as --lags 1,7,8")
    return chosen


def _best(search: PairSearch, work: Work) -> tuple[_Best, _Best]:
    """The best pair of each neuron, and its best single lag; the earlier one among equals."""
    hidden = search.states.neurons
    pairs, singles = (_Best([search.lags[:2]] * hidden, np.full(hidden, -np.inf)) for _ in range(2))  # type: ignore[list-item]
    for scores in search.scores(single=True, work=work):
        for lags, r2 in zip(scores.pairs, scores.r2[0]):
            best = singles if lags[0] == lags[1] else pairs
            for j in np.flatnonzero(r2 > best.r2 + _TIE):
                best.lags[j], best.r2[j] = lags, r2[j]
    return pairs, singles


def _means(
    search: PairSearch, lags: list[tuple[int, int]], groupings: Mapping[Any, Grouping], counted: int | None = None
) -> list[CellMeans]:
    """The cells of each neuron's pair, with its means."""
    found: dict[int, CellMeans] = {}
    for pair in sorted(set(lags)):
        labels = groupings[pair].labels()
        for j in [j for j, own in enumerate(lags) if own == pair]:
            values = search.states.rows[search.first : search.stop, j]
            found[j] = CellMeans.of(groupings[pair], labels, values, counted)
    return [found[j] for j in range(len(lags))]


def _rows(
    best: _Best,
    single: _Best,
    maps: tuple[list[CellMeans], list[CellMeans]],
    chance: NDArray[np.float64],
    shifted: NDArray[np.float64],
    moved: list[Movement],
) -> tuple[NeuronFactors, ...]:
    constant = np.isnan([own.in_sample_r2 for own in maps[0]])
    p_values = np.maximum(_p_values(best.r2, chance), _p_values(best.r2, shifted))
    p_values[constant] = np.nan
    q_values = false_discovery_q(p_values)
    null, turned = (draws.mean(axis=0) if len(draws) else np.full(len(constant), np.nan) for draws in (chance, shifted))
    return tuple(
        NeuronFactors(
            neuron=j,
            lags=None if constant[j] else best.lags[j],
            r2=own.in_sample_r2,
            null_r2=float(null[j]),
            p_value=float(p_values[j]),
            q_value=float(q_values[j]),
            shifted_r2=float(turned[j]),
            loo_r2=own.leave_one_out_r2,
            held_out_r2=early.held_out_r2,
            chance_r2=float("nan") if constant[j] else own.grouping.chance_r2,
            cells=None if constant[j] else len(own.grouping),
            degrees_of_freedom=None if constant[j] else len(own.grouping) - 1,
            single_lag=None if constant[j] else single.lags[j][0],
            single_r2=float(single.r2[j]) if np.isfinite(single.r2[j]) else float("nan"),
            **moved[j]._asdict(),
            flag=moved[j].flag,
        )
        for j, (own, early) in enumerate(zip(*maps))
    )


def _p_values(observed: NDArray[np.float64], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array(
        [Null.p_value(r2, draws.tolist()) if len(draws) else np.nan for r2, draws in zip(observed, drawn.T)]
    )


def _bits(
    model: Elman | None,
    search: PairSearch,
    maps: tuple[list[CellMeans], list[CellMeans]],
    counted: int,
    work: Work,
) -> dict[str, float | None]:
    """Bits per byte of the network and of its map on the same positions; None for states alone."""
    if model is None:
        return dict.fromkeys(("bpc", "bpc_from_map", "bpc_held_out_positions", "bpc_from_map_held_out"))
    whole = replayed_bpc(model, search, maps[0], work=work)
    late = replayed_bpc(model, search, maps[1], counted or search.stop, work=work)
    return {
        "bpc": whole.bpc,
        "bpc_from_map": whole.bpc_from_map,
        "bpc_held_out_positions": late.bpc,
        "bpc_from_map_held_out": late.bpc_from_map,
    }


def _feature_figures(more: Mapping[str, Table]) -> dict[str, float | None]:
    """Bits per byte with the first lag fixed, with word length, and with tags as well; second lags kept."""
    names = ("bpc_from_map_first_lag_fixed", "bpc_from_map_word_length", "bpc_from_map_word_length_in_tag")
    return dict(zip(names, (more["maps"].rows[i][1] for i in (0, 1, 3)))) if more else {}
