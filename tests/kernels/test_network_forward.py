"""States, surprises and draws equal their definitions on tiny networks."""

import numpy as np
import pytest

from tests.naive import network as naive
from umrnn.rnn.kernels.forward import bits_per_target, run_states
from umrnn.rnn.kernels.records import Parameters, allocate
from umrnn.rnn.kernels.sampling import choose, draw_bytes

DTYPES = (np.float32, np.float64)
TOLERANCE = {np.float32: 2e-6, np.float64: 2e-15}
SIZES = [(2, 1), (5, 3), (7, 9)]


def layout(weights):
    """The dict of arrays in the layout of the kernels."""
    contiguous = {name: np.ascontiguousarray(weights[name].T if name == "W_x" else weights[name]) for name in weights}
    return Parameters(**contiguous)


def data_of(alphabet, length, seed=3):
    return np.random.default_rng(seed).integers(0, alphabet, length).astype(np.uint8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("alphabet", "hidden"), SIZES)
def test_run_states__are_the_recurrence(alphabet, hidden, dtype):
    weights, data = naive.random_weights(alphabet, hidden, dtype=dtype), data_of(alphabet, 6)
    z, h = np.empty((6, hidden), dtype), np.empty((7, hidden), dtype)
    h[0] = 0.25
    run_states(data, layout(weights), np.ascontiguousarray(weights["W_h"].T), z, h)
    expected = naive.run({name: array.astype(np.float64) for name, array in weights.items()}, data, h[0])
    np.testing.assert_allclose(z, expected[0], rtol=0, atol=20 * TOLERANCE[dtype])
    np.testing.assert_allclose(h[1:], expected[1], rtol=0, atol=20 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("block", [1, 3, 8])
@pytest.mark.parametrize(("alphabet", "hidden"), SIZES)
def test_bits__are_the_surprise_for_any_block(alphabet, hidden, block, dtype):
    weights, data = naive.random_weights(alphabet, hidden, dtype=dtype), data_of(alphabet, 8)
    wide = {name: array.astype(np.float64) for name, array in weights.items()}
    h = naive.run(wide, data, np.zeros(hidden))[1].astype(dtype)
    bits = np.empty(7)
    bits_per_target(h[:-1], data[1:], layout(weights), allocate(alphabet, hidden, block, dtype), bits)
    np.testing.assert_allclose(bits, naive.bits(wide, data, np.zeros(hidden)), atol=10 * TOLERANCE[dtype])


def test_bits__of_certainty_are_finite_and_exact():
    """A gap of 1,000 nats: the probability underflows, its logarithm does not."""
    weights = naive.random_weights(3, 2, scale=0.0)
    weights["b_y"] = np.array([0.0, 1000.0, -1000.0])
    h, bits = np.zeros((3, 2)), np.empty(3)
    targets = np.array([0, 1, 2], np.uint8)
    bits_per_target(h, targets, layout(weights), allocate(3, 2, 4, np.float64), bits)
    np.testing.assert_allclose(bits, np.array([1000.0, 0.0, 2000.0]) / np.log(2), rtol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws__invert_the_cumulative_distribution(dtype, temperature):
    weights = naive.random_weights(5, 3, seed=1, dtype=dtype)
    uniforms = np.random.default_rng(0).random(40)
    out, work = np.zeros(40, np.uint8), allocate(5, 3, 1, dtype)
    work.h[0] = 0.1
    work.W_h_transposed[:] = weights["W_h"].T
    draw_bytes(layout(weights), temperature, uniforms, work, out)
    wide = {name: array.astype(np.float64) for name, array in weights.items()}
    assert out.tolist() == naive.draw(wide, np.full(3, dtype(0.1), np.float64), temperature, uniforms)


def test_draws__of_almost_one_take_the_last_byte():
    weights = layout(naive.random_weights(4, 2, scale=0.0))
    out, draws = np.zeros(2, np.uint8), np.array([0.0, 1 - 2.0**-53])
    draw_bytes(weights, 1.0, draws, allocate(4, 2, 1, np.float64), out)
    assert out.tolist() == [0, 3]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("temperature", [1e-39, 1e-308, 5e-324])
def test_draws__of_the_coldest_take_the_likeliest_byte(dtype, temperature):
    """1e-39 has no inverse in float32, 5e-324 none in float64; also a draw of 0 must not find a byte without mass."""
    weights = naive.random_weights(6, 3, scale=0.0, dtype=dtype)
    weights["b_y"] = np.array([0, 1, 3, 2.9, 0, -1], dtype)
    out, draws = np.zeros(3, np.uint8), np.array([0.0, 0.5, 1 - 2.0**-53])
    draw_bytes(layout(weights), temperature, draws, allocate(6, 3, 1, dtype), out)
    assert out.tolist() == [2, 2, 2]


def test_choose__never_takes_a_byte_without_mass():
    """Rounding may leave a little when all mass is spent, as a draw of 1 does."""
    assert choose(np.array([0.0, 1.0, 2.0, 0.0]), 1.0) == 2
    assert choose(np.array([0.0, 1.0, 2.0, 0.0]), 0.0) == 1
