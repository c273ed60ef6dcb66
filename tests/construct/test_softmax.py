"""The regression over all 256 bytes: definitions, differences, shared rows, threads, bad input."""

import numpy as np
import pytest

from tests.naive import softmax as naive
from umrnn.construct.readout import regression as softmax
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.errors import InputError
from umrnn.parallel import pool


class Problem:
    """T rows of F features, targets among some bytes, random weights; ``plain`` weights are equal for other bytes."""

    def __init__(self, positions=40, inner=6, symbols=5, dtype=np.float64, seed=0):
        rng = np.random.default_rng(seed)
        self.rows = np.where(rng.random((positions, inner)) < 0.5, -1, 1).astype(dtype)
        self.targets = rng.choice(rng.permutation(256)[:symbols], positions).astype(np.uint8)
        self.random = Linear(0.3 * rng.standard_normal((256, inner)), 0.3 * rng.standard_normal(256))
        seen = np.isin(np.arange(256), self.targets)
        self.plain = Linear(self.random.W * seen[:, None], self.random.b * seen)
        self.direction = Linear(rng.standard_normal((256, inner)), rng.standard_normal(256))


def assert_equal(found: Linear, W, b, tolerance=1e-12):
    np.testing.assert_allclose(found.W, W, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.b, b, rtol=0, atol=tolerance)


def test_gradient__is_the_definition_over_all_bytes():
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.random)
    assert len(regression.shared) == 256  # no two rows of the weights are alike
    nats, slope = regression.gradient(regression.gathered(problem.random))
    by_W, by_b = naive.gradient(problem.random.W, problem.random.b, problem.rows, problem.targets)
    expected = naive.loss(problem.random.W, problem.random.b, problem.rows, problem.targets) / len(problem.rows)
    assert nats == pytest.approx(expected, rel=1e-13)
    assert_equal(regression.spread(slope), by_W / len(problem.rows), by_b / len(problem.rows))


def test_gradient__and_curvature_equal_central_differences():
    problem, step = Problem(positions=7, inner=3, symbols=3), 1e-5
    regression = Regression(problem.rows, problem.targets, problem.plain)
    at, along = regression.gathered(problem.plain), regression.gathered(problem.direction)
    ahead, behind = (regression.gradient(at.plus(along, sign * step)) for sign in (1, -1))
    assert regression.gradient(at)[1].dot(along) == pytest.approx((ahead[0] - behind[0]) / (2 * step), rel=1e-8)
    bend = ahead[1].plus(behind[1], -1.0)
    assert_equal(regression.curvature(at, along), bend.W / (2 * step), bend.b / (2 * step), 1e-8)


def test_curvature__is_the_definition_also_of_the_first_positions():
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.random)
    at, along = regression.gathered(problem.random), regression.gathered(problem.direction)
    for positions in (None, 11, 1000):
        rows = problem.rows[:positions]
        by_W, by_b = naive.curvature(at.W, at.b, rows, along.W, along.b)
        assert_equal(regression.curvature(at, along, positions), by_W / len(rows), by_b / len(rows))


def test_bits__are_the_definition_and_their_mean_is_the_loss():
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.plain)
    bits = regression.bits(regression.gathered(problem.plain))
    expected = naive.bits(problem.plain.W, problem.plain.b, problem.rows, problem.targets)
    np.testing.assert_allclose(bits, expected, rtol=0, atol=1e-12)
    assert bits.mean() * np.log(2) == pytest.approx(regression.gradient(regression.gathered(problem.plain))[0])


@pytest.mark.parametrize("span", [slice(0, 40), slice(3, 4), slice(10, 37)])
@pytest.mark.parametrize("few", [256, 8, 1])
def test_sums__are_the_definition_over_a_span(monkeypatch, span, few):
    monkeypatch.setattr(softmax, "_FEW", few)
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.random)
    nats, by_W, by_b = regression.sums(regression.gathered(problem.random), span)
    rows, targets = problem.rows[span], problem.targets[span]
    expected = naive.gradient(problem.random.W, problem.random.b, rows, targets)
    assert nats == pytest.approx(naive.loss(problem.random.W, problem.random.b, rows, targets), rel=1e-12)
    assert_equal(regression.spread(Linear(by_W, by_b)), *expected)


@pytest.mark.parametrize("span", [slice(0, 40), slice(3, 4), slice(10, 37)])
@pytest.mark.parametrize("part", [4096, 8, 1])
def test_deltas__are_the_definition_over_a_span(monkeypatch, span, part):
    monkeypatch.setattr(softmax, "_PART", part)
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.random)
    found = regression.deltas(regression.gathered(problem.random), span)
    expected = naive.deltas(problem.random.W, problem.random.b, problem.rows[span], problem.targets[span])
    np.testing.assert_allclose(found[:, regression.row_of], expected, rtol=0, atol=1e-12)


def test_deltas__of_shared_rows_are_the_sums_of_theirs():
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.plain)
    found = regression.deltas(regression.gathered(problem.plain), slice(0, 40))
    expected = naive.deltas(problem.plain.W, problem.plain.b, problem.rows, problem.targets)
    for row in range(len(regression.shared)):
        np.testing.assert_allclose(found[:, row], expected[:, regression.row_of == row].sum(axis=1), atol=1e-12)


def test_shared_rows__give_the_loss_and_slopes_of_all_256():
    """Bytes that are no target and alike share a row, whose derivative is the sum of theirs."""
    problem = Problem()
    pooled = Regression(problem.rows, problem.targets, problem.plain)
    apart = Regression(problem.rows, problem.targets, problem.random)
    assert (len(pooled.shared), pooled.shared.sum(), len(apart.shared)) == (6, 256, 256)
    alike = Linear(problem.plain.W, problem.plain.b)
    nats, slope = pooled.gradient(pooled.gathered(alike))
    expected_nats, expected = apart.gradient(apart.gathered(alike))
    assert nats == pytest.approx(expected_nats, rel=1e-13)
    sums = Linear(np.zeros(slope.W.shape), np.zeros(slope.b.shape))
    for byte, row in enumerate(pooled.row_of):
        sums.W[row] += apart.spread(expected).W[byte]
        sums.b[row] += apart.spread(expected).b[byte]
    assert_equal(slope, sums.W, sums.b)


def test_spread__gives_each_byte_its_row_again():
    problem = Problem()
    regression = Regression(problem.rows, problem.targets, problem.plain)
    back = regression.spread(regression.gathered(problem.plain))
    assert np.array_equal(back.W, problem.plain.W)
    assert np.array_equal(back.b, problem.plain.b)


@pytest.mark.parametrize("symbols", [1, 256])
def test_regression__of_one_and_of_all_bytes(symbols):
    rng = np.random.default_rng(1)
    targets = rng.permutation(np.resize(np.arange(symbols), 300)).astype(np.uint8)
    rows = rng.standard_normal((300, 2))
    zero = Linear(np.zeros((256, 2)), np.zeros(256))
    regression = Regression(rows, targets, zero)
    assert len(regression.shared) == min(symbols + 1, 256)
    assert regression.gradient(regression.gathered(zero))[0] == pytest.approx(np.log(256))


@pytest.mark.needs_jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_figures__are_the_same_bits_on_any_number_of_threads(dtype):
    problem = Problem(positions=40_000, inner=5, dtype=dtype)  # three chunks
    found = []
    for threads in (1, 2, 5):
        regression = Regression(problem.rows, problem.targets, problem.plain, threads=threads)
        at, along = regression.gathered(problem.plain), regression.gathered(problem.direction)
        nats, slope = regression.gradient(at)
        bend = regression.curvature(at, along)
        deltas = regression.deltas(at, slice(5, 39_000))
        with pool(threads) as executor:
            sums = regression.sums(at, slice(7, 3000), executor)
        arrays = (slope.W, slope.b, bend.W, bend.b, regression.bits(at), deltas, *sums[1:])
        found.append((nats, sums[0], *(a.tobytes() for a in arrays)))
    assert found[0] == found[1] == found[2]


@pytest.mark.needs_jit
def test_float32__is_float64_up_to_its_rounding():
    problem = Problem(positions=5000)
    results = []
    for dtype in (np.float32, np.float64):
        regression = Regression(problem.rows.astype(dtype), problem.targets, problem.plain)
        nats, slope = regression.gradient(regression.gathered(problem.plain))
        assert slope.W.dtype == np.float64
        results.append((nats, slope))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-6)
    assert_equal(results[0][1], results[1][1].W, results[1][1].b, 1e-6)


@pytest.mark.parametrize(("rows", "targets"), [(0, 0), (3, 2), (2, 3)])
def test_regression__needs_a_target_for_each_row(rows, targets):
    zero = Linear(np.zeros((256, 1)), np.zeros(256))
    with pytest.raises(InputError, match=f"one target per row and at least one, got {targets} for {rows}"):
        Regression(np.ones((rows, 1)), np.zeros(targets, np.uint8), zero)


def test_weights__in_another_dtype():
    narrow = Linear(np.ones((256, 1)), np.ones(256)).astype(np.float32)
    assert (narrow.W.dtype, narrow.b.dtype) == (np.float32, np.float32)
