"""A softmax read-out in one pass: steps of Böhning's bound on small batches."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer, positive
from umrnn.construct.readout.gradient import Descent
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.errors import InputError
from umrnn.parallel import pool
from umrnn.progress import SILENT, Progress
from umrnn.rnn.blas import one_thread

__all__ = ["fit_stochastic"]

Doubles = NDArray[np.float64]

_ROWS = 1 << 14  # of them, turned to float64 at a time
_SAMPLE = 1 << 17  # positions whose moments stand for all
_JUDGED, _STRETCH = 1 << 15, 1 << 12  # positions that tell whether the loss fell, in stretches evenly spaced
_SLOWEST = 1e-3  # a rate below which the start is kept
_RIDGE = 1e-4  # of a feature's own second moment


def fit_stochastic(
    problem: Regression,
    start: Linear,
    *,
    rate: float = 0.4,
    passes: int = 1,
    batch: int = 1024,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Descent:
    """Steps ``W -= rate * gradient of a batch * (S/2)^{-1}``, the rate falling to 0 along a line.

    S is the second moment of the features and a constant 1, ½ I ⊗ S Böhning's bound of the second derivative: a step of
    rate 1 on all positions can only lower the loss, and one on a batch costs what its gradient costs, so a pass of them
    costs no more than one full step. Batches are stretches in random order.

    The ``bits`` of the outcome are the loss at the start, on the positions it is judged by, and the running loss of
    each pass; the former alone where no rate lowered it, and the start is kept.

    Parameters
    ----------
    start : W (256, F), b (256,)
    rate : of the first step, at most 1; a quarter of it, and the work done anew, where the loss did not fall
    passes, batch : over all positions, and positions of a step
    seed : of the order

    Examples
    --------
    >>> rows, targets = np.tile([[1.0], [-1.0]], (50, 1)), np.tile(np.array([7, 8], np.uint8), 50)
    >>> start = Linear(np.zeros((256, 1)), np.zeros(256))
    >>> found = fit_stochastic(Regression(rows, targets, start), start, batch=10, passes=5)
    >>> round(found.bits[0], 6), found.bits[-1] < 1
    (8.0, True)
    """
    if positive("rate", rate) > 1:
        raise InputError(f"rate must be at most 1, got {rate}", hint="beyond it a step may raise the loss")
    integer("passes", passes, 1)
    integer("batch", batch, 1)
    batches = max(1, len(problem) // batch)
    batches = -(-len(problem) // -(-len(problem) // batches))  # none is left empty
    orders = [np.random.default_rng((seed, turn)).permutation(batches) for turn in range(passes)]
    order = np.concatenate(orders).tolist()
    inverse, first = _inverse_bound(problem), problem.gathered(start)
    before = _judged(problem, first)
    while rate >= _SLOWEST:
        progress.start("read-out", passes * len(problem), "positions")
        with np.errstate(over="ignore", invalid="ignore"):  # thrown off by rows far from all others
            weights, bits = _descend(problem, first, inverse, rate, order, progress)
        progress.finish()
        if _judged(problem, weights) <= before:
            return Descent(problem.spread(weights), (before, *bits))
        rate /= 4
    return Descent(problem.spread(first), (before,))


def _judged(problem: Regression, weights: Linear) -> float:
    """Mean loss in bits over a few stretches."""
    length = len(problem)
    if length <= _JUDGED:
        return problem.gradient(weights)[0] / math.log(2)
    starts = range(0, length - _STRETCH, length // (_JUDGED // _STRETCH))
    with one_thread(), pool(problem.threads) as executor:
        nats = [problem.sums(weights, slice(first, first + _STRETCH), executor)[0] for first in starts]
    return math.fsum(nats) / (len(nats) * _STRETCH * math.log(2))


def _descend(
    problem: Regression, first: Linear, inverse: Doubles, rate: float, order: Sequence[int], progress: Progress
) -> tuple[Linear, tuple[float, ...]]:
    """Steps on the batches in ``order``, which names each once per pass; the running loss of each pass in bits."""
    batches = max(order) + 1
    weights, bits, nats = first, [], 0.0
    length = -(-len(problem) // batches)
    share = 1 / problem.shared[:, None]  # a shared row stands for several, each with its part of the gradient
    with one_thread(), pool(problem.threads) as executor:
        for step, index in enumerate(order, start=1):
            span = slice(index * length, min((index + 1) * length, len(problem)))
            loss, by_W, by_b = problem.sums(weights, span, executor)
            falling = rate * (1 - (step - 1) / len(order)) / (span.stop - span.start)
            move = (np.column_stack((by_W, by_b)) * share) @ inverse
            weights = weights.plus(Linear(move[:, :-1], move[:, -1]), -falling)
            nats += loss
            progress.advance(span.stop - span.start, bpc=loss / (span.stop - span.start) / math.log(2))
            if step % batches == 0:
                bits.append(nats / len(problem) / math.log(2))
                nats = 0.0
    return weights, tuple(bits)


def _inverse_bound(problem: Regression) -> Doubles:
    """(½ S + ridge)^{-1} over the features and a constant 1, from evenly spaced positions."""
    rows = problem.rows[:: max(1, len(problem) // _SAMPLE)]
    inner = rows.shape[1]
    total = np.zeros((inner + 1, inner + 1))
    with one_thread():
        for first in range(0, len(rows), _ROWS):
            part = rows[first : first + _ROWS].astype(np.float64)
            total[:inner, :inner] += part.T @ part
            total[:inner, inner] += part.sum(axis=0)
        total[inner] = np.append(total[:inner, inner], len(rows))
        total *= 0.5 / len(rows)
        total[np.diag_indices(inner + 1)] *= 1 + _RIDGE
        total[np.diag_indices(inner + 1)] += 1e-9
        return np.asarray(np.linalg.inv(total))
