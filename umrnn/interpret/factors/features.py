"""Maps that use more, or less, than each neuron's own pair: one lag fixed, word length, tags, other features."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.interpret.factors.cells import CellMeans
from umrnn.interpret.factors.pair_search import PairSearch
from umrnn.interpret.factors.replay import replayed_bpc
from umrnn.progress import Work
from umrnn.result import Table
from umrnn.rnn.weights import Elman
from umrnn.statistics import mean_of_known
from umrnn.um.features import FEATURES, in_tag, word_length

__all__ = ["feature_tables"]

_TIE = 1e-12
_FIGURES = ("mean_r2", "loo_r2", "held_out_r2", "chance_r2")


class _Choice(NamedTuple):
    """The second lag of every neuron and its means, over all positions and over the counted ones."""

    lags: list[int]
    early_lags: list[int]
    whole: list[CellMeans]
    early: list[CellMeans]

    def figures(self) -> tuple[float, ...]:
        """Means over neurons, in the order of ``_FIGURES``; neurons that never change are left out."""
        scores = [
            [own.in_sample_r2 for own in self.whole],
            [own.leave_one_out_r2 for own in self.whole],
            [own.held_out_r2 for own in self.early],
            [own.grouping.chance_r2 for own in self.whole],
        ]
        return tuple(mean_of_known(row) for row in scores)


def feature_tables(
    model: Elman | None, corpus: Corpus, search: PairSearch, counted: int, *, work: Work = Work()
) -> dict[str, Table]:
    """``maps``: the first lag fixed, then word length and tags added; ``features``: each with the byte just read.

    The first lag is 1 if that is a candidate, else the first of them. Second lags are chosen by in-sample R²: with the
    bytes alone, and then kept, or anew with the added features. Held-out figures choose and count on the counted
    positions only.
    """
    fixed = 1 if 1 in search.lags else search.lags[0]
    others = [lag for lag in search.lags if lag != fixed]
    word, tag = word_length(corpus), in_tag(corpus)
    work.progress.start("maps with features", 5 * len(others) + len(FEATURES), "maps")
    free = [others] * search.states.neurons
    alone = _chosen(search, fixed, (free, free), (), counted, work)
    same = ([[lag] for lag in alone.lags], [[lag] for lag in alone.early_lags])
    maps = [(f"lag {fixed}, any second", alone)]
    for name, added in (("word_len", (word,)), ("word_len, in_tag", (word, tag))):
        kept = _chosen(search, fixed, same, added, counted, work)
        anew = _chosen(search, fixed, (free, free), added, counted, work)
        maps += [(f"the same, {name}", kept), (f"lag {fixed}, any second chosen with {name}", anew)]
    rows = [(name, *_bpc(model, search, choice, counted), *choice.figures()) for name, choice in maps]
    tables = {
        "maps": Table.of(("map", "bpc_from_map", "bpc_from_map_held_out", *_FIGURES), rows),
        "features": _features(search, corpus, counted, work),
    }
    work.progress.finish()
    return tables


def _chosen(
    search: PairSearch,
    fixed: int,
    candidates: tuple[Sequence[Sequence[int]], Sequence[Sequence[int]]],
    added: tuple[NDArray[np.uint8], ...],
    counted: int,
    work: Work,
) -> _Choice:
    """For each neuron the best of its candidate second lags, beside ``fixed`` and the ``added`` columns.

    The first of ``candidates`` are tried on all positions, the second on the counted ones.
    """
    hidden = search.states.neurons
    lags = ([0] * hidden, [0] * hidden)
    best: tuple[list[CellMeans | None], list[CellMeans | None]] = ([None] * hidden, [None] * hidden)
    for lag in search.lags:
        if not any(lag in own for part in candidates for own in part):
            continue
        grouping = search.grouping((fixed, lag), *added)
        labels = grouping.labels()
        for part, count in enumerate((None, counted or None)):
            for j in [j for j, own in enumerate(candidates[part]) if lag in own]:
                values = search.states.rows[search.first : search.stop, j]
                found = CellMeans.of(grouping, labels, values, count)
                if _better(found, best[part][j]):
                    lags[part][j], best[part][j] = lag, found
        work.progress.advance(1)
    return _Choice(*lags, cast(list[CellMeans], best[0]), cast(list[CellMeans], best[1]))


def _better(found: CellMeans, best: CellMeans | None) -> bool:
    return best is None or found.in_sample_r2 > best.in_sample_r2 + _TIE


def _bpc(model: Elman | None, search: PairSearch, choice: _Choice, counted: int) -> tuple[float | None, float | None]:
    if model is None:
        return None, None
    whole, late = (
        replayed_bpc(model, search, choice.whole),
        replayed_bpc(model, search, choice.early, counted or search.stop),
    )
    return whole.bpc_from_map, late.bpc_from_map


def _features(search: PairSearch, corpus: Corpus, counted: int, work: Work) -> Table:
    """Each feature together with the byte just read (lag 0): mean R², and for how many neurons it is the best."""
    choices = []
    for feature in FEATURES.values():
        grouping = search.grouping((0,), feature(corpus))
        labels = grouping.labels()
        columns = [search.states.rows[search.first : search.stop, j] for j in range(search.states.neurons)]
        whole, early = (
            [CellMeans.of(grouping, labels, v, count) for v in columns] for count in (None, counted or None)
        )
        choices.append(_Choice([0] * len(columns), [0] * len(columns), whole, early))
        work.progress.advance(1)
    scores = np.array([[own.in_sample_r2 for own in choice.whole] for choice in choices])
    known = ~np.isnan(scores).all(axis=0)
    wins = np.bincount(np.nan_to_num(scores[:, known]).argmax(axis=0), minlength=len(FEATURES))
    rows = (
        (name, int(feature(corpus).max()) + 1, *choice.figures(), len(choice.whole[0].grouping), int(count))
        for (name, feature), choice, count in zip(FEATURES.items(), choices, wins)
    )
    return Table.of(("feature", "values", *_FIGURES, "cells", "best_for_neurons"), rows)
