"""Sums of n log2 n over cells, from which every conditional entropy follows. n(.) = a count, V = 256.

    H(Y | C) = (sum_c n(c) log2 n(c) - sum_{c, y} n(c, y) log2 n(c, y)) / N

``steps[k]`` is (k + 1) log2 (k + 1) - k log2 k in fixed point, so that adding steps[k] each time a count grows from k
to k + 1 gives the sum without a branch, and the same integer in any order of counting (2.4 ns a position; summing
finished counts instead takes 6 ns, most of it mispredicted branches).
"""

import numpy as np

from umrnn._jit import kernel


@kernel
def candidate_keys(data, offset, members, starts, keys, key_starts):
    """Keys = V * data[t - offset] + data[t] of the members t >= offset, cell by cell.

    data (n,) uint8; members (m,) int32; starts, key_starts (c + 1,) int64; keys (m,) uint16.
    """
    filled = 0
    key_starts[0] = 0
    for cell in range(starts.shape[0] - 1):
        for i in range(starts[cell], starts[cell + 1]):
            t = np.int64(members[i])
            if t >= offset:
                keys[filled] = np.uint16(data[t - offset]) << np.uint16(8) | np.uint16(data[t])
                filled += 1
        key_starts[cell + 1] = filled


@kernel
def key_weights(keys, starts, tally, pairs, steps):
    """Return sum_{c, x} n(c, x) log2 n(c, x) and sum_{c, x, y} n(c, x, y) log2 n(c, x, y) in fixed point.

    keys (m,) uint16 = V x + y cell by cell; starts (c + 1,) int64; tally (V,) and pairs (V * V,) uint32 scratch, all
    zero before and after; steps (s,) int64, s at least the size of the largest cell.
    """
    contexts = 0
    patterns = 0
    for cell in range(starts.shape[0] - 1):
        inside = keys[starts[cell] : starts[cell + 1]]
        for i in range(inside.shape[0]):
            key = inside[i]
            before = key >> np.uint16(8)
            contexts += steps[tally[before]]
            patterns += steps[pairs[key]]
            tally[before] += np.uint32(1)
            pairs[key] += np.uint32(1)
        for i in range(inside.shape[0]):
            tally[inside[i] >> np.uint16(8)] = 0
            pairs[inside[i]] = 0
    return contexts, patterns


@kernel
def target_weight(targets, order, starts, tally, steps):
    """Return sum_{c, y} n(c, y) log2 n(c, y) in fixed point, where y runs over targets[order].

    targets (m,) uint8; order (m,) int32 cell by cell; starts (c + 1,) int64; tally (V,) uint32 scratch, all zero before
    and after; steps as in key_weights.
    """
    patterns = 0
    for cell in range(starts.shape[0] - 1):
        inside = order[starts[cell] : starts[cell + 1]]
        for i in range(inside.shape[0]):
            byte = targets[inside[i]]
            patterns += steps[tally[byte]]
            tally[byte] += np.uint32(1)
        for i in range(inside.shape[0]):
            tally[targets[inside[i]]] = 0
    return patterns


@kernel
def shuffle_cells(targets, starts, uniform):
    """Permute targets within each cell (Fisher-Yates); uniform (m,) float64 in [0, 1) decides. targets (m,) uint8."""
    for cell in range(starts.shape[0] - 1):
        begin = starts[cell]
        for i in range(starts[cell + 1] - 1, begin, -1):
            j = begin + np.int64(uniform[i] * (i - begin + 1))
            targets[i], targets[j] = targets[j], targets[i]
