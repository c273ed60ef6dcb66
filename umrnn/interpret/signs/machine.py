"""The Boolean automaton of a network: its signs alone, packed into 64-bit words, stepped by table look-up."""

import math

import numpy as np
from numpy.typing import NDArray

from umrnn.interpret.kernels import boolean as kernels
from umrnn.rnn.kernels.records import Bytes, Floats, aligned
from umrnn.rnn.layout import parameters
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["SignMachine", "Words", "hashes"]

Words = NDArray[np.uint64]
Wide = NDArray[np.float64]

# The larger the group, the fewer rows a step adds, until the table outgrows the caches: at H = 128 a step takes
# 0.15 µs by bytes and 0.22 by nibbles (a dense tanh step 0.7), at H = 512 3.2 and 2.9 (dense 12).
_TABLE_BYTES = {8: 1 << 21, 4: 1 << 27}
_MOST_UNITS = np.iinfo(np.int16).max // 2  # of a sum in the table: two of them are added in two bytes
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)  # of SplitMix64
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class SignMachine:
    """σ' = [W_h (2σ - 1) + W_x[:, x] + b_h >= 0], on states packed into W = ceil(H / 64) words.

    Bit j % 64 of word j // 64 is neuron j. Sums are those of float64 in the order b_h, W_x, then neurons 0, 1, …; the
    look-up of rounded sums is used only where it cannot have another sign, so answers do not depend on it.

    Parameters
    ----------
    model : the network
    bits : neurons in a group of the table, 8, 4, 2 or 1; chosen by the size of the table if None

    Examples
    --------
    >>> machine = SignMachine(Elman.zeros(hidden=3))
    >>> machine.run(machine.pack(-np.ones((1, 3)))[0], np.zeros(2, np.uint8)).tolist()
    [[7], [7]]
    """

    def __init__(self, model: Elman, *, bits: int | None = None) -> None:
        self.model, self.hidden = model, model.hidden
        self.words = -(-self.hidden // 64)
        self.table = _table(model, bits or _group_bits(self.hidden))

    def pack(self, states: Floats) -> Words:
        """σ = [h >= 0] of states (m, H), shape (m, W)."""
        out = np.empty((len(states), self.words), np.uint64)
        kernels.pack_signs(states, out)
        return out

    def unpack(self, words: Words) -> Floats:
        """2σ - 1 in the dtype of the model, shape (m, H)."""
        out = np.empty((len(words), self.hidden), self.model.dtype)
        kernels.unpack_signs(words, out)
        return out

    def step(self, words: Words, data: Bytes) -> Words:
        """One step from every row of ``words`` (m, W) on the byte beside it, shape (m, W)."""
        out = np.empty_like(words)
        kernels.step_each(words, data, self.table, aligned(self.hidden, np.int32), out)
        return out

    def run(self, before: Words, data: Bytes) -> Words:
        """The states after each byte of ``data`` (m,), from the state ``before`` (W,), shape (m, W)."""
        states = np.empty((len(data) + 1, self.words), np.uint64)
        states[0] = before
        kernels.step_each(states[:-1], data, self.table, aligned(self.hidden, np.int32), states[1:])
        return states[1:]

    def run_from_zero(self, data: Bytes) -> Words:
        """As :meth:`run` from h_{-1} = 0, which no σ stands for: the first step adds only W_x and b_h."""
        first = self.model.b_h.astype(np.float64) + self.model.W_x[:, int(data[0])]
        start = self.pack(first[np.newaxis])
        return np.concatenate([start, self.run(start[0], data[1:])])

    def preactivations(self, words: Words, data: Bytes) -> NDArray[np.float64]:
        """Sums z of the step from every row of ``words`` on the byte beside it, shape (m, H)."""
        out = np.empty((len(words), self.hidden))
        kernels.exact_sums(words, data, self.table, out)
        return out


def hashes(words: Words) -> Words:
    """A 64-bit hash of each row, shape (m,): two of n distinct rows share one with probability n² / 2⁶⁵.

    Examples
    --------
    >>> len(set(hashes(np.arange(100, dtype=np.uint64).reshape(50, 2)).tolist()))
    50
    """
    mixed = np.zeros(len(words), np.uint64)
    for column in words.T:
        mixed = mixed * _MIX_1 + column + _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
        mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed


def _group_bits(hidden: int) -> int:
    groups = -(-hidden // 64) * 64
    return next((b for b, most in _TABLE_BYTES.items() if groups // b * 2**b * hidden * 2 <= most), 2)


def _table(model: Elman, bits: int) -> kernels.SignTable:
    """Sums of every pattern in units, and how many units a sum may be off.

    Each of the G + 1 numbers that a step adds is rounded by half a unit at most; the definition itself errs by H + 2
    roundings of 2^-53 of the sum of magnitudes, doubled here, which covers those of the table. Weights too large for a
    sum in float64 leave all to the definition.
    """
    weights, hidden = parameters(model), model.hidden
    groups = -(-hidden // 64) * 64 // bits
    sums = aligned(groups * 2**bits * hidden, np.int16).reshape(-1, hidden)
    with np.errstate(over="ignore", invalid="ignore"):
        wide = [np.abs(array, dtype=np.float64) for array in (weights.W_x, weights.b_h, weights.W_h)]
        magnitude = wide[0].max(axis=0) + wide[1] + wide[2].sum(axis=1)
        is_finite = np.isfinite(magnitude)
        magnitude[~is_finite] = 0
        unit = _units(np.where(is_finite[:, np.newaxis], wide[2], 0), magnitude, bits)
        kernels.fill_table(np.where(is_finite[:, np.newaxis], weights.W_h, 0), bits, unit, sums)
        inputs = np.where(is_finite, np.rint((weights.W_x.astype(np.float64) + weights.b_h) / unit), 0)
        off = (groups + 1) / 2 + 1 + math.ldexp(hidden + 3, -52) * (magnitude / unit)
    unsure = np.where(is_finite, off, np.iinfo(np.int32).max).astype(np.int32)
    whole = aligned(ALPHABET * hidden, np.int32).reshape(ALPHABET, hidden)
    whole[:] = inputs
    return kernels.SignTable(sums, whole, unsure, np.array([bits]), weights.W_x, weights.W_h, weights.b_h)


def _units(sizes: Wide, magnitude: Wide, bits: int) -> Wide:
    """What 1 stands for in the sums of each neuron, (H,): two bytes hold those of two groups, and four a whole sum.

    Parameters
    ----------
    sizes : shape (H, H), those of W_h
    magnitude : shape (H,), the largest that a sum of all may be
    """
    groups = np.add.reduceat(sizes, np.arange(0, len(sizes), bits), axis=1)
    least = np.maximum(magnitude * 2.0**-30, np.finfo(np.float64).tiny)
    unit: Wide = np.maximum(groups.max(axis=1) / _MOST_UNITS, least)
    return unit
