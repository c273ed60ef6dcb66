"""What replacing one byte does later on. V = alphabet, H = hidden neurons, W = positions in a window, M runs, L lags.

A run replaces the byte at one position and goes on as the corpus does. It is carried as the difference of its states
from those of the run as it was, h' - h, so that it ends exactly where rounding makes both one:

    z'_t = z_t + W_h (h'_{t-1} - h_{t-1})        h'_t = tanh(z'_t)        KL(p || p') = q . (h - h') + ln Z' - ln Z

with Z the sum of exp(logits) and q = W_y^T p. Many runs side by side make the recurrence a product of matrices.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from umrnn._jit import kernel
from umrnn.rnn.kernels.activation import hyperbolic_tangent
from umrnn.rnn.kernels.forward import read_out
from umrnn.rnn.kernels.products import multiply
from umrnn.rnn.kernels.records import Bytes, Floats, Parameters, Workspace

__all__ = ["Effects", "Window", "predictions", "run_flipped"]


class Window(NamedTuple):
    """Consecutive positions of the run as it was, and what it predicts there."""

    asked: Bytes  # (W,) 1 at positions where runs are compared with it
    targets: Bytes  # (W,) the next byte
    z: Floats  # (W, H) pre-activations
    h: Floats  # (W, H) states
    q: Floats  # (W, H) mean row of W_y under the prediction
    log_total: NDArray[np.float64]  # (W,) ln Z
    surprise: NDArray[np.float64]  # (W,) -ln p(target)


class Effects(NamedTuple):
    """What each run did; cells stay as they are where nothing was asked or no state differs any more."""

    sign_changes: NDArray[np.int64]  # (M, L) neurons whose sign differs
    kl: NDArray[np.float64]  # (M, L) KL(p || p') in nats
    rise: NDArray[np.float64]  # (M, L) rise of -ln p(target)
    neurons: NDArray[np.int64]  # (L, H) runs in which the neuron's sign differs


@kernel
def predictions(weights: Parameters, work: Workspace, window: Window) -> None:
    """Fill q, log_total and surprise of the window from its h and targets."""
    block = work.top.shape[0]
    for first in range(0, window.targets.shape[0], block):
        last = min(first + block, window.targets.shape[0])
        powers = read_out(window.h[first:last], window.targets[first:last], weights, work)  # (V, T)
        np.dot(powers.T, weights.W_y, window.q[first:last])
        for i in range(last - first):
            window.q[first + i] /= work.total[i]
            logarithm = math.log(np.float64(work.total[i]))
            window.log_total[first + i] = logarithm + np.float64(work.top[i])
            window.surprise[first + i] = logarithm - np.float64(work.chosen[i])


@kernel
def move(dz: Floats, z: Floats, h: Floats, tolerance: float, altered: Floats, difference: Floats) -> np.int64:
    """Fill altered = tanh(z + dz), difference = altered - h, all (H,); returns how many exceed the tolerance."""
    for j in range(z.shape[0]):
        altered[j] = hyperbolic_tangent(z[j] + dz[j])
    apart = np.int64(0)
    for j in range(z.shape[0]):
        difference[j] = altered[j] - h[j]
        apart += np.int64(abs(difference[j]) > tolerance)
    return apart


@kernel
def changed_signs(h: Floats, altered: Floats, neurons: NDArray[np.int64]) -> np.int64:
    """neurons[j] += 1 where h[j] and altered[j] differ in sign, that of 0 being +; returns how many do. All (H,)."""
    count = np.int64(0)
    for j in range(h.shape[0]):
        change = np.int64((h[j] >= 0) != (altered[j] >= 0))
        neurons[j] += change
        count += change
    return count


@kernel(fast=True)
def projected(q: Floats, h: Floats, altered: Floats) -> float:
    """Sum of q[j] (h[j] - altered[j]) in float64. All (H,)."""
    total = 0.0
    for j in range(q.shape[0]):
        total += np.float64(q[j]) * (np.float64(h[j]) - np.float64(altered[j]))
    return total


@kernel
def compare(
    runs: NDArray[np.int64],
    places: NDArray[np.int64],
    altered: Floats,
    window: Window,
    weights: Parameters,
    work: Workspace,
    kl: NDArray[np.float64],
    rise: NDArray[np.float64],
) -> None:
    """kl[runs[i]], rise[runs[i]] = what the state altered[i] predicts against the prediction at places[i].

    runs (n,), places (n,), altered (n or more, H); kl and rise (M,), one column of the effects.
    """
    block = work.top.shape[0]
    targets = window.targets[places]
    for first in range(0, runs.shape[0], block):
        length = min(block, runs.shape[0] - first)
        read_out(altered[first : first + length], targets[first : first + length], weights, work)
        for i in range(length):
            place, run = places[first + i], runs[first + i]
            logarithm = math.log(np.float64(work.total[i]))
            apart = projected(window.q[place], window.h[place], altered[first + i])
            log_total = logarithm + np.float64(work.top[i])
            kl[run] = max(0.0, apart + log_total - window.log_total[place])  # rounding may leave less than nothing
            rise[run] = logarithm - np.float64(work.chosen[i]) - window.surprise[place]


@kernel
def run_flipped(
    dz: Floats,
    places: NDArray[np.int64],
    tolerance: float,
    window: Window,
    weights: Parameters,
    work: Workspace,
    out: Effects,
) -> None:
    """Fill the effects of M runs; run m replaces the byte at places[m] of the window, which adds dz[m] to z there.

    dz (M, H) is overwritten, places (M,). A run ends where no state differs by more than tolerance from the run as it
    was, or where the window does: its effects count as 0 from there.
    """
    rows = dz.shape[0]
    running, compared, where = np.arange(rows), np.empty(rows, np.int64), np.empty(rows, np.int64)
    altered, difference = np.empty(dz.shape, dz.dtype), np.empty(dz.shape, dz.dtype)
    for lag in range(out.kl.shape[1]):
        kept = asked = 0
        for i in range(rows):
            run = running[i]
            place = places[run] + lag
            if place >= window.asked.shape[0]:
                continue
            # The row of a run that is over, or is not compared, is written over by the next.
            if move(dz[i], window.z[place], window.h[place], tolerance, altered[asked], difference[kept]) == 0:
                continue
            running[kept] = run
            kept += 1
            if window.asked[place]:
                out.sign_changes[run, lag] = changed_signs(window.h[place], altered[asked], out.neurons[lag])
                compared[asked], where[asked] = run, place
                asked += 1
        compare(compared[:asked], where[:asked], altered, window, weights, work, out.kl[:, lag], out.rise[:, lag])
        rows = kept
        if rows == 0:
            break
        multiply(difference[:rows], work.W_h_transposed, dz[:rows])
