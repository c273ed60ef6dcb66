"""Attribution: which bytes, weights and neurons one prediction owes itself to, and how far back they lie."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.backward import (
    ActiveWeights,
    Baseline,
    Chain,
    Depth,
    Link,
    PastByte,
    PastBytes,
    Sharing,
    Sparsity,
    chain_positions,
    chains,
    checked_depth,
    checked_position,
    past_bytes,
    shuffle_bytes,
    sparsity,
    states_at,
    usual_null,
    weights_touched,
)
from umrnn.interpret.offset_effects import OffsetEffects, offset_effects
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.weights import Elman
from umrnn.statistics import pearson

__all__ = ["Attribution", "Sharing", "attribution"]

_THRESHOLD = 0.01  # of the headline


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Attribution(Result):
    """One prediction taken apart, and the same statistics over the corpus.

    Parameters
    ----------
    position : of the byte just read, counted in the source of the corpus; the prediction is of the next
    predicted : that next byte
    hidden : H
    past : shares of the prediction among the bytes before it
    chains : the chains of weights behind it
    appearances : by neuron, at how many of the sampled positions it stands in a chain
    sampled : these positions
    sparsity : weights that predictions use, over the corpus
    effects : what flipping one past byte changes
    """

    position: int
    predicted: bytes
    hidden: int
    past: PastBytes
    chains: tuple[Chain, ...]
    appearances: dict[int, int]
    sampled: tuple[int, ...]
    sparsity: Sparsity
    effects: OffsetEffects

    def headline(self) -> dict[str, Any]:
        """The prediction and its completeness; weights it uses; the neuron in most chains; the lags that matter."""
        rows, active = self.past.rows, {row.threshold: row for row in self.sparsity.active}[_THRESHOLD]
        touched = {(link.row, link.name) for chain in self.chains for link in chain.links if link.name != "b"}
        top = min(self.appearances, key=lambda j: (-self.appearances[j], j))
        effects = self.effects.headline()
        named = ("mode_lag", "mode_neurons", "greedy_share", "equal_greedy_share", "pair_share", "equal_pair_share")
        return {
            "position": self.position,
            "predicted": self.predicted,
            "surprisal_bits": -self.past.log2_p,
            "baseline_surprisal_bits": -self.past.baseline_log2_p,
            "completeness_residual_bits": self.past.residual_bits,
            "points": self.past.points,
            "integrated_leave_one_out_r": pearson(
                [row.integrated_bits for row in rows], [row.leave_one_out_bits for row in rows]
            ),
            "large_weights": sum(self.sparsity.large_weights.values()),
            "mean_active": active.mean_active,
            "median_active": active.median_active,
            "chain_weights": len(touched),
            "chain_weights_share": len(touched) / (self.hidden * (self.hidden + 1)),
            "chain_weights_with_earlier": len(weights_touched(self.chains)),
            "top_chain_neuron": top,
            "top_chain_positions": self.appearances[top],
            "mean_chain_positions": sum(self.appearances.values()) / self.hidden,
            **{name: effects[name] for name in named},
        }

    def tables(self) -> dict[str, Table]:
        """``past_bytes``, ``chains``: of the prediction; the others over positions (see the columns' own page)."""
        frequent = sorted(self.appearances, key=lambda j: (-self.appearances[j], j))
        link = ("neuron", "delta_bits", "terms_share", "position", "sets", "source", "term")
        return {
            "past_bytes": Table.of_records(self.past.rows, PastByte),
            "chains": Table.of(link, _link_rows(self.chains)),
            "chain_neurons": Table.of(("neuron", "positions"), ((j, self.appearances[j]) for j in frequent)),
            "large_weights": Table.of(("array", "large_weights"), self.sparsity.large_weights.items()),
            "active_weights": Table.of_records(self.sparsity.active, ActiveWeights),
            "depths": Table.of_records(self.sparsity.depths, Depth),
            **self.effects.tables(),
        }


@reads_text
def attribution(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    at: int | None = None,
    depth: int | None = None,
    sharing: Sharing = Sharing(),
    null: Null | None = None,
    work: Work = Work(),
) -> Attribution:
    """Say what the prediction after byte ``at`` owes to each past byte, weight and neuron, and what predictions do.

    Shares among bytes are :func:`~umrnn.interpret.backward.past_bytes`, chains of weights
    :func:`~umrnn.interpret.backward.chains`, weights used and the depth profile
    :func:`~umrnn.interpret.backward.sparsity`, flips of past bytes :func:`~umrnn.interpret.offset_effects`.

    Parameters
    ----------
    at : position in the source of the corpus of the byte just read; default: byte 10 of the corpus, or the middle of a
        shorter one
    depth : steps back of the statistics over the corpus; default: 50, or as far as the corpus allows
    sharing : how the prediction is shared out among the bytes before it
    null : shuffles of past bytes; default: three, or one in a corpus of 100,000 bytes or more

    Raises
    ------
    InputError
        If the corpus is a single byte, or an option is out of range.

    Examples
    --------
    >>> found = attribution(Elman.zeros(hidden=2), Corpus.from_bytes(b"abracadabra"), at=5)
    >>> found.past.log2_p, found.past.residual_bits
    (-8.0, 0.0)

    References
    ----------
    Integrated gradients and completeness: M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks",
    2017.
    """
    check_predicts(corpus)
    lags, position = checked_depth(depth, len(corpus)), checked_position(at, corpus)
    null = (null or usual_null(None, len(corpus))).fitting(shuffle_bytes(lags))
    reach, sampled = sharing.reach(corpus, position), chain_positions(corpus)
    network, facts, _ = opened(model)
    points = sharing.points(network.hidden)
    with one_thread():  # held here: the limit is the calling thread's to set
        past, found = _taken_apart(network, corpus, (position, *sampled), reach, points, sharing.baseline)
        used = sparsity(network, corpus, lags, null, work)
    settings: dict[str, Any] = {
        "at": position,
        "window": reach,
        "depth": lags,
        "steps": points,
        "baseline": sharing.baseline,
    }
    settings |= {"permutations": null.permutations, "sampled": sampled}
    return Attribution(
        position=position,
        predicted=bytes([int(corpus.data[corpus.index(position) + 1])]),
        hidden=network.hidden,
        past=past,
        chains=found[0],
        appearances=dict(Counter(j for each in found[1:] for j in set().union(*(chain.neurons for chain in each)))),
        sampled=sampled,
        sparsity=used,
        effects=offset_effects(network, corpus, seed=null.seed, work=work),
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=facts),
    )


def _taken_apart(
    network: Elman, corpus: Corpus, positions: tuple[int, ...], reach: int, points: int, baseline: Baseline
) -> tuple[PastBytes, list[tuple[Chain, ...]]]:
    """The shares of past bytes in the prediction at the first of ``positions``, and chains of weights at all."""
    before = positions[0] - reach - 1
    states = states_at(network, corpus, {t - d for t in positions for d in (0, 1, 2)} | {before})
    past = past_bytes(network, corpus, positions[0], states[before], reach, steps=points, baseline=baseline)
    return past, [chains(network, corpus, t, np.stack([states[t - d] for d in (2, 1, 0)])) for t in positions]


def _link_rows(found: tuple[Chain, ...]) -> Iterator[tuple[Any, ...]]:
    for chain in found:
        for position, links in ((chain.position, chain.links), (chain.position - 1, chain.earlier)):
            for link in links:
                first = (chain.neuron, chain.delta_bits, chain.terms_share)
                yield (*first, position, link.row, _shown(link), link.term)


def _shown(link: Link) -> str:
    return {"x": "byte", "b": "bias"}.get(link.name, link.name)
