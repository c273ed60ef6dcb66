"""Attribution: which bytes, weights and neurons one prediction owes itself to, and how far back they lie."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Any, Literal, final

import numpy as np

from umrnn._validate import integer
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.backward.chains import Chain, Link, chains, usual_positions, weights_touched
from umrnn.interpret.backward.follow import checked_depth, checked_position, shuffles, states_at
from umrnn.interpret.backward.integrated import BASELINES, PastByte, PastBytes, past_bytes
from umrnn.interpret.backward.sparsity import ActivePatterns, Depth, Sparsity, sparsity
from umrnn.interpret.offset_effects import OffsetEffects, offset_effects
from umrnn.nulls import Null
from umrnn.parallel import pool
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.evaluate import check_predicts
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.weights import Elman

__all__ = ["Attribution", "Baseline", "attribution"]

Baseline = Literal["mean", "zero"]
_WINDOW = 20
_MOST_STEPS, _WORK = 1 << 13, 1 << 27  # points of the integral; times H²
_THRESHOLD = 0.01  # of the headline


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Attribution(Result):
    """One prediction taken apart, and the same statistics over the corpus.

    Parameters
    ----------
    at : position of the byte just read; the prediction is of the next
    predicted : that next byte
    hidden : H
    past : shares of the prediction among the bytes before it
    chains : the chains of weights behind it
    appearances : by neuron, at how many of the sampled positions it stands in a chain
    sampled : the positions
    sparsity : weights that predictions use, over the corpus
    effects : what flipping one past byte changes
    """

    at: int
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
            "at": self.at,
            "predicted": self.predicted,
            "bits": -self.past.log2_p,
            "baseline_bits": -self.past.baseline_log2_p,
            "completeness_residual_bits": self.past.residual_bits,
            "points": self.past.points,
            "integrated_leave_one_out_r": _correlation(
                [row.integrated_bits for row in rows], [row.leave_one_out_bits for row in rows]
            ),
            "patterns": sum(self.sparsity.patterns.values()),
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
        """``bytes``, ``chains``: of the prediction; the others over positions (see the columns' own page)."""
        byte, active, depth = (tuple(kind.__dataclass_fields__) for kind in (PastByte, ActivePatterns, Depth))
        frequent = sorted(self.appearances, key=lambda j: (-self.appearances[j], j))
        link = ("neuron", "delta_bits", "terms_share", "position", "sets", "source", "term")
        return {
            "bytes": Table.of(byte, ([getattr(row, name) for name in byte] for row in self.past.rows)),
            "chains": Table.of(link, _link_rows(self.chains)),
            "chain_neurons": Table.of(("neuron", "positions"), ((j, self.appearances[j]) for j in frequent)),
            "patterns": Table.of(("array", "patterns"), self.sparsity.patterns.items()),
            "active": Table.of(active, ([getattr(row, name) for name in active] for row in self.sparsity.active)),
            "depths": Table.of(depth, ([getattr(row, name) for name in depth] for row in self.sparsity.depths)),
            **self.effects.tables(),
        }


def attribution(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    at: int | None = None,
    window: int | None = None,
    depth: int | None = None,
    steps: int | None = None,
    baseline: Baseline = "mean",
    null: Null | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Attribution:
    """Say what the prediction after byte ``at`` owes to each past byte, weight and neuron, and what predictions do.

    Shares among bytes are :func:`~umrnn.interpret.backward.integrated.past_bytes`, chains of weights
    :func:`~umrnn.interpret.backward.chains.chains`, weights used and the depth profile
    :func:`~umrnn.interpret.backward.sparsity.sparsity`, flips of past bytes
    :func:`~umrnn.interpret.offset_effects.offset_effects`.

    Parameters
    ----------
    at : position in the corpus, 0 … n - 2; 10, or the middle of a shorter corpus, unless said otherwise
    window : largest lag of the bytes the prediction is shared out among, 20 or as far as the corpus allows
    depth : steps back of the statistics over the corpus, 50 or as far as the corpus allows
    steps : most points of the integral, 1 … 8192; as many, and fewer for more than 128 neurons, unless said otherwise
    baseline : input that stands for no byte: the ``mean`` column of W_x over the corpus, or ``zero``
    null : shuffles of past bytes; three unless said otherwise, one in a corpus of 100,000 bytes or more

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
    null = null or shuffles(None, len(corpus))
    check_predicts(corpus)
    lags, position = checked_depth(depth, len(corpus)), checked_position(at, corpus)
    reach = min(_WINDOW, position) if window is None else integer("window", window, 0)
    if reach > position:
        raise InputError(
            f"window must be at most the {position} bytes before the one at position {position}, got {window}",
            hint="name a smaller --window or a later --at",
        )
    if steps is not None:
        integer("steps", steps, 1, _MOST_STEPS)
    if baseline not in BASELINES:
        raise InputError(f"baseline must be one of {', '.join(BASELINES)}, got {baseline}")
    network, facts, _ = opened(model)
    points = steps or max(64, min(_MOST_STEPS, _WORK // network.hidden**2))
    sampled = usual_positions(len(corpus))
    asked = {t - d for t in (position, *sampled) for d in (0, 1, 2)} | {position - reach - 1}
    states = states_at(network, corpus, asked)
    with one_thread(), pool(threads) as executor:  # held here: the limit is the calling thread's to set
        past = past_bytes(
            network, corpus, position, states[position - reach - 1], reach, steps=points, baseline=baseline
        )
        found = [chains(network, corpus, t, np.stack([states[t - d] for d in (2, 1, 0)])) for t in (position, *sampled)]
        used = sparsity(network, corpus, lags, null, executor, progress)
    effects = offset_effects(network, corpus, seed=null.seed, threads=threads, progress=progress)
    return Attribution(
        at=position,
        predicted=bytes([int(corpus.data[position + 1])]),
        hidden=network.hidden,
        past=past,
        chains=found[0],
        appearances=dict(Counter(j for each in found[1:] for j in set().union(*(chain.neurons for chain in each)))),
        sampled=sampled,
        sparsity=used,
        effects=effects,
        provenance=provenance(
            corpus,
            parameters={
                "at": position,
                "window": reach,
                "depth": lags,
                "steps": points,
                "baseline": baseline,
                "permutations": null.permutations,
                "sampled": sampled,
            },
            seed=null.seed,
            threads=threads,
            model=facts,
        ),
    )


def _link_rows(found: tuple[Chain, ...]) -> Iterator[tuple[Any, ...]]:
    for chain in found:
        for position, links in ((chain.position, chain.links), (chain.position - 1, chain.earlier)):
            for link in links:
                first = (chain.neuron, chain.delta_bits, chain.terms_share)
                yield (*first, position, link.row, _shown(link), link.term)


def _shown(link: Link) -> str:
    return {"x": "byte", "b": "bias"}.get(link.name, link.name)


def _correlation(a: list[float], b: list[float]) -> float:
    """Pearson's r; NaN where either is constant, or has fewer than two values."""
    x, y = np.array(a) - np.mean(a), np.array(b) - np.mean(b)
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else nan
