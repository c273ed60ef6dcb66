"""Surrogate texts: the bytes of a text in another order that keeps what chosen offsets say. n = corpus length.

Positions are grouped by their contexts in a tree: the root holds all of them, each node at depth j the positions whose
bytes at the first j offsets agree, each leaf the positions of one whole context. Positions of a node are neighbours.
"""

import numpy as np

from umrnn._jit import kernel


@kernel
def rearrange(text, offsets, begins, children, first_bytes, left, bytes_left, uniform):
    """Write text[t] for t >= n - m in order, each the byte of a position not used before that has the same context.

    text (n,) uint8, whose first n - m bytes stand; offsets (k,) int64, none above n - m; begins (nodes + 1,) int64,
    where in bytes_left each leaf begins (others unused); children (nodes + 1,) int64, where the children of each node
    begin, numbered in the order of their bytes first_bytes (nodes,) uint8; left (nodes,) int64, how many positions of
    each node are unused; bytes_left (m,) uint8, the predicted byte of every position, leaf by leaf; uniform (m,)
    float64 in [0, 1). Both left and bytes_left are used up. Where all positions of a context are used, or it never
    occurred, the offset chosen last is left out of it, and so on.
    """
    begin = text.shape[0] - uniform.shape[0]
    path = np.empty(offsets.shape[0] + 1, np.int64)
    for t in range(begin, text.shape[0]):
        path[0] = 0
        depth = 0
        while depth < offsets.shape[0]:
            child = _child(children, first_bytes, path[depth], text[t - offsets[depth]])
            if child < 0 or left[child] == 0:
                break
            depth += 1
            path[depth] = child
        choice = np.int64(uniform[t - begin] * left[path[depth]])  # a number among the unused positions of the node
        while depth < offsets.shape[0]:
            child = children[path[depth]]
            while choice >= left[child]:
                choice -= left[child]
                child += 1
            depth += 1
            path[depth] = child
        leaf = path[depth]
        last = begins[leaf] + left[leaf] - 1
        text[t] = bytes_left[begins[leaf] + choice]
        bytes_left[begins[leaf] + choice] = bytes_left[last]
        for j in range(depth + 1):
            left[path[j]] -= 1


@kernel
def _child(children, first_bytes, node, byte):
    """The child of a node that stands for a byte, or -1; children of a node are in the order of their bytes."""
    low = children[node]
    high = children[node + 1]
    while low < high:
        middle = (low + high) // 2
        if first_bytes[middle] < byte:
            low = middle + 1
        else:
            high = middle
    if low < children[node + 1] and first_bytes[low] == byte:
        return low
    return np.int64(-1)
