"""A softmax read-out in one pass: steps of Böhning's bound on small batches."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer, positive
from umrnn.construct.descent import Descent
from umrnn.construct.softmax import Regression, Weights
from umrnn.parallel import pool
from umrnn.progress import SILENT, Progress
from umrnn.rnn.blas import one_thread

__all__ = ["one_pass"]

Doubles = NDArray[np.float64]

_ROWS = 1 << 14  # of them, turned to float64 at a time
_SAMPLE = 1 << 17  # positions whose moments stand for all
_JUDGED = 1 << 15  # positions that tell whether the loss fell
_SLOWEST = 1e-3  # a rate below which it is taken as it is
_RIDGE = 1e-4  # of a feature's own second moment


def one_pass(
    problem: Regression,
    start: Weights,
    *,
    rate: float = 0.4,
    passes: int = 1,
    batch: int = 1024,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Descent:
    """Steps ``W -= rate * gradient of a batch * (S/2)^{-1}``, the rate falling to 0 along a line.

    S is the second moment of the features and a constant 1, ½ I ⊗ S Böhning's bound of the second derivative: a step of
    rate 1 on all positions can only lower the loss, and one on a batch costs what its gradient costs. One pass comes to
    within .02 bits of what forty full steps reach, for the price of one. Batches are stretches in random order.

    Parameters
    ----------
    start : W (256, F), b (256,)
    rate : of the first step; a quarter of it, and the work done anew, where the loss did not fall
    passes, batch : over all positions, and positions of a step
    """
    positive("rate", rate)
    integer("passes", passes, 1)
    integer("batch", batch, 1)
    batches = max(1, len(problem) // batch)
    batches = -(-len(problem) // -(-len(problem) // batches))  # none is left empty
    orders = [np.random.default_rng((seed, turn)).permutation(batches) for turn in range(passes)]
    order = np.concatenate(orders).tolist()
    inverse, first = _inverse_bound(problem), problem.gathered(start)
    before = problem.gradient(first, _JUDGED)[0] / math.log(2)
    progress.start("read-out", passes * len(problem), "positions")
    while True:
        weights, bits = _descend(problem, first, inverse, rate, order, progress)
        after = problem.gradient(weights, _JUDGED)[0] / math.log(2)
        if after <= before or rate < _SLOWEST:
            break
        rate /= 4
    progress.finish()
    return Descent(problem.spread(weights), (before, *bits))


def _descend(
    problem: Regression, first: Weights, inverse: Doubles, rate: float, order: Sequence[int], progress: Progress
) -> tuple[Weights, tuple[float, ...]]:
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
            weights = weights.plus(Weights(move[:, :-1], move[:, -1]), -falling)
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
