"""Sparse differentiation: which neurons a prediction leans on, and how its gradient grows on the way back."""

from dataclasses import dataclass
from math import nan
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.backward import Followed, Follower, Stretch, checked_depth, in_stretches, shuffle_bytes, usual_null
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.weights import Elman

__all__ = ["GradientFlow", "LagFlow", "NeuronGradient", "gradient"]

_LARGEST = (1, 2, 5, 10, 20, 50, 100)
_GAUSSIANS = 1000  # vectors whose energy shares are averaged: a standard error of .001


@dataclass(frozen=True)
class LagFlow:
    """Means over all predictions that have a byte at this lag; None without a null."""

    lag: int
    positions: int
    growth: float
    growth_same_positions: float
    null_growth: float | None
    mean_attribution: float
    gated_attribution: float
    null_attribution: float | None
    null_gated_attribution: float | None


@dataclass(frozen=True)
class NeuronGradient:
    """One neuron's part in the gradients of all predictions by the state that makes them."""

    neuron: int
    mean_abs_gradient: float
    energy_share: float
    times_largest: int


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GradientFlow(Result):
    """Gradients of every prediction by the states before it.

    Parameters
    ----------
    energy : by number of neurons, the mean share of g's energy in its largest components, and that of Gaussian vectors
    lags : a record per lag, 0 … depth
    neurons : a record per neuron, largest mean size of g_j first
    """

    energy: dict[int, tuple[float, float]]
    lags: tuple[LagFlow, ...]
    neurons: tuple[NeuronGradient, ...]

    def headline(self) -> dict[str, Any]:
        """Energy of the ten largest components, growth over eight steps, attribution of the byte one step back."""
        known: dict[int, LagFlow] = dict(enumerate(self.lags))
        eighth, first = known.get(8), known.get(1)
        share, by_chance = self.energy.get(10, (nan, nan))
        return {
            "top10_energy": share,
            "null_top10_energy": by_chance,
            "growth_k8": eighth.growth if eighth else None,
            "growth_same_positions_k8": eighth.growth_same_positions if eighth else None,
            "null_growth_k8": eighth.null_growth if eighth else None,
            "mean_attribution_k1": first.mean_attribution if first else None,
            "gated_attribution_k1": first.gated_attribution if first else None,
            "null_attribution_k1": first.null_attribution if first else None,
            "dominant_neurons": [row.neuron for row in self.neurons[:5]],
        }

    def tables(self) -> dict[str, Table]:
        """``lags``: a row per lag; ``energy``: a row per number of neurons; ``neurons``: a row per neuron."""
        shares = ((count, *pair) for count, pair in self.energy.items())
        return {
            "lags": Table.of_records(self.lags, LagFlow),
            "energy": Table.of(("largest", "energy", "null_energy"), shares),
            "neurons": Table.of_records(self.neurons, NeuronGradient),
        }


@reads_text
def gradient(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    depth: int | None = None,
    null: Null | None = None,
    work: Work = Work(),
) -> GradientFlow:
    """Follow every prediction back through time (sparse differentiation).

        g_t         = d ln P(x_{t+1}) / d h_t = W_y[x_{t+1}] - sum over o of P(o) W_y[o]
        g_{t→t-k}   = W_hᵀ diag(1 - h²_{t-k+1}) g_{t→t-k+1}
        growth_k    = mean of |g_{t→t-k}| over all t ≥ k / mean of |g_t| over all t
        attribution = |sum over j of W_x[j, x_{t-k}] g_{t→t-k, j}|, in nats

    ``growth_same_positions`` divides by the mean over the same t ≥ k. ``mean_attribution`` is the published procedure;
    the derivative of ln P by the size of the input is ``gated_attribution``, which multiplies g by 1 - h²_{t-k} first.
    Chance: ``null_growth`` has the gates of each stretch of some 300 positions in random order, ``null_attribution``
    and ``null_gated_attribution`` its bytes.

    Parameters
    ----------
    depth : steps back; default: 50, or as far as the corpus allows
    null : shuffles; default: three, or one in a corpus of 100,000 bytes or more

    Raises
    ------
    InputError
        If the corpus is a single byte, or the depth exceeds the bytes before the last prediction.

    Examples
    --------
    >>> from dataclasses import replace
    >>> one = replace(Elman.zeros(1), W_h=np.full((1, 1), 0.5, "f"), W_y=np.eye(256, 1, -97, "f"))
    >>> [row.growth for row in gradient(one, Corpus.from_bytes(b"aaaa"), depth=2).lags]
    [1.0, 0.5, 0.25]
    """
    check_predicts(corpus)
    steps = checked_depth(depth, len(corpus))
    null = (null or usual_null(None, len(corpus))).fitting(shuffle_bytes(steps))
    network, facts, _ = opened(model)
    follower, sums = Follower(network, steps), _Sums(network.hidden, steps, null.permutations)

    def look(stretch: Stretch) -> tuple[Followed, list[tuple[Followed, Followed]]]:
        draws = range(null.permutations)
        found, *inputs = follower.follow_with(stretch, [stretch.with_shuffled_bytes(null, number) for number in draws])
        gates = (follower.follow(stretch.with_shuffled_gates(null, number), found.g) for number in draws)
        return found, list(zip(gates, inputs))

    with one_thread():  # held here: the limit is the calling thread's to set
        for found, drawn in in_stretches(look, network, corpus, steps, work):
            sums.add(found, drawn)
    settings = {"depth": steps, "permutations": null.permutations}
    return GradientFlow(
        energy=sums.energy(null.seed),
        lags=tuple(sums.lag(k, len(corpus) - 1) for k in range(steps + 1)),
        neurons=sums.neurons(len(corpus) - 1),
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=facts),
    )


class _Sums:
    """Sums over predictions; those of a lag leave out predictions that do not reach so far back."""

    def __init__(self, hidden: int, depth: int, draws: int) -> None:
        self._counts = [k for k in _LARGEST if k < hidden] + [hidden]
        self._draws, lags = draws, depth + 1
        self._shares, self._scored = np.zeros(len(self._counts)), 0
        self._absolute, self._energies = np.zeros(hidden), np.zeros(hidden)
        self._largest = np.zeros(hidden, np.int64)
        self._norm, self._same, self._null_norm = np.zeros(lags), np.zeros(lags), np.zeros(lags)
        self._plain, self._gated = np.zeros((2, lags)), np.zeros((2, lags))  # as they are; bytes in random order

    def add(self, found: Followed, drawn: list[tuple[Followed, Followed]]) -> None:
        g = np.abs(found.g).astype(np.float64)
        self._add_energies(g)
        self._norm += found.norms.sum(axis=1)
        starts, positions = np.arange(len(self._norm)), found.stretch.start + np.arange(len(g))
        self._same += (positions >= starts[:, np.newaxis]) @ found.norms[0]
        for row, (gates, inputs) in enumerate([(found, found), *drawn]):
            self._plain[min(row, 1)] += np.abs(inputs.attributions).sum(axis=1)
            self._gated[min(row, 1)] += np.abs(inputs.gated).sum(axis=1)
            if row:
                self._null_norm += gates.norms.sum(axis=1)

    def _add_energies(self, g: NDArray[np.float64]) -> None:
        self._absolute += g.sum(axis=0)
        scale = g.max(axis=1, keepdims=True)
        g = g[scale[:, 0] > 0] / scale[scale[:, 0] > 0]  # a gradient of 1e-200 has an energy, its square has none
        squares = g**2
        self._energies += (squares / squares.sum(axis=1, keepdims=True)).sum(axis=0)
        self._largest += np.bincount(g.argmax(axis=1), minlength=g.shape[1])
        self._shares += _shares(squares, self._counts).sum(axis=0)
        self._scored += len(g)

    def energy(self, seed: int) -> dict[int, tuple[float, float]]:
        drawn = np.random.default_rng((seed, 1)).standard_normal((_GAUSSIANS, len(self._absolute)))
        by_chance = _shares(drawn**2, self._counts).mean(axis=0)
        mean = self._shares / self._scored if self._scored else np.full(len(self._counts), nan)
        return dict(zip(self._counts, zip(mean.tolist(), by_chance.tolist())))

    def lag(self, k: int, targets: int) -> LagFlow:
        count, base, draws = targets - k, float(self._norm[0]) / targets, self._draws
        return LagFlow(
            lag=k,
            positions=count,
            growth=_ratio(self._norm[k] / count, base),
            growth_same_positions=_ratio(self._norm[k], self._same[k]),
            null_growth=_ratio(self._null_norm[k] / (count * draws), base) if draws else None,
            mean_attribution=float(self._plain[0, k]) / count,
            gated_attribution=float(self._gated[0, k]) / count,
            null_attribution=float(self._plain[1, k]) / (count * draws) if draws else None,
            null_gated_attribution=float(self._gated[1, k]) / (count * draws) if draws else None,
        )

    def neurons(self, targets: int) -> tuple[NeuronGradient, ...]:
        order = np.argsort(-self._absolute, kind="stable").tolist()
        shares = self._energies / self._scored if self._scored else np.full(len(order), nan)
        return tuple(
            NeuronGradient(j, float(self._absolute[j]) / targets, float(shares[j]), int(self._largest[j]))
            for j in order
        )


def _shares(squares: NDArray[np.float64], counts: list[int]) -> NDArray[np.float64]:
    """Share of each row's sum in its largest cells, shape (rows, counts)."""
    sums = np.cumsum(np.sort(squares, axis=1)[:, ::-1], axis=1)
    return sums[:, np.array(counts) - 1] / sums[:, -1:]


def _ratio(value: float, base: float) -> float:
    return float(value) / float(base) if base else nan
