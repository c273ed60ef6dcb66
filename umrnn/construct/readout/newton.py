"""Newton's method on the loss of a softmax read-out, its steps found by conjugate gradients."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from umrnn.construct.readout.gradient import Descent
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.progress import SILENT, Progress
from umrnn.rnn.blas import one_thread

__all__ = ["newton"]

Doubles = NDArray[np.float64]

_ROWS = 1 << 14  # rows whose moments are taken together


@one_thread()  # products of long vectors too: on several threads they cost ten times as much, and other bits
def newton(
    problem: Regression,
    start: Linear,
    *,
    steps: int = 30,
    ridge: float = 0.0,
    products: int = 40,
    sample: int | None = None,
    tolerance: float = 1e-9,
    progress: Progress = SILENT,
) -> Descent:
    """Newton's method on ``mean loss + ridge/2 |W|²``, each step solved by preconditioned conjugate gradients.

    The preconditioner is Böhning's bound: the second derivative never exceeds ½ I ⊗ S with S = mean of (x, 1)(x, 1)ᵀ,
    whose one factorisation is that of the pseudo-inverse. A step is halved until the loss falls enough (Armijo).

    Parameters
    ----------
    start : W (256, F), b (256,)
    steps : at most; ends earlier where the squared Newton decrement falls below ``tolerance``
    ridge : in nats; keeps separable data from weights without bound
    products : with the second derivative in one step, at most
    sample : positions, from the first, whose second derivative stands for all; None takes all

    References
    ----------
    D. Böhning, Multinomial logistic regression algorithm, Ann. Inst. Statist. Math. 44 (1992) 197.
    """
    objective = _Objective(problem, ridge * problem.shared[:, None], sample)
    solve = partial(_solved, cho_factor(_second_moments(problem, ridge, sample)))
    weights, used = problem.gathered(start), 0
    here = objective.at(weights)
    bits = [here.loss / math.log(2)]
    progress.start("newton", steps, "steps")
    for _ in range(steps):
        step, count = _conjugate_gradients(partial(objective.times, weights), here.slope, solve, products)
        used += count
        fall = -here.slope.dot(step)
        found = None if fall < tolerance else _lowered(objective, weights, here.value, step, fall)
        if found is None:
            break
        weights, here = found
        bits.append(here.loss / math.log(2))
        progress.advance(1, bpc=bits[-1])
    progress.finish()
    return Descent(problem.spread(weights), tuple(bits), used)


class _Point(NamedTuple):
    """Mean loss in nats at some weights, the same with the ridge, and the derivative of the latter."""

    loss: float
    value: float
    slope: Linear


@dataclass(frozen=True, eq=False)
class _Objective:
    """``mean loss + penalty/2 |W|²``; ``penalty`` has a row per distinct output."""

    problem: Regression
    penalty: NDArray[np.floating[Any]]
    sample: int | None

    def at(self, weights: Linear) -> _Point:
        """Its value and derivative."""
        loss, slope = self.problem.gradient(weights)
        value = loss + 0.5 * float(np.sum(self.penalty * weights.W**2))
        return _Point(loss, value, Linear(slope.W + self.penalty * weights.W, slope.b))

    def times(self, weights: Linear, along: Linear) -> Linear:
        """Its second derivative at ``weights`` along a direction."""
        product = self.problem.curvature(weights, along, self.sample)
        return Linear(product.W + self.penalty * along.W, product.b)


def _lowered(
    objective: _Objective, weights: Linear, value: float, step: Linear, fall: float
) -> tuple[Linear, _Point] | None:
    """The longest of step, step/2, … that lowers ``value`` by its share of ``fall``; None where rounding hides it."""
    length = 1.0
    while length > 2.0**-20:
        candidate = weights.plus(step, length)
        ahead = objective.at(candidate)
        if ahead.value <= value - 1e-4 * length * fall:
            return candidate, ahead
        length /= 2
    return None


def _second_moments(problem: Regression, ridge: float, sample: int | None) -> Doubles:
    """½ S + ridge I over the features and a constant 1."""
    rows = problem.rows[: sample or len(problem)]
    inner = rows.shape[1]
    total = np.zeros((inner + 1, inner + 1))
    with one_thread():
        for first in range(0, len(rows), _ROWS):
            block = rows[first : first + _ROWS]
            part = np.column_stack((block, np.ones(len(block), rows.dtype)))
            total += part.T @ part
    return 0.5 * total / len(rows) + (ridge + 1e-9) * np.eye(inner + 1)


def _solved(factor: Any, right: Linear) -> Linear:
    with one_thread():  # the others would be woken for a millisecond's work
        both = cho_solve(factor, np.column_stack((right.W, right.b)).T).T
    return Linear(both[:, :-1], both[:, -1])


def _conjugate_gradients(
    times: Callable[[Linear], Linear], slope: Linear, solve: Callable[[Linear], Linear], products: int
) -> tuple[Linear, int]:
    """Approximate ``d`` with ``times(d) = -slope``, and the products taken: exact enough for superlinear steps."""
    rest = Linear(-slope.W, -slope.b)
    close = solve(rest)
    direction, answer = close, Linear(np.zeros_like(slope.W), np.zeros_like(slope.b))
    size = start = rest.dot(close)
    count = 0
    while count < products:
        count += 1
        image = times(direction)
        bend = direction.dot(image)
        if bend <= 0:  # rounding at the end of the way
            break
        rate = size / bend
        answer, rest = answer.plus(direction, rate), rest.plus(image, -rate)
        close = solve(rest)
        size, before = rest.dot(close), size
        if size <= min(0.25, math.sqrt(math.sqrt(start))) ** 2 * start:
            break
        direction = close.plus(direction, size / before)
    return answer, count
