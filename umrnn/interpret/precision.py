"""Precision: how many bits of states and weights the prediction needs, and what each single bit is worth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import nan
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.rounding import (
    BitLeverage,
    FloatDifference,
    Representation,
    bit_leverage,
    float_differences,
    represented_bits,
)
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.score import check_predicts
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["BitLeverage", "FloatDifference", "Precision", "RoundedStates", "RoundedWeights", "precision"]

_MANTISSAS = (23, 20, 16, 12, 10, 8, 6, 4, 2, 1, 0)
_UNIFORM = (16, 12, 10, 8, 6, 4)  # bits of a weight
_MOVED = 1e-3  # largest change of a starting state
_MOST = 10_000  # runs for the spread


@dataclass(frozen=True)
class RoundedStates:
    """Bits per byte with rounded states; least and most over starting states moved by up to 1e-3."""

    representation: str
    stored_bits: int
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
    differences : a record per step looked at
    """

    bpc: float
    states: tuple[RoundedStates, ...]
    weights: tuple[RoundedWeights, ...]
    leverage: tuple[BitLeverage, ...]
    differences: tuple[FloatDifference, ...]

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
            "max_abs_difference_float64": max((row.max_abs_difference for row in self.differences), default=nan),
        }

    def tables(self) -> dict[str, Table]:
        """``states``, ``weights``, ``leverage`` by bit, and ``float64_difference`` by step."""
        return {
            "states": Table.of_records(self.states, RoundedStates),
            "weights": Table.of_records(self.weights, RoundedWeights),
            "leverage": Table.of_records(self.leverage, BitLeverage),
            "float64_difference": Table.of_records(self.differences, FloatDifference),
        }


_PARTS = ("sign", "exponent", "mantissa")


@reads_text
def precision(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    starts: int = 5,
    seed: int = 0,
    work: Work = Work(),
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
    starts : runs for the spread, 0 … 10,000; each costs as much as the figure itself

    Raises
    ------
    InputError
        If the corpus is a single byte, or ``starts`` or ``seed`` is out of range.

    Examples
    --------
    >>> precision(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"), starts=0).headline()["bpc_sign_readout"]
    8.0
    """
    starts, seed = integer("starts", starts, 0, _MOST), integer("seed", seed, 0, None)
    check_predicts(corpus)
    network, facts, _ = opened(model)
    moved = [np.random.default_rng((seed, i)).uniform(-_MOVED, _MOVED, network.hidden) for i in range(starts)]
    befores: list[ArrayLike | None] = [None, *moved]
    with one_thread():  # held here: the limit is the calling thread's to set
        bpc = represented_bits(network, corpus, None, fed_back=False)
        states = _states(network, corpus, befores, bpc, work)
        weights = _weights(network, corpus, befores, bpc, work)
        leverage = bit_leverage(network, corpus, work)
        differences = float_differences(network, corpus, work=work)
    return Precision(
        bpc=bpc,
        states=states,
        weights=weights,
        leverage=leverage,
        differences=differences,
        provenance=provenance(
            corpus,
            parameters={"starts": starts, "moved_by": _MOVED, "samples": leverage[0].flipped // network.hidden},
            seed=seed,
            threads=work.threads,
            model=facts,
        ),
    )


def _figures(jobs: Sequence[Callable[[], float]], task: str, work: Work) -> Iterator[float]:
    """What each job returns, in order."""
    work.progress.start(task, len(jobs), "runs")
    with pool(work.threads) as executor:
        for figure in map_ordered(lambda job: job(), jobs, executor):
            work.progress.advance(1, bpc=figure)
            yield figure
    work.progress.finish()


def _states(
    model: Elman,
    corpus: Corpus,
    befores: Sequence[ArrayLike | None],
    bpc: float,
    work: Work,
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
    figures = _figures(jobs, "rounded states", work)
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
    read_out, total = OutputLayer(wide), 0.0
    for block in trace(model, corpus):
        total += float(read_out.bits(block.h, corpus.data[block.start + 1 : block.start + 1 + len(block.h)]).sum())
    return total / (len(corpus) - 1)


def _weights(
    model: Elman,
    corpus: Corpus,
    befores: Sequence[ArrayLike | None],
    bpc: float,
    work: Work,
) -> tuple[RoundedWeights, ...]:
    ways: dict[str, Callable[[Floats], Floats]] = {"float16": Representation.float16().of}
    ways |= {f"uniform {bits}": partial(_uniform, bits) for bits in _UNIFORM}
    groups = {"W_x": ["W_x"], "W_h": ["W_h"], "W_y": ["W_y"], "all": list(model.arrays())}
    cells = [(group, way) for group in groups for way in ways]

    def score(group: str, way: str, before: ArrayLike | None) -> float:
        network = replace(model, **{name: ways[way](getattr(model, name)) for name in groups[group]})
        return represented_bits(network, corpus, None, fed_back=False, before=before)

    jobs = [partial(score, group, way, before) for group, way in cells for before in befores]
    figures = _figures(jobs, "rounded weights", work)
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
