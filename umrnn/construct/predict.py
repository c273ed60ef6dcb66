"""Predict: how much of a trained network's weights its states and the bytes say without any gradient."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, final

import numpy as np

from umrnn._validate import integer
from umrnn.construct.imitation.agreement import Agreement
from umrnn.construct.imitation.by_neuron import NeuronAgreement, by_neuron
from umrnn.construct.imitation.comparison import ALL, Predictors, usual_null
from umrnn.construct.imitation.estimates import Estimates, estimate_all
from umrnn.construct.imitation.sums import ImitationSums, sampled_positions, sum_states, whole_positions
from umrnn.corpus import Corpus, reads_text
from umrnn.nulls import Null, Split
from umrnn.parallel import pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.fitted import standing
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.weights import Elman

__all__ = ["LargestWeight", "WeightPrediction", "predict"]

_LISTED = 10
_DRAWS = 3, 1  # each costs two passes over the corpus

# Headline keys of the figures over all weights of an array.
# What its source calls Boolean influence negates numbers: `boolean_influence_r` is its published key.
_KEYS = {
    "hebbian": ("W_h", "hebbian"),
    "sign_correlation": ("W_h", "sign correlation"),
    "float_influence": ("W_h", "float influence"),
    "float_influence_whole": ("W_h", "float influence, whole"),
    "wy_sign_split": ("W_y", "sign-split"),
    "wx_sign_conditioned": ("W_x", "sign-conditioned"),
    "wx_pmi": ("W_x", "PMI"),
    "bh_log_odds": ("b_h", "log-odds"),
}


@dataclass(frozen=True)
class LargestWeight:
    """One of the largest recurrent weights, W_h[target, source], and what is estimated for it."""

    source: int
    target: int
    weight: float
    hebbian: float
    sign_correlation: float
    float_influence: float
    float_influence_whole: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WeightPrediction(Result):
    """Estimates of the weights of a network beside the weights.

    Parameters
    ----------
    scored : whether the network was trained on these bytes, as in :func:`umrnn.rnn.evaluate`
    predictors : a record per estimate and selection of weights
    neurons : a record per neuron
    means : of figures over neurons, with chance
    largest : the ten largest recurrent weights
    estimates : every estimate by array and name, from the whole corpus
    """

    scored: str
    predictors: tuple[Agreement, ...]
    neurons: tuple[NeuronAgreement, ...]
    means: Mapping[str, float]
    largest: tuple[LargestWeight, ...]
    estimates: Estimates

    def headline(self) -> dict[str, Any]:
        """Correlation of each estimate with all weights of its array, held out, and by chance; means over neurons."""
        whole = {(row.array, row.estimate): row for row in self.predictors if row.weights == ALL}
        kinds = ("r", "held_out_r", "shuffled_r", "scrambled_r", "null_r")
        names = ("{}_r", "{}_held_out_r", "shuffled_{}_r", "scrambled_{}_r", "null_{}_r")
        figures = {
            name.format(key): getattr(whole[pair], kind)
            for key, pair in _KEYS.items()
            for name, kind in zip(names, kinds)
        }
        published = {"boolean_influence_r": figures["float_influence_r"]}
        return {**figures, **published, **self.means, "scored": self.scored}

    def tables(self) -> dict[str, Table]:
        """``predictors``: an estimate and a selection of weights in each row; ``neurons``; ``largest`` weights."""
        return {
            name: Table.of_records(records, [field.name for field in fields(kind)])
            for name, kind, records in (
                ("predictors", Agreement, self.predictors),
                ("neurons", NeuronAgreement, self.neurons),
                ("largest", LargestWeight, self.largest),
            )
        }


@reads_text
def predict(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    null: Null | None = None,
    shuffles: int | None = None,
    work: Work = Work(),
) -> WeightPrediction:
    """Estimate each array of ``model`` from its states on ``corpus``, and compare with the array itself.

        W_h[i, j]   cov(h_j(t-1), h_i(t));  2 P(s_j(t-1) = s_i(t)) - 1;  how often negating h_j flips s_i
        W_y[o, j]   log P(next = o | s_j = +1) - log P(next = o | s_j = -1);  E[h_j | next = o] - E[h_j]
        W_x[j, x]   the same of the byte just read;  sum over outputs o of W_y[o, j] PMI(x, o)
        b_h[j]      log-odds of s_j = +1

    with s_j = +1 where h_j >= 0. Nothing is fitted, but states follow from weights whatever is read. So beside each r
    stand that of the same network reading the bytes in random order, and that of networks of the same numbers in random
    places: what lies above both is what the text says of the weights.

    Parameters
    ----------
    null : how many times neurons get other names, by which the size of r is averaged; default: 199, or 39 from 20 KB or
        512 neurons on
    shuffles : how many shuffles of the corpus, and scrambled networks, r is averaged over; default: 3, or 1 from 20 KB
        or 512 neurons on

    Raises
    ------
    InputError
        If the corpus is a single byte.

    Examples
    --------
    >>> import umrnn.rnn as rnn
    >>> found = predict(rnn.shipped(), Corpus.siteinfo(), null=Null(9), shuffles=1).headline()
    >>> found["hebbian_r"] > 10 * found["null_hebbian_r"], found["shuffled_hebbian_r"] > 0.4
    (True, True)

    References
    ----------
    The weight predictions of 2026-02-11, which sample every 20th position for the influence and choose, for the
    pointwise information of W_x, five outputs on either side.
    """
    network, facts, fitted = opened(model)
    null = null or usual_null(None, network, corpus)
    draws = usual_null(
        None if shuffles is None else integer("shuffles", shuffles, 0), network, corpus, null.seed, _DRAWS
    )
    with one_thread(), pool(work.threads) as executor:
        shared = replace(work, threads=executor or 1)
        first, second = sum_states(network, corpus, work=shared)
        whole = first + second
        parts = [estimate_all(sums, network) for sums in (whole, first, second)]
        predictors = Predictors(network, np.unique(corpus.data).astype(np.int64))
        rows = predictors.agreements(parts, null, shared)
        neurons, means = by_neuron(network, parts, whole)
        rows_beside = predictors.beside(rows, corpus, draws, shared)
    return WeightPrediction(
        scored=standing(corpus, fitted).scored,
        predictors=rows_beside,
        neurons=neurons,
        means=means,
        largest=_largest(network, parts[0]),
        estimates=parts[0],
        provenance=provenance(
            corpus,
            parameters=_settings(corpus, network, (null, draws), whole),
            seed=null.seed,
            threads=work.threads,
            model=facts,
        ),
    )


def _settings(corpus: Corpus, network: Elman, draws: tuple[Null, Null], whole: ImitationSums) -> dict[str, Any]:
    sampled, every = sampled_positions(len(corpus)), whole_positions(len(corpus), network.hidden)
    return {
        "permutations": draws[0].permutations,
        "shuffles": draws[1].permutations,
        "held_out_from": corpus.start + max(1, Split().boundary(len(corpus))),
        "influence_positions": f"{sampled.start}:{sampled.stop}:{sampled.step}",
        "influence_samples": int(whole.sampled[0]),
        "whole_influence_positions": f"{every.start}:{every.stop}:{every.step}",
        "whole_influence_samples": int(whole.whole[0]),
    }


def _largest(network: Elman, estimates: Estimates) -> tuple[LargestWeight, ...]:
    order = np.argsort(-np.abs(network.W_h), axis=None, kind="stable")[:_LISTED]
    names = ("hebbian", "sign correlation", "float influence", "float influence, whole")
    return tuple(
        LargestWeight(j, i, float(network.W_h[i, j]), *(float(estimates["W_h", name][i, j]) for name in names))
        for i, j in zip(*(side.tolist() for side in np.unravel_index(order, network.W_h.shape)))
    )
