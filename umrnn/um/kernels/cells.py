"""Cells: positions grouped by their context, refined one byte at a time. n = corpus length, V = 256.

``members`` lists positions t of predicted bytes so that those of one cell are neighbours, and ``starts`` says where
each cell begins; the last entry of ``starts`` is where the last cell ends. Refining by the byte at one more offset
keeps cells in the order of their contexts, so the cells of a tuple come out sorted without a sort.
"""

import numpy as np

from umrnn._jit import kernel

_SMALL = 24  # cells up to this size are sorted by insertion: clearing V counters would cost more


@kernel
def refine(data, offset, members, starts, new_members, new_starts, tally):
    """Split every cell by the byte data[t - offset]; positions t < offset leave. Return (positions, cells).

    data (n,) uint8; members, new_members (m,) int32; starts (c + 1,), new_starts (m + 1,) int64; tally (V + 1,) int64
    scratch. Offset 0 splits by the predicted byte itself, so cells of contexts become patterns.
    """
    filled = 0
    cells = 0
    new_starts[0] = 0
    for cell in range(starts.shape[0] - 1):
        begin = filled
        if starts[cell + 1] - starts[cell] <= _SMALL:
            filled = _insert(data, offset, members, starts[cell], starts[cell + 1], new_members, filled)
        else:
            filled = _distribute(data, offset, members, starts[cell], starts[cell + 1], new_members, filled, tally)
        for i in range(begin + 1, filled + 1):
            if i == filled or data[new_members[i] - offset] != data[new_members[i - 1] - offset]:
                cells += 1
                new_starts[cells] = i
    return filled, cells


@kernel
def _insert(data, offset, members, begin, end, new_members, filled):
    """Append members[begin:end] to new_members[:filled] in the order of data[t - offset]; return the new length."""
    first = filled
    for i in range(begin, end):
        t = members[i]
        if t < offset:
            continue
        j = filled
        while j > first and data[new_members[j - 1] - offset] > data[t - offset]:
            new_members[j] = new_members[j - 1]
            j -= 1
        new_members[j] = t
        filled += 1
    return filled


@kernel
def _distribute(data, offset, members, begin, end, new_members, filled, tally):
    """As _insert, by counting: tally (V + 1,) holds where the next member with each byte goes."""
    tally[:] = 0
    for i in range(begin, end):
        if members[i] >= offset:
            tally[np.int64(data[members[i] - offset]) + 1] += 1
    for byte in range(tally.shape[0] - 1):
        tally[byte + 1] += tally[byte]
    for i in range(begin, end):
        t = members[i]
        if t >= offset:
            before = np.int64(data[t - offset])
            new_members[filled + tally[before]] = t
            tally[before] += 1
    return filled + tally[tally.shape[0] - 2]


@kernel
def unsettled(data, members, starts, new_members, new_starts):
    """Keep the cells that hold more than one distinct predicted byte. Return (positions, cells).

    Arrays as in refine. In a settled cell nothing is left to learn: no refinement and no shuffle within the cell can
    change its contribution to an entropy, so a search may forget it.
    """
    filled = 0
    cells = 0
    new_starts[0] = 0
    for cell in range(starts.shape[0] - 1):
        settled = True
        for i in range(starts[cell] + 1, starts[cell + 1]):
            if data[members[i]] != data[members[starts[cell]]]:
                settled = False
                break
        if not settled:
            for i in range(starts[cell], starts[cell + 1]):
                new_members[filled] = members[i]
                filled += 1
            cells += 1
            new_starts[cells] = filled
    return filled, cells


@kernel
def label(members, starts, labels):
    """labels[t] = number of the cell that holds position t; others stay as they are. labels (n,) int32."""
    for cell in range(starts.shape[0] - 1):
        for i in range(starts[cell], starts[cell + 1]):
            labels[members[i]] = cell
