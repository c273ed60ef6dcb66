"""Predictions followed back through time, many positions at once. V = alphabet, H = hidden neurons, M = positions of
this call, K = depth, S = positions the call may look at.

    g_t         = d ln p(x_{t+1}) / d h_t = W_y[y] - sum over o of p(o) W_y[o]          y = x_{t+1}
    g_{t→t-k-1} = W_hᵀ diag(1 - h_{t-k}²) g_{t→t-k}

All positions go one step back in one product of (M, H) by (H, H); the gates of row i are those of its own past, which
is the same array of states shifted by one per step.
"""

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.forward import read_out
from umrnn.rnn.kernels.products import multiply
from umrnn.rnn.kernels.records import Bytes, Floats, Parameters, Workspace

__all__ = ["FIGURES", "follow_back", "patterns_used", "prediction_gradients"]

FIGURES = 4  # of each position and lag: squared norm, attribution, gated attribution, absolute mass


@kernel
def minus_derivative_by_logits(targets: Bytes, total: Floats, powers: Floats, rest: Floats) -> None:
    """powers[v, t] becomes (v == targets[t]) - powers[v, t] / total[t]. powers (V, M), others (M,); rest is scratch.

    The cell of the target is the sum of the other probabilities: 1 - p would leave nothing of a p next to 1.
    """
    rest[:] = 0
    for t in range(targets.shape[0]):
        powers[np.int64(targets[t]), t] = 0
        total[t] = 1 / total[t]
    for v in range(powers.shape[0]):
        for t in range(rest.shape[0]):
            powers[v, t] *= -total[t]
            rest[t] -= powers[v, t]
    for t in range(targets.shape[0]):
        powers[np.int64(targets[t]), t] = rest[t]


@kernel
def prediction_gradients(h: Floats, targets: Bytes, weights: Parameters, work: Workspace, g: Floats) -> None:
    """g[t] = derivative of ln p(targets[t]) by the state h[t], in nats per unit. h and g (M, H), targets (M,)."""
    block = work.top.shape[0]
    for first in range(0, targets.shape[0], block):
        last = min(first + block, targets.shape[0])
        powers = read_out(h[first:last], targets[first:last], weights, work)  # (V, last - first)
        minus_derivative_by_logits(targets[first:last], work.total[: last - first], powers, work.top[: last - first])
        np.dot(powers.T, weights.W_y, g[first:last])


@kernel(fast=True)
def look(g: Floats, h: Floats, data: Bytes, W_x: Floats, u: Floats, out: Floats) -> None:
    """Set u = (1 - h²) g, and of row i with w = W_x[data[i]]: out[0, i] = sum of g², out[1, i] = sum of w g,
    out[2, i] = sum of w u, out[3, i] = sum of |w g|.

    g, h, u (M, H), data (M,), W_x (V, H), out (4, M) float64. (1 - h)(1 + h) keeps the digits of 1 - h.
    """
    one = h.dtype.type(1)
    for i in range(g.shape[0]):
        x = np.int64(data[i])
        squares, plain, gated, mass = 0.0, 0.0, 0.0, 0.0
        for j in range(g.shape[1]):
            slope = g[i, j]
            through = (one - h[i, j]) * (one + h[i, j]) * slope
            product = W_x[x, j] * slope
            u[i, j] = through
            squares += np.float64(slope) * np.float64(slope)
            plain += np.float64(product)
            gated += np.float64(W_x[x, j] * through)
            mass += np.float64(abs(product))
        out[0, i] = squares
        out[1, i] = plain
        out[2, i] = gated
        out[3, i] = mass


@kernel
def follow_back(data: Bytes, h: Floats, weights: Parameters, g: Floats, u: Floats, out: Floats) -> None:
    """out[n, k, :, i] = what ``look`` says of g_{t→t-k} and text n, where row i of g is the last but M - 1 - i of the S
    positions. No g depends on the text, so several cost little more than one.

    data (N, S), h (S, H), g (M, H) the gradients of the predictions, replaced by those K steps back, u (M, H) scratch,
    out (N, K + 1, 4, M) float64. Cells whose t - k lies before the S positions are left alone.
    """
    before = h.shape[0] - g.shape[0]
    for k in range(out.shape[1]):
        skipped = max(0, k - before)
        if skipped >= g.shape[0]:
            break
        first, last = before + skipped - k, h.shape[0] - k
        for n in range(data.shape[0]):
            look(g[skipped:], h[first:last], data[n, first:last], weights.W_x, u[skipped:], out[n, k, :, skipped:])
        if k + 1 < out.shape[1]:
            multiply(u[skipped:], weights.W_h, g[skipped:])


@kernel
def raise_levels(
    g: Floats, h: Floats, data: Bytes, W_x: Floats, thresholds: Floats, levels: Bytes, largest: Floats, u: Floats
) -> None:
    """Set u = (1 - h²) g and raise largest[i, j] to |u[i, j]|, levels[i, x, j] to the number of thresholds below
    |W_x[x, j] g[i, j]|, where x = data[i], if they are less.

    g, h, u, largest (M, H), W_x (V, H), thresholds ascending, levels (M, V, H).
    """
    one = h.dtype.type(1)
    for i in range(g.shape[0]):
        x = np.int64(data[i])
        for j in range(g.shape[1]):
            through = (one - h[i, j]) * (one + h[i, j]) * g[i, j]
            u[i, j] = through
            largest[i, j] = max(largest[i, j], abs(through))
            size = abs(W_x[x, j] * g[i, j])
            level = np.uint8(0)
            for n in range(thresholds.shape[0]):
                if size > thresholds[n]:
                    level = np.uint8(n + 1)
            if level > levels[i, x, j]:
                levels[i, x, j] = level


@kernel
def count_recurrent(largest: Floats, sizes: Floats, thresholds: Floats, out: Floats) -> None:
    """out[n, i] = number of (k, j) with sizes[k, j] largest[i, k] > thresholds[n].

    largest (M, H), sizes (H, H) the |W_h|, out (N, M) int64.
    """
    for n in range(thresholds.shape[0]):
        least = thresholds[n]
        for i in range(largest.shape[0]):
            count = 0
            for k in range(sizes.shape[0]):
                peak = largest[i, k]
                for j in range(sizes.shape[1]):
                    count += 1 if sizes[k, j] * peak > least else 0
            out[n, i] = count


@kernel
def patterns_used(
    data: Bytes,
    h: Floats,
    weights: Parameters,
    g: Floats,
    depth: int,
    thresholds: Floats,
    levels: Bytes,
    largest: Floats,
) -> None:
    """What ``raise_levels`` finds over lags 0 … K = depth of the inputs read there, and of the steps between them.

    data (S,), the rest as in ``follow_back``; levels and largest must be zero on entry. There are fewer
    than K positions before the first only where the corpus begins: W_h carries nothing to its first state.
    """
    before = data.shape[0] - g.shape[0]
    u, beyond = np.empty_like(g), np.zeros_like(g)
    for k in range(depth + 1):
        skipped = max(0, k - before)
        if skipped >= g.shape[0]:
            break
        carried = skipped + 1 if before + skipped == k else skipped
        further = largest if k < depth else beyond
        for first, last, steps in ((skipped, carried, beyond), (carried, g.shape[0], further)):
            rows = slice(before + first - k, before + last - k)
            raise_levels(
                g[first:last],
                h[rows],
                data[rows],
                weights.W_x,
                thresholds,
                levels[first:last],
                steps[first:last],
                u[first:last],
            )
        if k < depth:
            multiply(u[skipped:], weights.W_h, g[skipped:])
