"""Sums of n log2 n over cells, from which every conditional entropy follows. n(.) = a count, V = 256.

    H(Y | C) = (sum_c n(c) log2 n(c) - sum_{c, y} n(c, y) log2 n(c, y)) / N

``steps[k]`` is (k + 1) log2 (k + 1) - k log2 k in fixed point, so that adding steps[k] each time a count grows from k
to k + 1 gives the sum without a branch, and the same integer in any order of counting (summing finished counts instead
takes 6 ns a position, most of it mispredicted branches).

Counters are never cleared between cells. Each cell counts from a ``floor`` that no counter of an earlier cell exceeds,
so whatever stands at or below the floor means zero. A second loop that clears would cost a third more.
"""

import numpy as np

from umrnn._jit import kernel

_HIGHEST_FLOOR = np.uint32(2**31)  # a cell holds fewer than 2**31 positions, so counters stay below 2**32


@kernel
def candidate_weights(data, offsets, limits, members, starts, runs, steps, column, kept, tally, pairs, out):
    """out[j] = sum_{c, x} n(c, x) log2 n(c, x) - sum_{c, x, y} n(c, x, y) log2 n(c, x, y), in fixed point.

    x = data[t - offsets[j]] and y = data[t] over the members t >= offsets[j] of each cell c. data (n,) uint8; offsets,
    limits (k,) int64; members (m,) int32, those of one cell in the order of y; starts (c + 1,) int64; runs (m,) uint32,
    where in its cell the members with the same y begin; steps (s,) int64, s at least the size of the largest cell;
    column (s,) uint8, kept (s,), tally and pairs (V,) uint32 scratch; out (k,) int64.

    No cell takes anything away from a sum, so candidate j is given up once out[j] exceeds limits[j]. Cells are the
    outer loop: the text around the members of a small cell is fetched once for all offsets. With members in the order
    of y the counts n(c, x, y) need V counters, which stay in the first cache (2.3 ns a position and candidate), and
    not V * V (2.8 ns).
    """
    out[:] = 0
    tally[:] = 0
    pairs[:] = 0
    floor = np.uint32(0)
    for cell in range(starts.shape[0] - 1):
        inside = members[starts[cell] : starts[cell + 1]]
        within = runs[starts[cell] : starts[cell + 1]]
        earliest = inside.min()
        for j in range(offsets.shape[0]):
            if out[j] > limits[j]:
                continue
            if floor > _HIGHEST_FLOOR:
                tally[:] = 0
                pairs[:] = 0
                floor = np.uint32(0)
            if earliest >= offsets[j]:
                for i in range(inside.shape[0]):
                    # Unsigned positions spare numba's test for negative indices: 1.0 against 1.6 ns.
                    column[i] = data[np.uint64(inside[i]) - np.uint64(offsets[j])]
                out[j] += _open_weight(column[: inside.shape[0]], within, floor, steps, tally, pairs)
            else:  # the first bytes of the corpus: few cells, so the rest need not test each member
                size = 0
                for i in range(inside.shape[0]):
                    if inside[i] >= offsets[j]:
                        column[size] = data[inside[i] - offsets[j]]
                        kept[size] = within[i]
                        size += 1
                out[j] += _open_weight(column[:size], kept[:size], floor, steps, tally, pairs)
            floor += np.uint32(inside.shape[0])


@kernel
def _open_weight(column, runs, floor, steps, tally, pairs):
    """The sum of candidate_weights over one cell; column (m,) uint8 holds x, runs (m,) where each run of y begins."""
    weight = 0
    for i in range(column.shape[0]):
        x = column[i]
        contexts = max(tally[x], floor)
        run_floor = floor + runs[i]
        patterns = max(pairs[x], run_floor)
        weight += steps[contexts - floor] - steps[patterns - run_floor]
        tally[x] = contexts + np.uint32(1)
        pairs[x] = patterns + np.uint32(1)
    return weight


@kernel
def target_weight(targets, order, starts, steps, tally):
    """Return sum_{c, y} n(c, y) log2 n(c, y) in fixed point, where y runs over targets[order].

    targets (m,) uint8; order (m,) int32 cell by cell, m < 2**31; starts (c + 1,) int64; steps as in candidate_weights;
    tally (V,) uint32 scratch.
    """
    tally[:] = 0
    floor = np.uint32(0)
    weight = 0
    for cell in range(starts.shape[0] - 1):
        inside = order[starts[cell] : starts[cell + 1]]
        for i in range(inside.shape[0]):
            byte = targets[inside[i]]
            count = max(tally[byte], floor)
            weight += steps[count - floor]
            tally[byte] = count + np.uint32(1)
        floor += np.uint32(inside.shape[0])
    return weight


@kernel
def shuffle_cells(targets, starts, uniform):
    """Permute targets within each cell (Fisher-Yates); uniform (m,) float64 in [0, 1) decides. targets (m,) uint8."""
    for cell in range(starts.shape[0] - 1):
        begin = starts[cell]
        for i in range(starts[cell + 1] - 1, begin, -1):
            j = begin + np.int64(uniform[i] * (i - begin + 1))
            targets[i], targets[j] = targets[j], targets[i]
