"""Leverage of a bit: what a prediction loses when one bit of one state value is flipped before the read-out."""

from dataclasses import dataclass
from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["BitLeverage", "bit_leverage"]

_SAMPLES = 64  # positions whose bits are flipped
_SMALL = 1.0  # nats a logit may move before its exponential needs the largest one taken out


@dataclass(frozen=True)
class BitLeverage:
    """Mean of KL(p || p') when one bit of one state value is flipped; ``clipped`` of them were cut to [-1, 1]."""

    bit: int
    part: str
    leverage_bits: float
    flipped: int
    clipped: int


def bit_leverage(model: Elman, corpus: Corpus, work: Work = Work()) -> tuple[BitLeverage, ...]:
    """A record per bit of a float32, the sign first; each bit of each state value at up to 64 positions is flipped.

    The caller holds BLAS at one thread.

    Examples
    --------
    >>> bit_leverage(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"))[0]
    BitLeverage(bit=31, part='sign', leverage_bits=0.0, flipped=4, clipped=0)
    """
    sampled = np.unique(np.linspace(0, len(corpus) - 2, min(_SAMPLES, len(corpus) - 1)).astype(np.int64))
    states = np.concatenate([block.h[np.isin(block.positions, sampled)] for block in trace(model, corpus)])
    W_y, b_y = model.W_y.astype(np.float64), model.b_y.astype(np.float64)
    work.progress.start("flipped bits", len(states), "positions")
    divergence, clipped = np.zeros(32), np.zeros(32, np.int64)
    with pool(work.threads) as executor:
        for found, cut in map_ordered(partial(_flipped, W_y, b_y), states, executor):
            divergence += found
            clipped += cut
            work.progress.advance(1)
    work.progress.finish()
    flipped = len(states) * model.hidden
    parts = ["sign", *["exponent"] * 8, *["mantissa"] * 23]
    return tuple(
        BitLeverage(bit, part, float(divergence[bit]) / flipped, flipped, int(clipped[bit]))
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
