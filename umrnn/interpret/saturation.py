"""Saturation: how near its limits each neuron lives, how often its sign flips, and which neurons flip together."""

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from math import nan
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.kernels.saturation import sign_flips
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.model_file import ModelFile
from umrnn.rnn.score import check_predicts
from umrnn.rnn.states import States, opened_states
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["FlipPair", "Saturation", "SaturationOfNeuron", "saturation"]

_LONGEST_DWELL = 100  # steps; the published figures leave longer stays out
_DRAWS = 19
_ROWS = 4096  # states looked at together, as many as a network gives at once


@dataclass(frozen=True)
class SaturationOfNeuron:
    """One neuron over the corpus; dwell is None where it never flips twice within 100 steps.

    ``mean_abs_preactivation`` is NaN where there are states alone.
    """

    neuron: int
    flips: int
    flips_per_1000: float
    behaviour: str
    mean_dwell: float | None
    mode_dwell: int | None
    mean_abs_state: float
    below_half_share: float
    above_95_share: float
    mean_abs_preactivation: float


@dataclass(frozen=True)
class FlipPair:
    """Two neurons that flip at the same steps: co / (a + b - co), beside what chance gives."""

    neuron: int
    other: int
    co_flips: int
    jaccard: float
    independent_jaccard: float
    null_jaccard: float | None
    p_value: float | None


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Saturation(Result):
    """Signs and sizes of all states.

    Parameters
    ----------
    steps : pairs of consecutive states that predict, n - 2
    rows : a record per neuron, row j for neuron j
    pairs : the pairs of largest Jaccard index
    dwell : two flips in a row of one neuron that are d steps apart, counted over neurons, for d < 100
    null_max_jaccard : largest Jaccard index of any pair when each neuron's flips are shifted, mean over draws
    """

    steps: int
    rows: tuple[SaturationOfNeuron, ...]
    pairs: tuple[FlipPair, ...]
    dwell: tuple[int, ...]
    null_max_jaccard: float | None

    def headline(self) -> dict[str, Any]:
        """Flips, dwell, sizes, and the best pair beside chance."""
        flips = [row.flips for row in self.rows]
        top = max(self.rows, key=lambda row: (row.flips, -row.neuron))
        mean_dwell, mode_dwell = _dwell(np.array(self.dwell))
        return {
            "max_flips_neuron": top.neuron,
            "max_flips": top.flips,
            "min_flips": min(flips),
            "mean_flips_per_step": sum(flips) / self.steps if self.steps else nan,
            "mean_dwell": mean_dwell,
            "mode_dwell": mode_dwell,
            "mean_abs_state": _mean([row.mean_abs_state for row in self.rows]),
            "below_half_share": _mean([row.below_half_share for row in self.rows]),
            "above_95_share": _mean([row.above_95_share for row in self.rows]),
            "mean_abs_preactivation": _mean([row.mean_abs_preactivation for row in self.rows]),
            **{name: sum(row.behaviour == name for row in self.rows) for name in _BEHAVIOUR},
            "max_jaccard": self.pairs[0].jaccard if self.pairs else None,
            "null_max_jaccard": self.null_max_jaccard,
        }

    def tables(self) -> dict[str, Table]:
        """``neurons``: most flips first; ``neuron_pairs``: most alike first; ``dwell``: a row per number of steps."""
        ordered = sorted(self.rows, key=lambda row: (-row.flips, row.neuron))
        total = max(1, sum(self.dwell))
        return {
            "neurons": Table.of_records(ordered, SaturationOfNeuron),
            "neuron_pairs": Table.of_records(self.pairs, FlipPair),
            "dwell": Table.of(
                ("dwell", "count", "share"), ((d, n, n / total) for d, n in enumerate(self.dwell) if n > 0)
            ),
        }


_BEHAVIOUR = {"frozen": 0, "settled": 5, "active": 50, "volatile": None}  # most flips of each, as published


@reads_text
def saturation(
    source: Elman | ModelFile | States,
    corpus: Corpus,
    *,
    top: int = 20,
    null: Null | None = None,
    work: Work = Work(),
) -> Saturation:
    """Count the sign flips of every neuron, measure how saturated it is, and find pairs that flip together.

    A flip is h_{t-1} >= 0 against h_t < 0 or the reverse. The classes are absolute, as published: 0 flips is frozen, up
    to 5 settled, up to 50 active, more volatile; on a long corpus all neurons end up volatile, and ``flips_per_1000``
    says more. Chance for pairs: ``independent_jaccard`` from the two rates alone, ``null_jaccard`` after turning each
    neuron's flips round by a random number of steps within each block of the run, which keeps their rhythm. The p-value
    compares with the largest of all pairs, since the pairs shown are chosen from all.

    Parameters
    ----------
    source : a network, or states of any recurrent network, one row per byte
    top : pairs to list, 0 … all
    null : draws of random turns, default: 19; each takes 4 H² bytes of memory

    The states are those that predict: the state after the last byte is left out.

    Raises
    ------
    InputError
        If the corpus is a single byte, ``top`` is negative, or there are more draws than fit a gibibyte.

    Examples
    --------
    >>> saturation(Elman.zeros(hidden=2), Corpus.siteinfo()).headline()["frozen"]
    2
    """
    top, states = integer("top", top, 0), check_predicts(corpus)
    explained = opened_states(source, corpus)
    null = (null or Null(_DRAWS)).fitting(_width(states).itemsize * explained.neurons**2)
    sums, steps = _Sums(explained.neurons, null, states), states - 1
    work.progress.start("sign flips", states, "B")
    with one_thread(), pool(work.threads) as executor:  # held here: the limit is the calling thread's to set
        for piece in _pieces(explained.source, corpus):
            sums.add(piece, executor)
            work.progress.advance(len(piece.h))
    work.progress.finish()
    pairs, null_max = sums.pairs(top, steps)
    return Saturation(
        steps=steps,
        rows=tuple(sums.neuron(j, steps) for j in range(explained.neurons)),
        pairs=pairs,
        dwell=tuple(sums.dwell.sum(axis=0).tolist()),
        null_max_jaccard=null_max,
        provenance=provenance(
            corpus,
            parameters={"top": top, "permutations": null.permutations},
            seed=null.seed,
            threads=work.threads,
            model=explained.facts,
        ),
    )


def _width(states: int) -> np.dtype[Any]:
    """Integers that can count so many states."""
    return np.dtype(np.int32 if states < 1 << 31 else np.int64)


class _Piece(NamedTuple):
    """Consecutive states that predict, (m, H), and their pre-activations, which only a network has."""

    start: int
    h: Floats
    z: Floats | None


def _pieces(source: Elman | States, corpus: Corpus) -> Iterator[_Piece]:
    """All states but the last."""
    if isinstance(source, Elman):
        for block in trace(source, corpus):
            yield _Piece(block.start, block.h[: len(block.bits)], block.z[: len(block.bits)])
        return
    last = len(corpus) - 1
    for start in range(0, last, _ROWS):
        yield _Piece(start, source.rows[start : min(start + _ROWS, last)], None)


class _Sums:
    """What is added up over the blocks of a run; memory does not grow with the corpus."""

    def __init__(self, hidden: int, null: Null, states: int) -> None:
        self._null = null
        self._before = np.empty((0, hidden), np.float32)
        self._last = np.full(hidden, -1)
        self.dwell = np.zeros((hidden, _LONGEST_DWELL), np.int64)
        self.together = np.zeros((1 + null.permutations, hidden, hidden), _width(states))  # first the observed
        self.size, self.preactivation = np.zeros(hidden), np.zeros(hidden)
        self.small, self.large = np.zeros(hidden, np.int64), np.zeros(hidden, np.int64)

    def add(self, piece: _Piece, executor: Executor | None) -> None:
        """One more piece of the run."""
        states = piece.h
        size = np.abs(states)
        self.size += size.sum(axis=0, dtype=np.float64)
        self.preactivation += nan if piece.z is None else np.abs(piece.z).sum(axis=0, dtype=np.float64)
        self.small += (size < 0.5).sum(axis=0)
        self.large += (size > 0.95).sum(axis=0)
        joined = np.concatenate([self._before.astype(states.dtype), states])
        self._before = joined[-1:].copy()
        if len(joined) < 2:
            return
        flips = np.empty((len(joined) - 1, joined.shape[1]), np.float32)
        sign_flips(joined, piece.start + len(states) - len(joined), self._last, flips, self.dwell)

        def count(number: int) -> None:
            """The observed flips for -1, else those of a draw."""
            seen = flips if number < 0 else _turned(flips, self._null.generator(number, piece.start))
            # Products of 0 and 1 are exact: a block has fewer than 2^24 steps.
            self.together[1 + number] += (seen.T @ seen).astype(self.together.dtype)

        for _ in map_ordered(count, range(-1, self._null.permutations), executor):
            pass

    def neuron(self, j: int, steps: int) -> SaturationOfNeuron:
        """The record of neuron ``j``."""
        flips, states = int(self.together[0, j, j]), steps + 1
        behaviour = next(name for name, most in _BEHAVIOUR.items() if most is None or flips <= most)
        return SaturationOfNeuron(
            j,
            flips,
            1000 * flips / steps if steps else nan,
            behaviour,
            *_dwell(self.dwell[j]),
            *(float(sums[j]) / states for sums in (self.size, self.small, self.large, self.preactivation)),
        )

    def pairs(self, top: int, steps: int) -> tuple[tuple[FlipPair, ...], float | None]:
        """The pairs that flip together most, and the mean over draws of the largest index by chance."""
        a, b = np.triu_indices(len(self.together[0]), 1)
        flips = np.diagonal(self.together[0]).astype(np.int64)
        observed = _jaccard(self.together[0][a, b], flips[a], flips[b])
        shown = np.argsort(-observed, kind="stable")[:top]
        independent = _jaccard(flips[a] * flips[b] / max(1, steps), flips[a], flips[b])
        drawn, maxima = np.zeros(len(shown)), []
        for together in self.together[1:]:
            by_chance = _jaccard(together[a, b], flips[a], flips[b])
            maxima.append(float(by_chance.max(initial=0)))
            drawn += by_chance[shown] / (len(self.together) - 1)
        pairs = tuple(
            FlipPair(
                int(a[i]),
                int(b[i]),
                int(self.together[0, a[i], b[i]]),
                float(observed[i]),
                float(independent[i]),
                float(chance) if maxima else None,
                Null.p_value(float(observed[i]), maxima) if maxima else None,
            )
            for i, chance in zip(shown, drawn)
        )
        return pairs, _mean(maxima) if maxima else None


def _turned(flips: Floats, generator: np.random.Generator) -> Floats:
    """``flips`` (T, H) with each column turned round by a random number of steps."""
    turns = generator.integers(0, len(flips), flips.shape[1])
    rows = (np.arange(len(flips))[:, np.newaxis] - turns) % len(flips)
    return np.take_along_axis(flips, rows, axis=0)


def _jaccard(both: NDArray[Any], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Both / (a + b - both); 0 where neither ever flips."""
    either = (a + b - both).astype(np.float64)
    index = np.zeros(len(either))
    np.divide(both, either, out=index, where=either > 0)
    return index


def _dwell(counts: NDArray[np.int64]) -> tuple[float | None, int | None]:
    """Mean and commonest of the steps between flips, the shorter one among equals."""
    total = int(counts.sum())
    return (float(np.arange(len(counts)) @ counts) / total, int(counts.argmax())) if total else (None, None)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else nan
