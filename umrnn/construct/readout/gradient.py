"""Plain gradient steps down the loss of a softmax read-out, and where a descent by any method ended."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from umrnn.construct.readout.regression import Linear, Regression
from umrnn.progress import SILENT, Progress

__all__ = ["Descent", "descend", "rates_falling"]


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a descent ended.

    Parameters
    ----------
    weights : over all 256 bytes, float64
    bits : mean loss in bits before the first step and after each one
    products : products with the second derivative, for Newton's method; each costs about as much as a gradient
    """

    weights: Linear
    bits: tuple[float, ...]
    products: int = 0


def rates_falling(rate: float, steps: int, at: Sequence[int], factor: float = 0.3) -> Iterator[float]:
    """``rate``, times ``factor`` from each step in ``at`` on.

    Examples
    --------
    >>> list(rates_falling(0.5, 4, (2,), 0.5))
    [0.5, 0.5, 0.25, 0.25]
    """
    for step in range(steps):
        yield rate * factor ** sum(step >= change for change in at)


def descend(
    problem: Regression, start: Linear, rates: Sequence[float], *, progress: Progress = SILENT, task: str = "gradient"
) -> Descent:
    """Gradient steps ``weights -= rate * gradient of the mean loss in nats`` from ``start``, all positions each.

    Parameters
    ----------
    start : W (256, F), b (256,)
    rates : one per step
    """
    weights, bits = problem.gathered(start), []
    share = 1 / problem.shared  # a shared row stands for several, each with its part of the gradient
    progress.start(task, len(rates), "steps")
    for rate in rates:
        loss, slope = problem.gradient(weights)
        bits.append(loss / math.log(2))
        weights = weights.plus(Linear(slope.W * share[:, None], slope.b * share), -rate)
        progress.advance(1, bpc=bits[-1])
    bits.append(problem.gradient(weights)[0] / math.log(2))
    progress.finish()
    return Descent(problem.spread(weights), tuple(bits))
