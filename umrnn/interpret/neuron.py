"""The card of one neuron: what drives it, what it does to the prediction, and where it is most active."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.factor_map import NeuronFactors, factor_map
from umrnn.interpret.factors import CellMeans, Grouping, SignVotes
from umrnn.interpret.knockout import KnockedOut, knockout
from umrnn.interpret.saturation import SaturationOfNeuron, saturation
from umrnn.interpret.weights import NeuronWeights, read_weights
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.states import States
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["NeuronCard", "neuron"]

_CONTEXT = 32  # bytes shown up to the byte just read


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NeuronCard(Result):
    """All readings of one neuron, from those of the whole network."""

    factors: NeuronFactors
    signs: SignVotes
    knocked_out: KnockedOut
    saturation: SaturationOfNeuron
    weights: NeuronWeights
    listings: dict[str, Table]

    def headline(self) -> dict[str, Any]:
        """Its pair of lags with R² and nulls, what it costs to lose, how it moves, the bytes around it."""
        return {
            "neuron": self.factors.neuron,
            "lags": list(self.factors.lags) if self.factors.lags else None,
            "r2": self.factors.r2,
            "null_r2": self.factors.null_r2,
            "shifted_r2": self.factors.shifted_r2,
            "chance_r2": self.factors.chance_r2,
            "p_value": self.factors.p_value,
            "loo_r2": self.factors.loo_r2,
            "held_out_r2": self.factors.held_out_r2,
            "cells": self.factors.cells,
            "degrees_of_freedom": self.factors.degrees_of_freedom,
            "single_lag": self.factors.single_lag,
            "single_r2": self.factors.single_r2,
            "vote_accuracy": self.signs.vote_accuracy,
            "null_vote_accuracy": self.signs.null_vote_accuracy,
            "loo_vote_accuracy": self.signs.loo_vote_accuracy,
            "held_out_vote_accuracy": self.signs.held_out_vote_accuracy,
            "commoner_sign_share": self.signs.commoner_sign_share,
            "delta_bpc": self.knocked_out.delta_bpc,
            "cost_rank": self.knocked_out.cost_rank,
            "first_half_delta_bpc": self.knocked_out.first_half_delta_bpc,
            "second_half_delta_bpc": self.knocked_out.second_half_delta_bpc,
            "sign_snap_delta_bpc": self.knocked_out.sign_snap_delta_bpc,
            "flips": self.saturation.flips,
            "mean_dwell": self.saturation.mean_dwell,
            "mean_abs_state": self.saturation.mean_abs_state,
            "mean_abs_preactivation": self.saturation.mean_abs_preactivation,
            "raised_by": list(self.weights.raised_by),
            "lowered_by": list(self.weights.lowered_by),
            "predicts": list(self.weights.predicts),
            "predicts_against": list(self.weights.predicts_against),
        }

    def tables(self) -> dict[str, Table]:
        """``cells`` of its pair; ``sources`` and ``targets`` among neurons; ``highest`` and ``lowest`` contexts."""
        return self.listings


@reads_text
def neuron(
    model: Elman | ModelFile,
    corpus: Corpus,
    index: int,
    lags: Iterable[int] | None = None,
    *,
    top: int = 8,
    check: Check | None = None,
    work: Work = Work(),
) -> NeuronCard:
    """Read one neuron in every way at once.

    Parameters
    ----------
    index : the neuron, 0 … H - 1
    lags : candidates of :func:`~umrnn.interpret.factor_map.factor_map`; default: 0 … 24
    top : rows of each table
    check : counted bytes, and shuffles of its states that repeat the search for its pair; default: as in the factor map

    Raises
    ------
    InputError
        If the network has no such neuron, or as in the factor map.

    Examples
    --------
    >>> import umrnn.rnn as rnn
    >>> neuron(rnn.shipped(), Corpus.siteinfo(), 8, (1, 7, 8), check=Check(null=Null(3))).headline()["cost_rank"]
    1
    """
    network, facts, _ = opened(model)
    index, top = integer("neuron", index, 0, network.hidden - 1), integer("top", top, 1)
    column = np.concatenate([block.h[:, index] for block in trace(network, corpus)])
    states = States.given(column[:, np.newaxis], corpus)
    found = factor_map(states, corpus, lags, check=check, work=work)
    factors = replace(found.neurons[0], neuron=index)
    listings = {
        "cells": _cells(corpus, factors.lags or (0, 1), column, found.provenance["parameters"]["lags"], top),
        **_connections(network, index, top),
        **_extremes(corpus, column, top),
    }
    seed, settings = found.provenance["seed"], {**found.provenance["parameters"], "neuron": index, "top": top}
    return NeuronCard(
        factors=factors,
        signs=found.signs[0],
        knocked_out=knockout(network, corpus, null=Null(0), work=work).rows[index],
        saturation=saturation(network, corpus, null=Null(0), work=work).rows[index],
        weights=read_weights(network, corpus, work=work).rows[index],
        listings=listings,
        provenance=provenance(corpus, parameters=settings, seed=seed, threads=work.threads, model=facts),
    )


def _cells(corpus: Corpus, pair: tuple[int, int], column: NDArray[Any], lags: list[int], top: int) -> Table:
    """The cells of the pair that explain most: the bytes at both lags, how often, mean and spread of the state."""
    first, data = max(lags), corpus.data
    columns = [data[first - d : len(data) - d] for d in pair]
    grouping, values = Grouping.by(*columns), column[first:].astype(np.float64)
    labels = grouping.labels()
    own = CellMeans.of(grouping, labels, values)
    spread = np.sqrt(np.bincount(labels, (values - own.mean - own.means[labels]) ** 2) / grouping.sizes)
    example = np.zeros(len(grouping), np.int64)
    example[labels[::-1]] = np.arange(len(labels))[::-1]
    order = np.argsort(-grouping.sizes * own.means**2, kind="stable")[:top]
    rows = (
        (
            *(column[example[c]].tobytes() for column in columns),
            int(grouping.sizes[c]),
            float(own.means[c] + own.mean),
            float(spread[c]),
        )
        for c in order.tolist()
    )
    return Table.of((f"byte_at_lag_{pair[0]}", f"byte_at_lag_{pair[1]}", "count", "mean_state", "spread"), rows)


def _connections(model: Elman, index: int, top: int) -> dict[str, Table]:
    """The largest weights of W_h into and out of the neuron."""
    into, out = model.W_h[index], model.W_h[:, index]
    chosen = {"sources": into, "targets": out}
    return {
        name: Table.of(("other", "weight"), ((j, float(weights[j])) for j in _largest(np.abs(weights), top)))
        for name, weights in chosen.items()
    }


def _extremes(corpus: Corpus, column: NDArray[Any], top: int) -> dict[str, Table]:
    """The contexts after which the state is highest, and lowest; the byte that follows stands beside."""
    data = corpus.data
    tables = {}
    for name, values in (("highest", column), ("lowest", -column)):
        rows = []
        for t in _largest(values, top):
            context, follows = data[max(0, t + 1 - _CONTEXT) : t + 1], data[t + 1 : t + 2]
            rows.append((corpus.start + t, float(column[t]), context.tobytes(), follows.tobytes() or None))
        tables[name] = Table.of(("position", "state", "context", "next"), rows)
    return tables


def _largest(values: NDArray[Any], top: int) -> list[int]:
    """Indices of the largest values, the smaller index first among equals."""
    return [int(j) for j in np.argsort(-values.astype(np.float64), kind="stable")[:top]]
