"""Knock-outs: what the read-out loses without one neuron, and what it keeps with a few."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite, nan
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous
from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.kernels import knockout as kernels
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.forward import bits_per_target
from umrnn.rnn.kernels.records import Floats, Parameters, aligned, allocate
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.statistics import spearman

__all__ = ["KeptNeurons", "KnockedOut", "Knockout", "knockout"]

_PIECE = 512  # positions a thread takes at a time
_KEPT = (0, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50, 70, 100)  # and doubling from there to H
_DRAWS = 9


@dataclass(frozen=True)
class KnockedOut:
    """By how much the bits per byte rise when one neuron is replaced at the read-out; positive hurts."""

    neuron: int
    cost_rank: int
    delta_bpc: float
    first_half_delta_bpc: float
    second_half_delta_bpc: float
    sign_snap_delta_bpc: float
    mean_ablation_delta_bpc: float
    mean_abs_state: float
    output_norm: float


@dataclass(frozen=True)
class KeptNeurons:
    """Bits per byte when the read-out sees only some neurons."""

    neurons: int
    keep_top_bpc: float
    keep_top_gap_percent: float
    keep_random_bpc: float | None
    remove_top_bpc: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Knockout(Result):
    """Every neuron knocked out of the read-out, and the read-out built up from the neurons that matter most.

    Parameters
    ----------
    bpc : of the network as it is
    rows : a record per neuron, row j for neuron j
    curve : a record per number of neurons kept or removed
    half_rank_r : correlation of the neurons' ranks in the two halves of the corpus; NaN where it is undefined
    """

    bpc: float
    rows: tuple[KnockedOut, ...]
    curve: tuple[KeptNeurons, ...]
    half_rank_r: float

    def headline(self) -> dict[str, Any]:
        """The neuron that costs most; what the one that costs most in the first half costs in the second; who hurts."""
        top = min(self.rows, key=lambda row: row.cost_rank)
        chosen = max(self.rows, key=lambda row: (row.first_half_delta_bpc, -row.neuron))
        return {
            "top_neuron": top.neuron,
            "top_delta_bpc": top.delta_bpc,
            "top_held_out_delta_bpc": chosen.second_half_delta_bpc if isfinite(chosen.first_half_delta_bpc) else nan,
            "bpc": self.bpc,
            "neurons_that_hurt": sum(row.delta_bpc < 0 for row in self.rows),
            "neurons_that_hurt_both_halves": sum(
                row.first_half_delta_bpc < 0 and row.second_half_delta_bpc < 0 for row in self.rows
            ),
            "max_sign_snap_delta_bpc": max(row.sign_snap_delta_bpc for row in self.rows),
            "half_rank_r": self.half_rank_r,
        }

    def tables(self) -> dict[str, Table]:
        """``neurons``: a row per neuron, costliest first; ``curve``: a row per number of neurons."""
        ranked = sorted(self.rows, key=lambda row: row.cost_rank)
        return {
            "neurons": Table.of_records(ranked, KnockedOut),
            "curve": Table.of_records(self.curve, KeptNeurons),
        }


@reads_text
def knockout(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    null: Null | None = None,
    work: Work = Work(),
) -> Knockout:
    """Replace each h_j at the read-out, dynamics untouched, and measure what the prediction loses.

        delta_j = mean of -log2 softmax(W_y h' + b_y)[x_{t+1}] - bpc,    h' = h with h_j := 0

    ``sign_snap_delta_bpc`` puts the sign of h_j in its place, ``mean_ablation_delta_bpc`` its mean over the corpus: a
    neuron that never moves costs nothing then. The two halves of the corpus show whether the order holds on other
    bytes. The curve keeps, or removes, the k neurons of largest delta; beside it k neurons drawn at random.

    Parameters
    ----------
    null : draws of random neurons to average over; default: nine

    Raises
    ------
    InputError
        If the corpus is a single byte: there is nothing to predict.

    Examples
    --------
    >>> knockout(Elman.zeros(hidden=2), Corpus.siteinfo()).headline()["top_delta_bpc"]
    0.0
    """
    targets = check_predicts(corpus)
    network, facts, _ = opened(model)
    null = (null or Null(_DRAWS)).fitting(_room(network))
    with one_thread():  # held here: the limit is the calling thread's to set
        moments = _moments(network, corpus, work)
        sums, base = _replaced(network, corpus, moments.mean, work)
        rows = _ranked(network, sums, base, targets, moments.mean_abs)
        order = [row.neuron for row in sorted(rows, key=lambda row: row.cost_rank)]
        bpc = float(base.sum()) / targets
        curve = _curve(network, corpus, order, bpc, null, work)
    settings = {"permutations": null.permutations, "second_half_from": corpus.start + 1 + targets // 2}
    return Knockout(
        bpc=bpc,
        rows=rows,
        curve=curve,
        half_rank_r=spearman([row.first_half_delta_bpc for row in rows], [row.second_half_delta_bpc for row in rows]),
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=facts),
    )


@dataclass(frozen=True)
class _Moments:
    mean: NDArray[np.float64]  # (H,)
    mean_abs: NDArray[np.float64]  # (H,)


def _moments(model: Elman, corpus: Corpus, work: Work) -> _Moments:
    """Means of h_j and |h_j| over the states that predict something."""
    total, absolute, targets = np.zeros(model.hidden), np.zeros(model.hidden), len(corpus) - 1
    work.progress.start("means of states", targets, "B")
    for block in trace(model, corpus):
        states = block.h[: len(block.bits)]
        total += states.sum(axis=0, dtype=np.float64)
        absolute += np.abs(states).sum(axis=0, dtype=np.float64)
        work.progress.advance(len(states))
    work.progress.finish()
    return _Moments(total / targets, absolute / targets)


def _replaced(
    model: Elman, corpus: Corpus, means: NDArray[np.float64], work: Work
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Summed bits with each neuron replaced, shape (2 halves, 3, H), and as it is, shape (2,)."""
    middle = (len(corpus) - 1) // 2
    sums, base = np.zeros((2, kernels.VARIANTS, model.hidden)), np.zeros(2)
    columns, typed = contiguous(model.W_y.T), contiguous(means, model.dtype)

    def summed(piece: tuple[int, Floats]) -> NDArray[np.float64]:
        start, states = piece
        out = np.zeros((kernels.VARIANTS, model.hidden))
        targets = corpus.data[start + 1 : start + 1 + len(states)]
        with one_thread():
            kernels.knocked_out_bits(states, targets, model.W_y, columns, model.b_y, typed, out)
        return out

    work.progress.start("knock-outs", len(corpus) - 1, "B")
    with pool(work.threads) as executor:
        for block in trace(model, corpus):
            pieces = list(_pieces(block.start, block.h[: len(block.bits)], middle))
            for (start, states), found in zip(pieces, map_ordered(summed, pieces, executor)):
                half = int(start >= middle)
                sums[half] += found
                base[half] += block.bits[start - block.start : start - block.start + len(states)].sum()
                work.progress.advance(len(states))
    work.progress.finish()
    return sums, base


def _pieces(start: int, states: Floats, middle: int) -> Iterator[tuple[int, Floats]]:
    """Consecutive states with the position of the first; none reaches over ``middle``."""
    stop = start + len(states)
    while start < stop:
        end = min(start + _PIECE, stop, middle if start < middle else stop)
        yield start, states[len(states) - (stop - start) : len(states) - (stop - end)]
        start = end


def _ranked(
    model: Elman, sums: NDArray[np.float64], base: NDArray[np.float64], targets: int, mean_abs: NDArray[np.float64]
) -> tuple[KnockedOut, ...]:
    lengths = np.array([targets // 2, targets - targets // 2])
    with np.errstate(invalid="ignore"):  # a corpus of two bytes has no first half
        halves = (sums[:, 0] - base[:, np.newaxis]) / lengths[:, np.newaxis]
    delta, snap, mean = (sums.sum(axis=0) - base.sum()) / targets
    norms = np.sqrt(np.square(model.W_y, dtype=np.float64).sum(axis=0))
    rank = np.empty(model.hidden, np.int64)
    rank[np.argsort(-delta, kind="stable")] = np.arange(1, model.hidden + 1)
    return tuple(
        KnockedOut(j, int(rank[j]), *(float(a[j]) for a in (delta, halves[0], halves[1], snap, mean, mean_abs, norms)))
        for j in range(model.hidden)
    )


def _curve(
    model: Elman,
    corpus: Corpus,
    order: Sequence[int],
    bpc: float,
    null: Null,
    work: Work,
) -> tuple[KeptNeurons, ...]:
    hidden, counts = model.hidden, _counts(model.hidden)
    drawn = [null.generator(number).permutation(hidden).tolist() for number in range(null.permutations)]
    subsets = [*(order[:k] for k in counts), *(order[k:] for k in counts)]
    subsets += [permuted[:k] for permuted in drawn for k in counts]
    found = _subset_bits(model, corpus, subsets, work).reshape(-1, len(counts))
    random = found[2:].mean(axis=0).tolist() if drawn else [None] * len(counts)
    rows = zip(counts, found[0].tolist(), random, found[1].tolist())
    return tuple(
        KeptNeurons(k, keep, 100 * (8 - keep) / (8 - bpc) if bpc != 8 else nan, by_chance, removed)
        for k, keep, by_chance, removed in rows
    )


def _counts(hidden: int) -> list[int]:
    """How many neurons are kept."""
    doubled = [200 * 2**i for i in range(12)]
    return sorted({k for k in (*_KEPT, *doubled) if k < hidden} | {hidden})


def _room(model: Elman) -> int:
    """Bytes that the read-outs of one draw of random neurons take."""
    counts = _counts(model.hidden)
    return model.dtype.itemsize * (ALPHABET + kernels.BLOCK) * (sum(counts) + 2 * len(counts))


class _FewNeurons:
    """The read-out of some neurons only; holds no W_h, since hundreds of these stand side by side."""

    def __init__(self, model: Elman, chosen: Sequence[int]) -> None:
        # No neuron at all is one of weight 0: BLAS wants a column.
        self._columns = np.array(sorted(chosen) or [0], np.int64)
        W_y = model.W_y[:, self._columns] * model.dtype.type(len(chosen) > 0)
        none = np.zeros((1, 1), model.dtype)
        self._weights = Parameters(W_x=none, W_h=none, W_y=contiguous(W_y), b_h=none[0], b_y=model.b_y)
        room = allocate(ALPHABET, 1, kernels.BLOCK, model.dtype)
        self._work = room._replace(columns=aligned(len(self._columns) * kernels.BLOCK, model.dtype))

    def bits(self, states: Floats, targets: NDArray[np.uint8]) -> float:
        """Summed bits of ``targets`` (m,) given all ``states`` (m, H)."""
        bits = np.empty(len(targets))
        with one_thread():
            bits_per_target(contiguous(states[:, self._columns]), targets, self._weights, self._work, bits)
        return float(bits.sum())


def _subset_bits(model: Elman, corpus: Corpus, subsets: Sequence[Sequence[int]], work: Work) -> NDArray[np.float64]:
    """Mean bits per byte when the read-out sees only the neurons of each subset, shape (subsets,)."""
    read_outs = [_FewNeurons(model, subset) for subset in subsets]
    totals = np.zeros(len(subsets))
    work.progress.start("fewer neurons", len(corpus) - 1, "B")
    with pool(work.threads) as executor:
        for block in trace(model, corpus):
            targets = corpus.data[block.start + 1 : block.start + 1 + len(block.bits)]
            states = block.h[: len(targets)]
            jobs = [partial(few.bits, states, targets) for few in read_outs]
            totals += list(map_ordered(lambda one: one(), jobs, executor))
            work.progress.advance(len(targets))
    work.progress.finish()
    return totals / (len(corpus) - 1)
