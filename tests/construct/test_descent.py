"""Gradient steps and Newton's method: definitions, known minima, shared rows, threads."""

import numpy as np
import pytest

from tests.construct.test_softmax import Problem, assert_equal
from tests.naive import softmax as naive
from umrnn.construct.readout.gradient import descend, rates_falling
from umrnn.construct.readout.newton import newton
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.progress import Progress

ZERO = Linear(np.zeros((256, 6)), np.zeros(256))


class Log(Progress):
    def __init__(self):
        self.told = []

    def start(self, task, total, unit=""):
        self.told.append((task, total, unit))

    def advance(self, amount, **figures):
        self.told.append(figures)


def test_rates__fall_at_each_change():
    assert list(rates_falling(0.5, 5, (1, 3))) == pytest.approx([0.5, 0.15, 0.15, 0.045, 0.045])
    assert list(rates_falling(0.5, 0, (1,))) == []


@pytest.mark.parametrize("start", ["random", "plain"])
def test_descend__is_the_definition(start):
    """Also where rows are shared: each byte then moves as it would alone."""
    problem, rates = Problem(), (0.5, 0.5, 0.2)
    begin = getattr(problem, start)
    log = Log()
    found = descend(Regression(problem.rows, problem.targets, begin), begin, rates, progress=log)
    W, b = naive.descend(begin.W, begin.b, problem.rows, problem.targets, rates)
    assert_equal(found.weights, W, b)
    assert len(found.bits) == 4
    assert found.products == 0
    assert found.bits[0] == pytest.approx(np.mean(naive.bits(begin.W, begin.b, problem.rows, problem.targets)))
    assert found.bits[-1] == pytest.approx(np.mean(naive.bits(W, b, problem.rows, problem.targets)))
    assert log.told == [("gradient", 3, "steps"), *({"bpc": bits} for bits in found.bits[:-1])]


def test_descend__of_no_steps_is_the_start():
    problem = Problem()
    found = descend(Regression(problem.rows, problem.targets, problem.plain), problem.plain, ())
    assert_equal(found.weights, problem.plain.W, problem.plain.b)
    assert len(found.bits) == 1


def penalised(found, problem, ridge):
    nats = np.mean(naive.bits(found.weights.W, found.weights.b, problem.rows, problem.targets)) * np.log(2)
    return nats + 0.5 * ridge * np.sum(found.weights.W**2)


@pytest.mark.parametrize("ridge", [0.01, 0.3])
def test_newton__ends_at_the_minimum(ridge):
    """The minimum by the whole second derivative, over the targets and one byte that stands for the other 251."""
    problem = Problem(positions=60, inner=3)
    zero = Linear(np.zeros((256, 3)), np.zeros(256))
    found = newton(Regression(problem.rows, problem.targets, zero), zero, ridge=ridge, steps=60, tolerance=1e-14)
    symbols = np.unique(problem.targets)
    least = naive.minimum(problem.rows, np.searchsorted(symbols, problem.targets), len(symbols), ridge)
    assert penalised(found, problem, ridge) == pytest.approx(least, abs=1e-5)  # other bytes fade, and never quite
    assert found.products >= len(found.bits) - 1 > 0


def test_newton__has_no_slope_left_where_it_ends():
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.random)  # 256 rows
    found = newton(regression, problem.random, ridge=0.1, steps=60, tolerance=1e-20)
    by_W, _ = naive.gradient(found.weights.W, found.weights.b, problem.rows, problem.targets)
    np.testing.assert_allclose(by_W / len(problem.rows) + 0.1 * found.weights.W, 0, atol=1e-6)


def test_newton__needs_fewer_steps_than_the_gradient():
    problem = Problem(positions=200)
    regression = Regression(problem.rows, problem.targets, ZERO)
    slow = descend(regression, ZERO, [0.5] * 300)
    fast = newton(regression, ZERO, steps=20)
    assert fast.bits[-1] < slow.bits[-1]
    assert list(fast.bits) == sorted(fast.bits, reverse=True)  # no step makes it worse


def test_newton__of_separable_data_stops_where_asked():
    """One target for all rows: without a ridge the weights grow without bound, yet steps stay finite."""
    rows, targets = np.ones((5, 6)), np.full(5, 7, np.uint8)
    found = newton(Regression(rows, targets, ZERO), ZERO, steps=8)
    assert len(found.bits) <= 9
    assert np.isfinite(found.weights.W).all()
    assert found.bits[-1] < 0.01


def test_newton__at_the_minimum_takes_no_step():
    """All bytes equally often and features that say nothing: zero weights are best."""
    rows, targets = np.zeros((256, 6)), np.arange(256).astype(np.uint8)
    found = newton(Regression(rows, targets, ZERO), ZERO)
    assert found.bits == (pytest.approx(8.0),)
    assert_equal(found.weights, ZERO.W, ZERO.b)


def test_newton__from_a_sample_of_positions_goes_down_as_well():
    problem = Problem(positions=300)
    regression = Regression(problem.rows, problem.targets, ZERO)
    whole, part = (newton(regression, ZERO, sample=sample, steps=12) for sample in (None, 100))
    assert part.bits[-1] == pytest.approx(whole.bits[-1], abs=0.01)
    assert list(part.bits) == sorted(part.bits, reverse=True)


def test_newton__uses_no_more_products_than_allowed():
    problem = Problem()
    found = newton(Regression(problem.rows, problem.targets, ZERO), ZERO, steps=3, products=2)
    assert found.products <= 6


@pytest.mark.needs_jit
def test_descents__are_the_same_bits_on_any_number_of_threads():
    problem = Problem(positions=20_000, dtype=np.float32)
    found = []
    for threads in (1, 3):
        regression = Regression(problem.rows, problem.targets, ZERO, threads=threads)
        for descent in (descend(regression, ZERO, (0.5, 0.5)), newton(regression, ZERO, steps=2)):
            found.append((descent.bits, descent.weights.W.tobytes(), descent.weights.b.tobytes()))
    assert found[:2] == found[2:]
