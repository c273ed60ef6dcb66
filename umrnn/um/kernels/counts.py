"""Counting kernels. n = corpus length, t = position of the predicted byte, V = 256."""

import numpy as np

from umrnn._jit import kernel


@kernel
def pair_counts(data, offset, start, stop, keys, partial, counts):
    """counts[a, b] += 1 for each target t in [start, stop) with a = data[t - offset], b = data[t].

    data (n,) uint8; keys (block,) uint16 and partial (V * V,) uint32 are scratch, partial all zero before and after;
    counts (V, V) int64; offset <= start <= stop <= n, stop - start < 2**32.

    Keys are formed a block at a time because that loop vectorises, which leaves one load and one increment a pair
    (0.36 ns; 0.53 ns indexing counts directly, 1.05 ns without the slices that spare numba's wraparound test).
    """
    alphabet = counts.shape[1]
    for begin in range(start, stop, keys.shape[0]):
        length = min(keys.shape[0], stop - begin)
        before = data[begin - offset : begin - offset + length]
        target = data[begin : begin + length]
        for i in range(length):
            keys[i] = np.uint16(before[i]) << np.uint16(8) | np.uint16(target[i])
        for i in range(length):
            partial[keys[i]] += np.uint32(1)
    for a in range(counts.shape[0]):
        for b in range(alphabet):
            counts[a, b] += np.int64(partial[a * 256 + b])
            partial[a * 256 + b] = np.uint32(0)
