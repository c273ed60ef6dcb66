"""How few of a network's weights one prediction uses, and how far back they lie."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.interpret.backward.follow import Follower, Stretch, in_stretches
from umrnn.interpret.kernels import backward as kernels
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["THRESHOLDS", "ActiveWeights", "Depth", "Sparsity", "sparsity"]

THRESHOLDS = (0.001, 0.01, 0.1)
_LARGE = 0.01  # a weight above this size counts as large
_CELLS = 1 << 24  # of the table of input patterns: positions x bytes x neurons


@dataclass(frozen=True)
class ActiveWeights:
    """Weights that a prediction uses above a threshold: mean and median over predictions, parts, and those never used.

    ``never_active_share`` is of the weights above 0.01 in size; the others count them all.
    """

    threshold: float
    mean_active: float
    median_active: float
    recurrent_share: float | None
    input_share: float | None
    output_share: float | None
    never_active_share: float | None


@dataclass(frozen=True)
class Depth:
    """Mass of the attributions at one lag, mean over predictions that reach so far back; None without a null."""

    lag: int
    positions: int
    mass: float
    input_mass: float
    null_input_mass: float | None


@dataclass(frozen=True)
class Sparsity:
    """Weights above 0.01 in size by array, how many of all predictions use, and the mass by lag."""

    large_weights: Mapping[str, int]
    active: tuple[ActiveWeights, ...]
    depths: tuple[Depth, ...]


def sparsity(model: Elman, corpus: Corpus, depth: int, null: Null, work: Work = Work()) -> Sparsity:
    """Attribution of every prediction to every weight, over lags 0 … ``depth``; BLAS must be held at one thread.

        W_y[y, j]   |g_j|                                y the byte predicted
        W_h[i, j]   |(1 - h_i²) g_i W_h[i, j]|           largest over the steps back
        W_x[j, x]   |W_x[j, x] g_j|                      largest over the lags at which x was read

    A step counts where there is a state a step before: neither beyond the depth nor before the corpus. The mass at lag
    0 is that of W_y, sum of |g_j|, as published; beyond, and as ``input_mass`` from lag 0 on, that of W_x. Chance: the
    bytes of each stretch in random order.

    Examples
    --------
    >>> sparsity(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"), 1, Null(0)).active[0].mean_active
    0.0
    """
    counted = _Counted(model, depth, null)
    for found in in_stretches(counted.look, model, corpus, depth, work):
        counted.add(found)
    return Sparsity(counted.large_weights(), counted.active(), counted.depths(len(corpus) - 1))


@dataclass(frozen=True, eq=False)
class _Found:
    """Of one stretch: active weights (3 arrays, thresholds, m), largest use of each weight, sums of masses."""

    active: NDArray[np.int64]
    steps: NDArray[np.float64]  # (H,) largest |(1 - h²) g|
    inputs: NDArray[np.uint8]  # (V, H) highest level
    outputs: NDArray[np.float64]  # (V, H) largest |g|
    masses: NDArray[np.float64]  # (K + 1,)
    null_masses: NDArray[np.float64]
    output_mass: float


class _Counted:
    """Sums and maxima over the predictions of a corpus."""

    def __init__(self, model: Elman, depth: int, null: Null) -> None:
        self._model, self._null, self._follower = model, null, Follower(model, depth)
        self._sizes = np.ascontiguousarray(np.abs(model.W_h))
        self._thresholds = np.array(THRESHOLDS, model.dtype)
        self._parts = np.zeros((len(THRESHOLDS), 3), np.int64)  # of W_h, W_x, W_y
        self._totals: list[Counter[int]] = [Counter() for _ in THRESHOLDS]  # predictions by weights used
        self._steps, self._outputs = np.zeros(model.hidden), np.zeros((ALPHABET, model.hidden))
        self._inputs = np.zeros((ALPHABET, model.hidden), np.uint8)
        self._masses, self._null_masses, self._output_mass = np.zeros(depth + 1), np.zeros(depth + 1), 0.0

    def look(self, stretch: Stretch) -> _Found:
        """All that one stretch shows; changes nothing, so threads may run it side by side."""
        others = [stretch.with_shuffled_bytes(self._null, number) for number in range(self._null.permutations)]
        followed, *drawn = self._follower.follow_with(stretch, others)
        size, hidden = np.abs(followed.g), self._model.hidden
        null_masses = sum((one.masses.sum(axis=1) for one in drawn), np.zeros_like(self._null_masses))
        outputs = np.zeros((ALPHABET, hidden))
        np.maximum.at(outputs, stretch.targets, size)
        active = np.empty((3, len(THRESHOLDS), len(stretch)), np.int64)
        active[2] = [(size > threshold).sum(axis=1) for threshold in self._thresholds]
        steps, inputs = np.zeros(hidden), np.zeros((ALPHABET, hidden), np.uint8)
        rows = max(1, _CELLS // inputs.size)
        for first in range(0, len(stretch), rows):
            last = min(first + rows, len(stretch))
            largest, levels = self._used(stretch.part(first, last, self._follower.depth), followed.g[first:last])
            kernels.count_recurrent(largest, self._sizes, self._thresholds, active[0, :, first:last])
            for n in range(len(THRESHOLDS)):
                active[1, n, first:last] = np.count_nonzero(levels > n, axis=(1, 2))
            steps = np.maximum(steps, largest.max(axis=0))
            inputs = np.maximum(inputs, levels.max(axis=0))
        masses = followed.masses.sum(axis=1)
        return _Found(active, steps, inputs, outputs, masses, null_masses, float(size.sum(dtype=np.float64)))

    def _used(self, stretch: Stretch, g: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        """Largest step (m, H) and levels of input patterns (m, V, H)."""
        largest, levels = np.zeros_like(g), np.zeros((len(g), ALPHABET, g.shape[1]), np.uint8)
        follower = self._follower
        kernels.patterns_used(
            stretch.data, stretch.h, follower.weights, g.copy(), follower.depth, self._thresholds, levels, largest
        )
        return largest, levels

    def add(self, found: _Found) -> None:
        self._parts += found.active.sum(axis=2).T
        for totals, together in zip(self._totals, found.active.sum(axis=0)):
            totals.update(together.tolist())
        self._steps = np.maximum(self._steps, found.steps)
        self._inputs = np.maximum(self._inputs, found.inputs)
        self._outputs = np.maximum(self._outputs, found.outputs)
        self._masses += found.masses
        self._null_masses += found.null_masses
        self._output_mass += found.output_mass

    def _large(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        model = self._model
        return self._sizes > _LARGE, np.abs(model.W_x.T) > _LARGE, np.abs(model.W_y) > _LARGE

    def large_weights(self) -> dict[str, int]:
        recurrent, inputs, outputs = (int(np.count_nonzero(large)) for large in self._large())
        return {"W_x": inputs, "W_h": recurrent, "W_y": outputs}

    def active(self) -> tuple[ActiveWeights, ...]:
        large = self._large()
        total = sum(int(np.count_nonzero(each)) for each in large)
        rows = []
        for n, threshold in enumerate(THRESHOLDS):
            used = (
                self._sizes * self._steps[:, np.newaxis] > self._thresholds[n],
                self._inputs > n,
                self._outputs > self._thresholds[n],
            )
            ever = sum(int(np.count_nonzero(one & each)) for one, each in zip(used, large))
            parts, totals = self._parts[n].tolist(), self._totals[n]
            recurrent, inputs, outputs = (part / sum(parts) if sum(parts) else None for part in parts)
            never = 1 - ever / total if total else None
            mean = sum(parts) / totals.total()
            rows.append(ActiveWeights(threshold, mean, _median(totals), recurrent, inputs, outputs, never))
        return tuple(rows)

    def depths(self, targets: int) -> tuple[Depth, ...]:
        draws, rows = self._null.permutations, []
        for lag, (mass, drawn) in enumerate(zip(self._masses.tolist(), self._null_masses.tolist())):
            count = targets - lag
            by_chance = drawn / (count * draws) if draws else None
            shown = self._output_mass if lag == 0 else mass
            rows.append(Depth(lag, count, shown / count, mass / count, by_chance))
        return tuple(rows)


def _median(counts: Counter[int]) -> float:
    """Median of values given how often each occurs, so that a long corpus need not be held."""
    values = sorted(counts)
    reached = np.cumsum([counts[value] for value in values])
    ranks = ((reached[-1] - 1) // 2, reached[-1] // 2)
    middle = [values[int(np.searchsorted(reached, rank, side="right"))] for rank in ranks]
    return sum(middle) / 2
