"""How much of each neuron the bytes at two lags explain.

m = positions of a block, D = second lags, c = chunks, W = neurons of a slice, P = orders of the states (shuffles).

The positions of a block are sorted by the byte at the first lag and cut into chunks of one byte; the states of a chunk
are copied into a buffer that stays in the cache and serves all second lags. Sorted by the byte at a second lag, the
rows of a cell are neighbours: a run. The order and the runs are made once and serve every shuffle.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from umrnn._jit import kernel

__all__ = ["Plan", "Room", "arrange", "count_cells", "explain", "settle"]


class Plan(NamedTuple):
    """The positions of one block in the order in which they are summed."""

    order: NDArray[np.int32]  # (m,) positions of the block, sorted by the byte at the first lag
    starts: NDArray[np.int32]  # (c + 1,) chunks in ``order``
    local: NDArray[np.uint16]  # (D, m) rows of each chunk, sorted by the byte at the second lag
    run_starts: NDArray[np.int32]  # (D, c + 1) where the runs of each chunk begin in the next two
    run_sizes: NDArray[np.uint16]  # (D, m) positions of each run
    run_places: NDArray[np.int32]  # (D, m) row of the cell in the table of sums; -1 where the run is the whole cell


class Room(NamedTuple):
    """Room for the states of one chunk, of one dtype."""

    rows: NDArray[np.floating[Any]]  # (rows of a chunk, W)
    total: NDArray[np.floating[Any]]  # (W,) sum of a run
    squares: NDArray[np.floating[Any]]  # (W,) what the whole cells of a chunk explain


@kernel
def count_cells(first, second, largest, sizes, places, needed):
    """sizes[d, a, b] = positions t with first[t] = a and second[d, t] = b; places = rows in a table of sums, else -1.

    first (m,), second (D, m) uint8; sizes, places (D, k, k) int32; needed (D,) int64 = rows of the table for each d.
    Bytes a of at most ``largest`` positions lie whole within one chunk, and so do their cells; so does a cell of one
    position. The others are numbered 0, 1, … for each d.
    """
    sizes[:] = 0
    for d in range(second.shape[0]):
        for t in range(first.shape[0]):
            sizes[d, np.int64(first[t]), np.int64(second[d, t])] += 1
        number = 0
        for a in range(sizes.shape[1]):
            total = 0
            for b in range(sizes.shape[2]):
                total += sizes[d, a, b]
            for b in range(sizes.shape[2]):
                places[d, a, b] = -1
                if total > largest and sizes[d, a, b] > 1:
                    places[d, a, b] = number
                    number += 1
        needed[d] = number


@kernel
def arrange(first, second, places, chunk, plan, tally):
    """Fill ``plan`` for a block; return the number of chunks c.

    first (m,), second (D, m) uint8; places (D, k, k) int32; chunk = most rows of a chunk; the arrays of ``plan`` have
    room for c = m; tally (k + 1,) int32 scratch.
    """
    order, starts, local, run_starts, run_sizes, run_places = plan
    _sort(first, tally, order)
    chunks = _cut(first, order, chunk, starts)
    keys = np.empty(chunk, np.uint8)
    width = tally.shape[0] - 1
    tally[:] = 0
    for d in range(second.shape[0]):
        runs = 0
        row = second[d]
        for c in range(chunks):
            run_starts[d, c] = runs
            begin, end = np.uint64(starts[c]), np.uint64(starts[c + 1])
            a = np.int64(first[order[begin]])
            size = end - begin
            for i in range(size):
                key = row[np.uint64(order[begin + np.uint64(i)])]
                keys[i] = key
                tally[np.uint64(key)] += 1
            filled = np.int32(begin)
            for b in range(width):
                many = tally[b]
                if many > 0:
                    run_sizes[d, runs] = many
                    run_places[d, runs] = places[d, a, b]
                    runs += 1
                    tally[b] = filled
                    filled += many
            for i in range(size):
                key = np.uint64(keys[i])
                place = tally[key]
                local[d, np.uint64(place)] = i
                tally[key] = place + 1
            tally[:] = 0
        run_starts[d, chunks] = runs
    return chunks


@kernel
def _cut(first, order, chunk, starts):
    """Cut the sorted positions into chunks of one byte and at most ``chunk`` rows; return how many."""
    chunks = 0
    starts[0] = 0
    for i in range(1, first.shape[0] + 1):
        begin = starts[chunks]
        if i == first.shape[0] or first[order[i]] != first[order[begin]] or i - begin == chunk:
            chunks += 1
            starts[chunks] = i
    return chunks


@kernel
def _sort(values, tally, order):
    """Positions by value, equal ones in their order. values (m,) uint8; order (m,) int32; tally (k + 1,) scratch."""
    tally[:] = 0
    for t in range(values.shape[0]):
        tally[np.int64(values[t]) + 1] += 1
    for v in range(1, tally.shape[0]):
        tally[v] += tally[v - 1]
    for t in range(values.shape[0]):
        value = np.int64(values[t])
        order[tally[value]] = t
        tally[value] += 1


@kernel
def explain(states, rows, centre, neurons, plan, work, sums, explained):
    """explained[p, d] += sum over whole cells of (sum of states)² / size; sums[p, place] += sums of split cells.

    states (N, H); rows (P, m) int32, the row of ``states`` that stands at each position of the block; centre (H,) is
    taken from every state; neurons (first, last) is the slice; sums (P, r, W), explained (P, D, W) float64. A chunk is
    summed in the dtype of the states, which in float32 loses some 1e-7 of what it explains; chunks are in float64.
    """
    order, starts = plan.order, plan.starts
    chunk, squares = work.rows, work.squares
    first, last = neurons
    for p in range(rows.shape[0]):
        for c in range(starts.shape[0] - 1):
            for i in range(starts[c + 1] - starts[c]):
                t = rows[p, order[starts[c] + i]]
                for j in range(last - first):
                    neuron = np.uint64(first) + np.uint64(j)  # an index that may be negative does not vectorise
                    chunk[i, j] = states[t, neuron] - centre[neuron]
            for d in range(explained.shape[1]):
                _explain_chunk(c, d, p, plan, work, sums)
                for j in range(last - first):
                    explained[p, d, j] += np.float64(squares[j])


@kernel
def _explain_chunk(c, d, p, plan, work, sums):
    """work.squares = what the whole cells of chunk c explain; adds split cells to sums[p].

    One body, since a call with this many arrays costs more than the runs of one, two or three rows that most are.
    """
    local, run_sizes, run_places = plan.local, plan.run_sizes, plan.run_places
    rows, total, squares = work
    number = type(rows[0, 0])
    width = squares.shape[0]
    for j in range(width):
        squares[j] = 0
    i = np.int64(plan.starts[c])
    for run in range(plan.run_starts[d, c], plan.run_starts[d, c + 1]):
        size, place = np.int64(run_sizes[d, run]), np.int64(run_places[d, run])
        weight = number(1.0 / size)
        r0 = np.int64(local[d, i])
        if size == 1 and place < 0:
            for j in range(width):
                squares[j] += rows[r0, j] * rows[r0, j]
        elif size == 2 and place < 0:
            r1 = np.int64(local[d, i + 1])
            for j in range(width):
                value = rows[r0, j] + rows[r1, j]
                squares[j] += value * value * weight
        else:
            _sum(rows, total, local, d, i, size)
            if place < 0:
                for j in range(width):
                    squares[j] += total[j] * total[j] * weight
            else:
                for j in range(width):
                    sums[p, place, j] += np.float64(total[j])
        i += size


@kernel
def _sum(rows, total, local, d, i, size):
    """Sum the rows local[d, i : i + size] into total, eight at a time, so that the total is stored less often."""
    single = i + 1 + (size - 1) % 8
    r0 = np.int64(local[d, i])
    for j in range(total.shape[0]):
        total[j] = rows[r0, j]
    for k in range(i + 1, single):
        r0 = np.int64(local[d, k])
        for j in range(total.shape[0]):
            total[j] += rows[r0, j]
    for k in range(single, i + size, 8):
        r0, r1 = np.int64(local[d, k]), np.int64(local[d, k + 1])
        r2, r3 = np.int64(local[d, k + 2]), np.int64(local[d, k + 3])
        r4, r5 = np.int64(local[d, k + 4]), np.int64(local[d, k + 5])
        r6, r7 = np.int64(local[d, k + 6]), np.int64(local[d, k + 7])
        for j in range(total.shape[0]):
            left = (rows[r0, j] + rows[r1, j]) + (rows[r2, j] + rows[r3, j])
            total[j] += left + ((rows[r4, j] + rows[r5, j]) + (rows[r6, j] + rows[r7, j]))


@kernel
def settle(sizes, places, sums, explained):
    """explained[p, d] += what the cells in ``sums`` explain; then sums = 0. Arrays as above; sizes (D, k, k) int32."""
    for p in range(sums.shape[0]):
        for d in range(sizes.shape[0]):
            for a in range(sizes.shape[1]):
                for b in range(sizes.shape[2]):
                    place = np.int64(places[d, a, b])
                    if place >= 0:
                        weight = 1.0 / sizes[d, a, b]
                        for j in range(sums.shape[2]):
                            explained[p, d, j] += sums[p, place, j] * sums[p, place, j] * weight
                            sums[p, place, j] = 0.0
