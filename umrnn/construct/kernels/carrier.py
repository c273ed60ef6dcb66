"""What a shift register holds, and read-outs that add up over its groups.

n = corpus length, G = groups, B = signs in a code, T = positions in this call, V = outputs told apart.

    row t of the states: in group g the code of x[t - g], times what is left of it after g steps; 0 before the corpus
    plain logits at t: sum over g of tables[g, x[t - g]]         logits: b + scale * plain
"""

import math

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.forward import add_bias, exponentiate

__all__ = ["additive_logits", "bits_of_scale", "gather_states", "match_codes"]


@kernel
def gather_states(data, first, table, out):
    """out[i, g * B + j] = table[g, data[first + i - g], j], 0 where first + i < g. table (G, V, B), out (T, G * B)."""
    groups, _, width = table.shape
    for i in range(out.shape[0]):
        full = min(groups, first + i + 1)
        for g in range(full):
            code = table[g, np.int64(data[first + i - g])]
            for j in range(width):
                out[i, g * width + j] = code[j]
        for k in range(full * width, groups * width):
            out[i, k] = 0


@kernel
def additive_logits(data, first, tables, out):
    """out[i] = sum over g <= first + i of tables[g, data[first + i - g]]. tables (G, 256, V), out (T, V)."""
    for i in range(out.shape[0]):
        row = out[i]
        row[:] = 0
        for g in range(min(tables.shape[0], first + i + 1)):
            part = tables[g, np.int64(data[first + i - g])]
            for v in range(row.shape[0]):
                row[v] += part[v]


@kernel
def bits_of_scale(plain, targets, b, scale, logits, top, total, bits):
    """bits[t] = -log2 p(targets[t]) with logits b + scale * plain. plain, logits (V, T); top, total, bits (T,).

    Logits are transposed as in the network's own kernels, so that loops over positions vectorise.
    """
    factor = plain.dtype.type(scale)
    for v in range(plain.shape[0]):
        for t in range(plain.shape[1]):
            logits[v, t] = factor * plain[v, t]
    add_bias(b, logits, top)
    for t in range(plain.shape[1]):
        bits[t] = np.float64(top[t]) - np.float64(logits[np.int64(targets[t]), t])
    exponentiate(top, logits, total)
    for t in range(plain.shape[1]):
        bits[t] = (bits[t] + math.log(np.float64(total[t]))) / math.log(2.0)


@kernel
def match_codes(states, codes, first, found):
    """found[i, g] = first row of codes with the signs of states[i] in group g; -1 if none, -2 before the corpus.

    states (T, G * B), codes (K, B) of -1 and +1, found (T, G) int64.
    """
    width = codes.shape[1]
    for i in range(found.shape[0]):
        for g in range(found.shape[1]):
            found[i, g] = -2 if first + i < g else -1
            if first + i < g:
                continue
            for k in range(codes.shape[0]):
                same = True
                for j in range(width):
                    if (states[i, g * width + j] > 0) != (codes[k, j] > 0):
                        same = False
                        break
                if same:
                    found[i, g] = k
                    break
