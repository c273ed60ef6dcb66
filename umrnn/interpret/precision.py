"""Precision: how many bits of states and weights the prediction needs, and what each single bit is worth."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from functools import partial
from math import log, nan
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus
from umrnn.interpret.rounding.representation import Representation, represented_bits
from umrnn.parallel import map_ordered, pool
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.evaluate import check_predicts
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.output_layer import ReadOut
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["BitLeverage", "ErrorGrowth", "Precision", "RoundedStates", "RoundedWeights", "precision"]

_MANTISSAS = (23, 20, 16, 12, 10, 8, 6, 4, 2, 1, 0)
_UNIFORM = (16, 12, 10, 8, 6, 4)  # bits of a weight
_MOVED = 1e-3  # largest change of a starting state
_SAMPLES = 64  # positions whose bits are flipped
_SMALL = 1.0  # nats a logit may move before its exponential needs the largest one taken out


@dataclass(frozen=True)
class RoundedStates:
    """Bits per byte with rounded states; least and most over starting states moved by up to 1e-3."""

    representation: str
    bits: int
    read_out_bpc: float
    read_out_delta_bpc: float
    fed_back_bpc: float
    fed_back_delta_bpc: float
    fed_back_min_bpc: float
    fed_back_max_bpc: float


@dataclass(frozen=True)
class RoundedWeights:
    """Bits per byte with the weights of one array (or of all) rounded; least and most as for states."""

    array: str
    representation: str
    bpc: float
    delta_bpc: float
    min_bpc: float
    max_bpc: float


@dataclass(frozen=True)
class BitLeverage:
    """Mean of KL(p || p') when one bit of one state value is flipped; ``clipped`` counts values cut to [-1, 1]."""

    bit: int
    part: str
    leverage_bits: float
    flips: int
    clipped: int


@dataclass(frozen=True)
class ErrorGrowth:
    """Difference of the states in float32 and in float64, the weights being equal, after ``step`` bytes."""

    step: int
    max_abs_difference: float
    mean_abs_difference: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Precision(Result):
    """The network in fewer bits.

    Parameters
    ----------
    bpc : of the network as it is
    states : a record per representation of the states
    weights : a record per array and representation of the weights
    leverage : a record per bit of float32, the sign first
    growth : a record per step looked at
    """

    bpc: float
    states: tuple[RoundedStates, ...]
    weights: tuple[RoundedWeights, ...]
    leverage: tuple[BitLeverage, ...]
    growth: tuple[ErrorGrowth, ...]

    def headline(self) -> dict[str, Any]:
        """The loss in the representations that have a name, and what one bit of each part is worth."""
        by = {row.representation: row for row in self.states}
        parts = {name: [row.leverage_bits for row in self.leverage if row.part == name] for name in _PARTS}
        return {
            "bpc": self.bpc,
            "bpc_float64": by["float64"].fed_back_bpc,
            "bpc_float16_fed_back": by["float16"].fed_back_bpc,
            "bpc_sign_exponent_readout": by["sign+exponent"].read_out_bpc,
            "bpc_sign_exponent_dynamics": by["sign+exponent"].fed_back_bpc,
            "bpc_sign_readout": by["sign"].read_out_bpc,
            "bpc_sign_dynamics": by["sign"].fed_back_bpc,
            **{f"{name}_leverage_bits": sum(values) / len(values) for name, values in parts.items()},
            "max_abs_difference_float64": max((row.max_abs_difference for row in self.growth), default=nan),
        }

    def tables(self) -> dict[str, Table]:
        """``states``, ``weights``, ``leverage`` and ``error_growth``."""
        groups: dict[str, tuple[Any, Sequence[Any]]] = {
            "states": (RoundedStates, self.states),
            "weights": (RoundedWeights, self.weights),
            "leverage": (BitLeverage, self.leverage),
            "error_growth": (ErrorGrowth, self.growth),
        }
        out = {}
        for name, (record, rows) in groups.items():
            columns = [field.name for field in fields(record)]
            out[name] = Table.of(columns, ([getattr(row, column) for column in columns] for row in rows))
        return out


_PARTS = ("sign", "exponent", "mantissa")


def precision(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    starts: int = 5,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Precision:
    """Score the network with its states or weights rounded, flip single bits of states, and compare with float64.

    States are rounded at the read-out alone, or after every step and fed back; arithmetic keeps the dtype of the model.
    Fed back, a small change may grow until it is as large as the states, so such a figure is one draw of many: beside
    it stand the least and the most over it and ``starts`` runs from states h_{-1} drawn from [-1e-3, 1e-3].

    Weights are rounded to float16, or to a multiple of max |w| / (2^(b-1) - 1), that is to b bits.

    The leverage of a bit is the mean of KL(p || p') in bits at up to 64 positions spread over the corpus, each neuron
    in turn: p' is read out with that bit of h_j, as a float32, flipped. A flipped exponent bit may give any size, inf
    or NaN, but no state exceeds 1, so what lies beyond is cut to [-1, 1], NaN to the 1 of its sign, and counted.

    Parameters
    ----------
    starts : runs for the spread, at least 0; each costs as much as the figure itself

    Raises
    ------
    InputError
        If the corpus is a single byte, or ``starts`` or ``seed`` is negative.

    Examples
    --------
    >>> precision(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"), starts=0).headline()["bpc_sign_readout"]
    8.0
    """
    starts, seed = integer("starts", starts, 0), integer("seed", seed, 0)
    check_predicts(corpus)
    network, facts, _ = opened(model)
    moved = [np.random.default_rng((seed, i)).uniform(-_MOVED, _MOVED, network.hidden) for i in range(starts)]
    befores: list[ArrayLike | None] = [None, *moved]
    with one_thread(), pool(threads) as executor:  # held here: the limit is the calling thread's to set
        bpc = represented_bits(network, corpus, None, fed_back=False)
        states = _states(network, corpus, befores, bpc, executor, progress)
        weights = _weights(network, corpus, befores, bpc, executor, progress)
        leverage = _leverage(network, corpus, executor, progress)
        growth = _growth(network, corpus, progress)
    return Precision(
        bpc=bpc,
        states=states,
        weights=weights,
        leverage=leverage,
        growth=growth,
        provenance=provenance(
            corpus,
            parameters={"starts": starts, "moved_by": _MOVED, "samples": _SAMPLES},
            seed=seed,
            threads=threads,
            model=facts,
        ),
    )


def _figures(
    jobs: Sequence[Callable[[], float]], task: str, executor: Executor | None, progress: Progress
) -> Iterator[float]:
    """What each job returns, in order."""
    progress.start(task, len(jobs), "runs")
    for figure in map_ordered(lambda job: job(), jobs, executor):
        progress.advance(1, bpc=figure)
        yield figure
    progress.finish()


def _states(
    model: Elman,
    corpus: Corpus,
    befores: Sequence[ArrayLike | None],
    bpc: float,
    executor: Executor | None,
    progress: Progress,
) -> tuple[RoundedStates, ...]:
    wide = model.astype(np.float64)
    rounded = [Representation.float32(), Representation.float16(), *map(Representation.mantissa, _MANTISSAS)]
    kinds: list[Representation | None] = [None, *rounded, Representation.sign()]  # None is float64
    jobs: list[Callable[[], float]] = []
    for kind in kinds:
        network = wide if kind is None else model
        seen = partial(_read_out_wide, model, wide, corpus)
        jobs.append(seen if kind is None else partial(represented_bits, model, corpus, kind, fed_back=False))
        jobs += [partial(represented_bits, network, corpus, kind, fed_back=True, before=start) for start in befores]
    figures = _figures(jobs, "rounded states", executor, progress)
    table = np.array(list(figures)).reshape(len(kinds), -1).tolist()
    return tuple(
        RoundedStates(
            "float64" if kind is None else kind.name,
            64 if kind is None else _width(kind),
            *(seen, seen - bpc, fed[0], fed[0] - bpc, min(fed), max(fed)),
        )
        for kind, (seen, *fed) in zip(kinds, table)
    )


def _width(kind: Representation) -> int:
    """Bits that store a value: sign, exponent, mantissa."""
    if kind.mantissa_bits is None:
        return 1
    return kind.mantissa_bits + (6 if kind.narrow else 9)


def _read_out_wide(model: Elman, wide: Elman, corpus: Corpus) -> float:
    """Bits per byte of the model's own states read out in float64."""
    read_out, total = ReadOut(wide), 0.0
    for block in trace(model, corpus):
        total += float(read_out.bits(block.h, corpus.data[block.start + 1 : block.start + 1 + len(block.h)]).sum())
    return total / (len(corpus) - 1)


def _weights(
    model: Elman,
    corpus: Corpus,
    befores: Sequence[ArrayLike | None],
    bpc: float,
    executor: Executor | None,
    progress: Progress,
) -> tuple[RoundedWeights, ...]:
    ways: dict[str, Callable[[Floats], Floats]] = {"float16": Representation.float16().of}
    ways |= {f"uniform {bits}": partial(_uniform, bits) for bits in _UNIFORM}
    groups = {"W_x": ["W_x"], "W_h": ["W_h"], "W_y": ["W_y"], "all": list(model.arrays())}
    cells = [(group, way) for group in groups for way in ways]

    def score(group: str, way: str, before: ArrayLike | None) -> float:
        network = replace(model, **{name: ways[way](getattr(model, name)) for name in groups[group]})
        return represented_bits(network, corpus, None, fed_back=False, before=before)

    jobs = [partial(score, group, way, before) for group, way in cells for before in befores]
    figures = _figures(jobs, "rounded weights", executor, progress)
    table = np.array(list(figures)).reshape(len(cells), -1).tolist()
    return tuple(
        RoundedWeights(group, way, run[0], run[0] - bpc, min(run), max(run)) for (group, way), run in zip(cells, table)
    )


def _uniform(bits: int, weights: Floats) -> Floats:
    """``weights`` as multiples of the largest over 2^(bits - 1) - 1, in their own dtype."""
    largest = float(np.abs(weights).max())
    step = largest / (2 ** (bits - 1) - 1)
    if not step:
        return weights
    rounded: Floats = (np.round(weights.astype(np.float64) / step) * step).astype(weights.dtype)
    return rounded


def _leverage(model: Elman, corpus: Corpus, executor: Executor | None, progress: Progress) -> tuple[BitLeverage, ...]:
    sampled = np.unique(np.linspace(0, len(corpus) - 2, min(_SAMPLES, len(corpus) - 1)).astype(np.int64))
    states = np.concatenate([block.h[np.isin(block.positions, sampled)] for block in trace(model, corpus)])
    W_y, b_y = model.W_y.astype(np.float64), model.b_y.astype(np.float64)
    progress.start("flipped bits", len(states), "positions")
    divergence, clipped = np.zeros(32), np.zeros(32, np.int64)
    for found, cut in map_ordered(partial(_flipped, W_y, b_y), states, executor):
        divergence += found
        clipped += cut
        progress.advance(1)
    progress.finish()
    flips = len(states) * model.hidden
    parts = ["sign", *["exponent"] * 8, *["mantissa"] * 23]
    return tuple(
        BitLeverage(bit, part, float(divergence[bit]) / flips, flips, int(clipped[bit]))
        for bit, part in zip(range(31, -1, -1), parts)
    )


def _flipped(
    W_y: NDArray[np.float64], b_y: NDArray[np.float64], state: Floats
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """KL(p || p') summed over neurons, in bits, and values clipped, for each of the 32 bits of one state (H,)."""
    h = np.ascontiguousarray(state, np.float32)
    logits = W_y @ h.astype(np.float64) + b_y
    top = float(logits.max())
    logarithms = logits - (top + log(float(np.exp(logits - top).sum())))
    mean, largest = np.exp(logarithms) @ W_y, np.abs(W_y).max(axis=0)
    divergence, clipped = np.zeros(32), np.zeros(32, np.int64)
    for bit in range(32):
        value = (h.view(np.uint32) ^ np.uint32(1 << bit)).view(np.float32)
        with np.errstate(invalid="ignore"):
            kept = np.abs(value) <= 1  # false for NaN too
        change = np.where(kept, value, np.copysign(np.float32(1), value)).astype(np.float64) - h
        small = largest * np.abs(change) < _SMALL
        divergence[bit] = (
            _small_divergence(W_y[:, small], logarithms, mean[small], change[small])
            + _large_divergence(W_y[:, ~small], logarithms, mean[~small], change[~small])
        ) / log(2)
        clipped[bit] = len(h) - int(kept.sum())
    return divergence, clipped


def _small_divergence(
    W_y: NDArray[np.float64],
    logarithms: NDArray[np.float64],
    mean: NDArray[np.float64],
    change: NDArray[np.float64],
) -> float:
    """Sum over neurons of KL(p || p') in nats, exact for changes down to the last bit of a mantissa.

    KL = log(sum_v p_v exp(x_v)) for x_v = (W_y[v] - mean) change, whose mean under p is 0.
    """
    x = (W_y - mean) * change
    return float(np.log1p(np.exp(logarithms) @ (np.expm1(x) - x)).sum())


def _large_divergence(
    W_y: NDArray[np.float64],
    logarithms: NDArray[np.float64],
    mean: NDArray[np.float64],
    change: NDArray[np.float64],
) -> float:
    """The same for changes that may move logits by any amount."""
    if not len(change):
        return 0.0
    x = (W_y - mean) * change + logarithms[:, np.newaxis]
    top = x.max(axis=0)
    return float((top + np.log(np.exp(x - top).sum(axis=0))).sum())


def _growth(model: Elman, corpus: Corpus, progress: Progress) -> tuple[ErrorGrowth, ...]:
    """States in float32 against float64 after 1, 2, 5, 10, 20, … bytes."""
    narrow = model.astype(np.float32)
    steps = [k * 10**i for i in range(len(str(len(corpus)))) for k in (1, 2, 5) if k * 10**i <= len(corpus)]
    rows: list[ErrorGrowth] = []
    progress.start("float32 against float64", len(corpus), "B")
    for single, double in zip(trace(narrow, corpus), trace(narrow.astype(np.float64), corpus)):
        for step in steps:
            row = step - 1 - single.start
            if 0 <= row < len(single.h):
                difference = np.abs(single.h[row] - double.h[row])
                rows.append(ErrorGrowth(step, float(difference.max()), float(difference.mean())))
        progress.advance(len(single.h))
    progress.finish()
    return tuple(rows)
