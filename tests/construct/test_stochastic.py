"""A read-out in one pass: near the optimum, the same bits again, no worse than the start, any number of positions."""

from functools import cache

import numpy as np
import pytest

from tests.construct.test_softmax import Problem, assert_equal
from tests.naive import softmax as naive
from umrnn.construct.readout import stochastic as module
from umrnn.construct.readout.newton import newton
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.readout.stochastic import fit_stochastic
from umrnn.errors import InputError
from umrnn.progress import Progress


class Planted(Problem):
    """Targets drawn from a softmax of the features."""

    def __init__(self, positions: int, inner: int = 6, symbols: int = 5, dtype=np.float32):
        super().__init__(positions, inner, symbols, dtype)
        rng = np.random.default_rng(9)
        bytes_ = rng.permutation(256)[:symbols]
        logits = 1.5 * self.rows @ rng.standard_normal((inner, symbols)) + rng.gumbel(size=(positions, symbols))
        self.targets = bytes_[logits.argmax(axis=1)].astype(np.uint8)
        shares = (np.bincount(self.targets, minlength=256) + 0.5) / (positions + 128)
        self.zero = Linear(np.zeros((256, inner)), np.log(shares))

    def regression(self, **how) -> Regression:
        return Regression(self.rows, self.targets, self.zero, **how)


def bits_of(regression: Regression, weights: Linear) -> float:
    return float(regression.bits(regression.gathered(weights)).mean())


@cache
def solved(dtype) -> tuple[Planted, Regression, float]:
    """A problem, and the loss of its optimum: seconds of work for all tests that need one."""
    problem = Planted(100_000, dtype=dtype)
    regression = problem.regression()
    return problem, regression, newton(regression, problem.zero, ridge=1e-6).bits[-1]


@pytest.mark.needs_jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("passes", "share"), [(1, 0.1), (4, 0.02)])
def test_one_pass__closes_most_of_the_gap(passes, share, dtype):
    problem, regression, optimum = solved(dtype)
    found = fit_stochastic(regression, problem.zero, passes=passes)
    assert len(found.bits) == 1 + passes
    left = bits_of(regression, found.weights) - optimum
    assert -1e-4 < left < share * (bits_of(regression, problem.zero) - optimum)
    assert list(found.bits) == sorted(found.bits, reverse=True)


def test_one_pass__of_one_batch_is_a_step_of_the_bound():
    """W -= rate * gradient (S/2)^-1, all 256 rows told apart, against the definition."""
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.random)
    found = fit_stochastic(regression, problem.random, rate=0.7, batch=100)
    by_W, by_b = naive.gradient(problem.random.W, problem.random.b, problem.rows, problem.targets)
    wide = np.column_stack((problem.rows, np.ones(len(problem.rows))))
    bound = 0.5 * wide.T @ wide / len(wide)
    bound += np.diag(1e-4 * bound.diagonal() + 1e-9)
    move = np.column_stack((by_W, by_b)) / len(wide) @ np.linalg.inv(bound)
    assert_equal(found.weights, problem.random.W - 0.7 * move[:, :-1], problem.random.b - 0.7 * move[:, -1], 1e-10)


def test_one_pass__of_shared_rows_moves_each_byte_as_it_would_alone(monkeypatch):
    problem = Problem(positions=60)
    outcomes = []
    for start in (problem.plain, problem.random):  # the second tells all rows apart
        regression = Regression(problem.rows, problem.targets, start)
        outcomes.append(
            (regression, fit_stochastic(Regression(problem.rows, problem.targets, start), problem.plain, batch=7))
        )
    assert len(outcomes[0][0].shared) < len(outcomes[1][0].shared) == 256
    assert_equal(outcomes[0][1].weights, outcomes[1][1].weights.W, outcomes[1][1].weights.b, 1e-10)


@pytest.mark.needs_jit
def test_one_pass__gives_the_same_bits_for_any_threads_and_the_same_seed():
    problem = Planted(50_000)  # judged by stretches
    found = [
        fit_stochastic(problem.regression(threads=threads), problem.zero, passes=2, seed=seed)
        for threads, seed in ((1, 0), (3, 0), (1, 1))
    ]
    assert found[0].weights.W.tobytes() == found[1].weights.W.tobytes()
    assert found[0].weights.b.tobytes() == found[1].weights.b.tobytes()
    assert found[0].bits == found[1].bits
    assert found[0].weights.W.tobytes() != found[2].weights.W.tobytes()


def test_one_pass__takes_a_quarter_of_a_rate_that_did_not_lower_the_loss(monkeypatch):
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.plain)
    slower = fit_stochastic(regression, problem.plain, rate=0.2, batch=10)
    losses = iter([1.0, 2.0, 0.5])
    monkeypatch.setattr(module, "_judged", lambda problem, weights: next(losses))
    found = fit_stochastic(regression, problem.plain, rate=0.8, batch=10)
    assert_equal(found.weights, slower.weights.W, slower.weights.b)


def test_one_pass__refuses_a_rate_beyond_the_bound():
    problem = Problem()
    with pytest.raises(InputError, match="rate must be at most 1, got 2"):
        fit_stochastic(Regression(problem.rows, problem.targets, problem.plain), problem.plain, rate=2.0)


def test_one_pass__keeps_the_start_where_no_rate_lowers_the_loss(monkeypatch):
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.plain)
    losses = iter([1.0, 2.0, float("nan"), 1.1, 1.1, 1.1, 1.1])
    monkeypatch.setattr(module, "_judged", lambda problem, weights: next(losses))
    found = fit_stochastic(regression, problem.plain, rate=0.4)
    assert_equal(found.weights, problem.plain.W, problem.plain.b)
    assert found.bits == (1.0,)


def test_one_pass__of_rows_that_say_nothing_ends_at_the_shares():
    """A feature that is always zero, one that is always one: the bound has neither direction but for its ridge."""
    rows = np.tile([0.0, 1.0], (300, 1))
    targets = np.repeat(np.arange(3, dtype=np.uint8), 100)[np.random.default_rng(0).permutation(300)]
    zero = Linear(np.zeros((256, 2)), np.zeros(256))
    found = fit_stochastic(Regression(rows, targets, zero), zero, rate=1.0, passes=60, batch=100)
    assert not found.weights.W[:, 0].any()
    logits = found.weights.b + found.weights.W[:, 1]
    shares = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(shares[:3], 1 / 3, atol=0.02)


@pytest.mark.parametrize("positions", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("batch", [1, 2, 3, 1024])
def test_one_pass__of_a_few_positions(positions, batch):
    problem = Problem(positions=positions, inner=2, symbols=2)
    done = []

    class Done(Progress):
        def advance(self, amount, **figures):
            done.append(amount)

    regression = Regression(problem.rows, problem.targets, problem.plain)
    found = fit_stochastic(regression, problem.plain, batch=batch, passes=2, progress=Done())
    assert min(done) > 0  # no batch is empty
    assert sum(done) % (2 * positions) == 0
    assert bits_of(regression, found.weights) <= found.bits[0]
    assert np.isfinite(found.weights.W).all()


@pytest.mark.parametrize("positions", range(1, 40))
@pytest.mark.parametrize("batch", [1, 2, 3, 7, 10])
def test_batches__cover_all_positions_and_none_is_empty(positions, batch, monkeypatch):
    spans = []
    monkeypatch.setattr(Regression, "sums", lambda self, weights, span, executor: spans.append(span) or (0.0, 0, 0))
    monkeypatch.setattr(module, "_judged", lambda problem, weights: 0.0)
    monkeypatch.setattr(Linear, "plus", lambda self, other, rate: self)
    monkeypatch.setattr(np, "column_stack", lambda arrays: np.zeros((1, 3)))
    rows = np.ones((positions, 2))
    problem = object.__new__(Regression)
    problem.rows, problem.threads, problem.shared = rows, 1, np.ones(1)
    monkeypatch.setattr(Regression, "gathered", lambda self, weights: weights)
    monkeypatch.setattr(Regression, "spread", lambda self, weights: weights)
    fit_stochastic(problem, Linear(np.zeros((1, 2)), np.zeros(1)), batch=batch)
    places = sorted(p for span in spans for p in range(span.start, span.stop))
    assert places == list(range(positions))
    assert min(span.stop - span.start for span in spans) > 0
    assert max(span.stop - span.start for span in spans) <= 2 * batch


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"rate": 0.0}, "rate must be a finite number above 0"),
        ({"passes": 0}, "passes must be at least 1, got 0"),
        ({"batch": 0}, "batch must be at least 1, got 0"),
    ],
)
def test_one_pass__refuses(how, message):
    problem = Problem()
    with pytest.raises(InputError, match=message):
        fit_stochastic(Regression(problem.rows, problem.targets, problem.plain), problem.plain, **how)
