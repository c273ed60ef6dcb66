"""Effects of replaced bytes, gathered: at chosen positions, and as means over a corpus."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.interpret.replaced.runs import checked_positions, flipped_runs
from umrnn.progress import Work
from umrnn.rnn.weights import Elman

__all__ = ["PositionEffects", "WholeEffects", "position_effects", "whole_effects"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PositionEffects:
    """Effects at chosen positions t of replacing x[t - d], d = 0 … D; NaN where t < d.

    Parameters
    ----------
    positions : shape (P,), int64, ascending, counted in the source of the corpus
    sign_changes : shape (P, D + 1), neurons whose sign at t changes
    kl_bits : shape (P, D + 1), KL(p || p') at t
    delta_bits : shape (P, D + 1), rise of -log2 p(x[t + 1])
    neurons : shape (D + 1, H), int64, positions at which the neuron's sign changes
    """

    positions: NDArray[np.int64]
    sign_changes: Floats
    kl_bits: Floats
    delta_bits: Floats
    neurons: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WholeEffects:
    """Means over the corpus, by lag d = 0 … D.

    Parameters
    ----------
    pairs : shape (D + 1,), int64, bytes replaced whose effect at that lag was measured
    sign_changes, kl_bits, abs_delta_bits : shape (D + 1,), means over them; NaN where there is none
    neurons : shape (D + 1, H), int64, pairs at which the neuron's sign changes
    """

    pairs: NDArray[np.int64]
    sign_changes: Floats
    kl_bits: Floats
    abs_delta_bits: Floats
    neurons: NDArray[np.int64]


def position_effects(
    model: Elman,
    corpus: Corpus,
    positions: Iterable[int],
    lags: int,
    *,
    other: NDArray[np.uint8],
    tolerance: float = 0.0,
    work: Work = Work(),
) -> PositionEffects:
    """Effects at ``positions`` of replacing each byte s in turn by ``other[s]``, at lags 0 … ``lags`` - 1.

    At offsets d, counted back from the predicted byte, this is the leave-one-out attribution of the byte at lag d - 1.

    Parameters
    ----------
    positions : in the source of the corpus, each of a byte that has a next one
    other : shape (n,), uint8, the byte to put in place of each

    Raises
    ------
    InputError
        If a position has no next byte, or is repeated.

    Examples
    --------
    >>> corpus = Corpus.from_bytes(b"abcd")
    >>> position_effects(Elman.zeros(hidden=2), corpus, [1], 3, other=corpus.data[::-1]).delta_bits.tolist()
    [[0.0, 0.0, nan]]
    """
    chosen = np.array(checked_positions(positions, corpus), np.int64) - corpus.start
    asked = np.zeros(len(corpus), np.bool_)
    asked[chosen] = True
    signs, kl, delta = (np.full((len(chosen), lags), nan) for _ in range(3))
    neurons = np.zeros((lags, model.hidden), np.int64)
    for block in flipped_runs(model, corpus, other, asked, lags, tolerance=tolerance, work=work):
        reached = block.changed[:, np.newaxis] + np.arange(lags)
        run, lag = np.nonzero((reached < len(corpus)) & asked[np.minimum(reached, len(corpus) - 1)])
        row = np.searchsorted(chosen, reached[run, lag])
        signs[row, lag], kl[row, lag] = block.sign_changes[run, lag], block.kl_bits[run, lag]
        delta[row, lag] = block.delta_bits[run, lag]
        neurons += block.neurons
    return PositionEffects(chosen + corpus.start, signs, kl, delta, neurons)


def whole_effects(
    model: Elman,
    corpus: Corpus,
    lags: int,
    *,
    other: NDArray[np.uint8],
    every: int = 1,
    tolerance: float = 0.0,
    work: Work = Work(),
) -> WholeEffects:
    """Mean effects over the corpus of replacing each byte s by ``other[s]``, at lags 0 … ``lags`` - 1.

    Parameters
    ----------
    other : shape (n,), uint8, the byte to put in place of each
    every : of the pieces of 256 bytes replace only those in the first, and each ``every``-th after it

    Examples
    --------
    >>> corpus = Corpus.from_bytes(b"abcd")
    >>> whole_effects(Elman.zeros(hidden=2), corpus, 3, other=corpus.data[::-1]).pairs.tolist()
    [3, 2, 1]
    """
    asked = np.ones(len(corpus), np.bool_)
    pairs, neurons, sums = np.zeros(lags, np.int64), np.zeros((lags, model.hidden), np.int64), np.zeros((3, lags))
    for block in flipped_runs(model, corpus, other, asked, lags, every=every, tolerance=tolerance, work=work):
        # Positions before n - 1 predict; those a byte reaches are a matter of its distance from there.
        pairs += np.count_nonzero(block.changed[:, np.newaxis] + np.arange(lags) < len(corpus) - 1, axis=0)
        sums += [a.sum(axis=0) for a in (block.sign_changes, block.kl_bits, np.abs(block.delta_bits))]
        neurons += block.neurons
    with np.errstate(invalid="ignore"):
        signs, kl, delta = sums / pairs
    return WholeEffects(pairs, signs, kl, delta, neurons)
