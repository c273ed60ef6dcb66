"""Estimates of weights from states, and how well they meet the weights. H = neurons, m = states in this call,
N = cells of an array, K = classes of cells.
"""

from umrnn._jit import kernel

__all__ = ["MEETING", "SAME_SIGN", "SUMS", "add_matches", "count_flips"]

SUMS = 8
MEETING, SAME_SIGN = 6, 7


@kernel
def count_flips(W_rows, first, h, z, out):
    """out[i, j] += 1 for each state s in which negating h[s, j] flips the sign of neuron first + i one step on.

    Negated, h[s, j] moves z[s, i] by -2 W[i, j] h[s, j]. W_rows (I, H), rows first, first + 1, … of W_h; h (m, H),
    states, and z (m, H), pre-activations one step on, all of one dtype; out (I, H) int32.
    """
    two = type(z[0, 0])(2)
    for i in range(W_rows.shape[0]):
        for s in range(h.shape[0]):
            now = z[s, first + i]
            on = now >= 0
            for j in range(h.shape[1]):
                out[i, j] += (now - two * W_rows[i, j] * h[s, j] >= 0) != on


@kernel
def add_matches(weights, cells, estimate, rows, columns, ends, out):
    """out[k] = sums of 1, w, w², e, e², w e, [w e != 0], [w e > 0] over the cells ends[k - 1] … ends[k] - 1.

    w = weights[c], e = estimate[rows[i], columns[j]] for cell c = (i, j). weights (N,) float64; cells (N, 2) int32;
    estimate (R, C) float64; rows (R,), columns (C,) int64; ends (K,) int64; out (K, 8) float64.

    Cells come class by class, so that a sum stays in a register: by classes looked up it takes ten times as long.
    """
    start = 0
    for k in range(ends.shape[0]):
        total_w = total_ww = total_e = total_ee = total_we = 0.0
        meeting = same = 0
        for c in range(start, ends[k]):
            w = weights[c]
            e = estimate[rows[cells[c, 0]], columns[cells[c, 1]]]
            total_w += w
            total_ww += w * w
            total_e += e
            total_ee += e * e
            total_we += w * e
            meeting += w * e != 0
            same += w * e > 0
        found = out[k]
        found[0], found[1], found[2], found[3] = ends[k] - start, total_w, total_ww, total_e
        found[4], found[5], found[6], found[7] = total_ee, total_we, meeting, same
        start = ends[k]
