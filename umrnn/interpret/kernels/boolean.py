"""The network on signs alone. H = hidden neurons, W = ceil(H / 64) words of a state, G = groups of neurons in a table.

    z = b_h + W_x[x] + sum over k of s_k W_h[:, k]        s_k = 2 sigma_k - 1        sigma'_i = [z_i >= 0]

A state sigma is packed: bit j % 64 of word j // 64 is neuron j, bits beyond H are zero. The definition adds in float64,
in the order written. A step looks its sums up instead: a group is 8, 4, 2 or 1 neighbouring bits, and the table holds
the sum of its columns for every pattern of its bits, rounded to whole units of two bytes; each neuron has a unit of its
own. Where the whole sum lies closer to zero than it can be wrong, the step falls back on the definition, so both give
the same bits, always. Two bytes and not a float's four: a step costs what its rows take to load.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from umrnn._jit import kernel

__all__ = [
    "SignTable",
    "count_differences",
    "exact_sums",
    "fill_table",
    "find_cycle",
    "influence",
    "pack_signs",
    "run_ternary",
    "step_each",
    "unpack_signs",
]

_WORD = 64
_ONE, _MASK = np.uint64(1), np.uint64(63)


class SignTable(NamedTuple):
    """A network prepared for steps on packed signs."""

    sums: NDArray[np.int16]  # (G * P, H): row g * P + p adds the columns of group g, pattern p of its bits, in units
    inputs: NDArray[np.int32]  # (V, H): W_x[x] + b_h, in units
    unsure: NDArray[np.int32]  # (H,): a sum beyond this has the right sign
    bits: NDArray[np.int64]  # (1,): bits of a group, 8, 4, 2 or 1; P = 2 ** bits
    W_x: NDArray[Any]  # (V, H)
    W_h: NDArray[Any]  # (H, H)
    b_h: NDArray[Any]  # (H,)


@kernel
def is_set(words, j):
    """Whether bit j of the packed state words (W,) is set."""
    return (words[j >> 6] >> (np.uint64(j) & _MASK)) & _ONE == _ONE


@kernel
def pack_signs(h, out):
    """Bit j of out[t] is [h[t, j] >= 0]. h (T, H); out (T, W) uint64."""
    for t in range(h.shape[0]):
        pack_row(h[t], out[t])


@kernel
def pack_row(z, out):
    """Bit j of out is [z[j] >= 0]. z (H,); out (W,) uint64."""
    for w in range(out.shape[0]):
        first = w * _WORD
        word = np.uint64(0)
        for j in range(min(_WORD, z.shape[0] - first)):
            word |= np.uint64(z[first + j] >= 0) << np.uint64(j)
        out[w] = word


@kernel
def unpack_signs(words, out):
    """out[t, j] = +1 where bit j of words[t] is set, else -1. words (T, W) uint64; out (T, H) floats."""
    for t in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[t, j] = 1 if is_set(words[t], j) else -1


@kernel
def fill_table(W_h, bits, unit, sums):
    """sums[g * P + p, i] = sum of +-W_h[i, k] over the neurons k of group g, + where their bit in p is set, in units.

    W_h (H, H); bits of a group; unit (H,), what 1 stands for: none of neuron i's sums exceeds 16,383 of its own; sums
    (G * P, H) int16, added in float64 and rounded; neurons beyond H add nothing.
    """
    hidden = W_h.shape[0]
    patterns = 1 << bits
    for row in range(sums.shape[0]):
        first = (row // patterns) * bits
        for i in range(hidden):
            total = 0.0
            for k in range(first, min(first + bits, hidden)):
                weight = np.float64(W_h[i, k])
                total += weight if (row >> (k - first)) & 1 else -weight
            sums[row, i] = math.floor(total / unit[i] + 0.5)


@kernel
def exact_sums(states, data, table, out):
    """out[t, i] = z_i by the definition, in float64, from states[t] on data[t]. out (T, H)."""
    for t in range(out.shape[0]):
        for i in range(out.shape[1]):
            out[t, i] = exact_sum(states[t], data[t], table, i)


@kernel
def exact_sum(words, x, table, i):
    """z_i by the definition, in float64."""
    z = np.float64(table.b_h[i]) + np.float64(table.W_x[np.int64(x), i])
    for k in range(table.b_h.shape[0]):
        weight = np.float64(table.W_h[i, k])
        z += weight if is_set(words, k) else -weight
    return z


@kernel
def look_up(words, x, bits, sums, inputs, z):
    """Fill z with the sums of the step from words on byte x, in units. words (W,); sums, inputs of a table; z (H,)."""
    shift, mask, patterns = np.uint64(bits), np.uint64((1 << bits) - 1), 1 << bits
    for i in range(z.shape[0]):
        z[i] = inputs[np.int64(x), i]
    row = 0
    for w in range(words.shape[0]):
        word = words[w]
        for _ in range(8 // bits):
            add_rows(sums, word, shift, mask, row, z)
            word = word >> (shift * np.uint64(7)) >> shift  # a shift by all 64 bits at once is undefined
            row += 8 * patterns


@kernel
def add_rows(sums, word, bits, mask, row, z):
    """Add to z the rows of the next eight groups, whose patterns are the low bits of word. z (H,) int32.

    Eight at a time: adding rows singly stores z as often as it loads a row and takes twice as long. Two are added in
    two bytes, which halves what must be widened.
    """
    patterns = np.int64(mask) + 1
    a = row + np.int64(word & mask)
    b = row + patterns + np.int64((word >> bits) & mask)
    c = row + 2 * patterns + np.int64((word >> (bits * np.uint64(2))) & mask)
    d = row + 3 * patterns + np.int64((word >> (bits * np.uint64(3))) & mask)
    e = row + 4 * patterns + np.int64((word >> (bits * np.uint64(4))) & mask)
    f = row + 5 * patterns + np.int64((word >> (bits * np.uint64(5))) & mask)
    g = row + 6 * patterns + np.int64((word >> (bits * np.uint64(6))) & mask)
    h = row + 7 * patterns + np.int64((word >> (bits * np.uint64(7))) & mask)
    for i in range(z.shape[0]):
        first = np.int32(np.int16(sums[a, i] + sums[b, i])) + np.int32(np.int16(sums[c, i] + sums[d, i]))
        second = np.int32(np.int16(sums[e, i] + sums[f, i])) + np.int32(np.int16(sums[g, i] + sums[h, i]))
        z[i] += first + second


@kernel
def doubts(z, unsure):
    """How many z[i] lie too close to zero for their sign to be sure. z, unsure (H,) int32."""
    count = 0
    for i in range(z.shape[0]):
        count += abs(z[i]) <= unsure[i]
    return count


@kernel
def settle(words, x, table, z):
    """Replace each z[i] whose sign is in doubt by +-1 as the definition decides. words (W,); x a byte; z (H,)."""
    for i in range(z.shape[0]):
        if abs(z[i]) <= table.unsure[i]:
            z[i] = 1 if exact_sum(words, x, table, i) >= 0 else -1


@kernel
def step_each(states, data, table, z, out):
    """out[t] = the state one step after states[t] on byte data[t]; out may be states one row on, which makes a run.

    states, out (T, W) uint64; data (T,) uint8; z (H,) int32 is room for the sums. Arrays are taken out of the table
    once: to hand a record of seven on, step by step, costs as much as the step itself.
    """
    bits, sums, inputs, unsure = np.int64(table.bits[0]), table.sums, table.inputs, table.unsure
    for t in range(data.shape[0]):
        look_up(states[t], data[t], bits, sums, inputs, z)
        if doubts(z, unsure):
            settle(states[t], data[t], table, z)
        pack_row(z, out[t])


@kernel
def count_differences(first, second, per_row, per_neuron):
    """per_row[t] = neurons in which first[t] and second[t] differ; per_neuron[j] += rows in which neuron j does.

    first, second (T, W) uint64; per_row (T,), per_neuron (H,) int64.
    """
    for t in range(per_row.shape[0]):
        per_row[t] = 0
        for w in range(first.shape[1]):
            unlike = first[t, w] ^ second[t, w]
            j = _WORD * w
            while unlike:
                if unlike & _ONE:
                    per_row[t] += 1
                    per_neuron[j] += 1
                unlike = unlike >> _ONE
                j += 1


@kernel
def influence(states, z, W_h_rows, first, out):
    """out[j, i] += 1 for each sample s in which flipping neuron first + j of states[s] flips neuron i one step on.

    A flip moves z[s, i] by -+2 W_h[i, first + j], so no sum is taken anew. states (S, W); z (S, H) float64;
    W_h_rows (J, H) float64, row j is column first + j of W_h; out (J, H) int64.
    """
    for j in range(W_h_rows.shape[0]):
        for s in range(z.shape[0]):
            change = -2.0 if is_set(states[s], first + j) else 2.0
            for i in range(z.shape[1]):
                out[j, i] += (z[s, i] + change * W_h_rows[j, i] >= 0) != (z[s, i] >= 0)


@kernel
def find_cycle(data, table, z, history, out):
    """Steps from history[0] until a state comes back: out = (steps before the cycle, its period), or (-1, -1).

    data (L,) uint8, the byte read at each step, all alike; z (H,) int32 is room; history (L + 1, W) receives the
    states, up to the one that came back; out (2,) int64. Exact: states are compared, not their hashes.
    """
    out[:] = -1
    for t in range(data.shape[0]):
        step_each(history[t : t + 1], data[t : t + 1], table, z, history[t + 1 : t + 2])
        for earlier in range(t + 1):
            if same(history[earlier], history[t + 1]):
                out[0] = earlier
                out[1] = t + 1 - earlier
                return


@kernel
def same(first, second):
    """Whether two packed states (W,) are equal."""
    unlike = np.uint64(0)
    for w in range(first.shape[0]):
        unlike |= first[w] ^ second[w]
    return unlike == np.uint64(0)


@kernel
def run_ternary(data, table, W_h_rows, dead, states):
    """states[t + 1] = the signs of z after states[t] and data[t], 0 where |z| < dead, from states[0].

    data (T,) uint8; table gives inputs and bias; W_h_rows (H, H) float64, row k is column k of W_h;
    states (T + 1, H) float64. Sums in float64, in the order of the definition.
    """
    z = np.empty(states.shape[1])
    for t in range(data.shape[0]):
        for i in range(z.shape[0]):
            z[i] = np.float64(table.b_h[i]) + np.float64(table.W_x[np.int64(data[t]), i])
        for k in range(z.shape[0]):
            sign = states[t, k]
            if sign != 0:
                for i in range(z.shape[0]):
                    z[i] += sign * W_h_rows[k, i]
        for i in range(z.shape[0]):
            states[t + 1, i] = 0 if abs(z[i]) < dead else 1 if z[i] >= 0 else -1
