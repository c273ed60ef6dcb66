"""Packed signs, steps by look-up, influence and cycles equal their definitions on tiny networks."""

import numpy as np
import pytest

from tests.naive import boolean as naive
from tests.naive import network
from umrnn.interpret.kernels import boolean as kernels

DTYPES = (np.float32, np.float64)
# Hidden neurons and bits of a group: one neuron, either side of a word's edge, groups that reach beyond H.
SIZES = [(1, 8), (3, 4), (9, 8), (5, 1), (63, 1), (64, 2), (65, 1)]
ALPHABET = 3


def table_of(weights, bits, unsure=None):
    hidden = len(weights["b_h"])
    groups = -(-hidden // 64) * 64 // bits
    sums = np.empty((groups * 2**bits, hidden), np.int16)
    sizes = np.add.reduceat(np.abs(weights["W_h"]), np.arange(0, hidden, bits), axis=1).max(axis=1)
    unit = np.where(sizes > 0, sizes, 1) / 16_000.0
    kernels.fill_table(weights["W_h"], bits, unit, sums)
    inputs = np.rint((weights["W_x"].T + weights["b_h"]) / unit).astype(np.int32)
    bound = np.full(hidden, groups // 2 + 2 if unsure is None else unsure, np.int32)
    return kernels.SignTable(
        sums, inputs, bound, np.array([bits]), np.ascontiguousarray(weights["W_x"].T), weights["W_h"], weights["b_h"]
    )


def drawn(hidden, dtype=np.float64, seed=0, length=4):
    rng = np.random.default_rng(seed)
    weights = network.random_weights(ALPHABET, hidden, seed=seed, dtype=dtype)
    return weights, rng.integers(0, 2, (length, hidden)), rng.integers(0, ALPHABET, length).astype(np.uint8)


def words(states):
    return np.array([naive.packed(row) for row in np.asarray(states).tolist()], np.uint64)


@pytest.mark.parametrize("hidden", [1, 63, 64, 65, 130])
def test_signs__are_packed_and_unpacked(hidden):
    h = np.random.default_rng(1).standard_normal((3, hidden))
    h[0, 0], h[1, 0] = 0.0, -0.0  # both are >= 0
    out, back = np.empty((3, -(-hidden // 64)), np.uint64), np.empty((3, hidden))
    kernels.pack_signs(h, out)
    assert out.tolist() == [naive.packed([int(value >= 0) for value in row]) for row in h]
    kernels.unpack_signs(out, back)
    assert np.array_equal(back, np.where(h >= 0, 1, -1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("hidden", "bits"), SIZES)
def test_step__is_the_definition(hidden, bits, dtype):
    weights, states, data = drawn(hidden, dtype)
    out, z = np.empty((4, -(-hidden // 64)), np.uint64), np.empty(hidden, np.int32)
    kernels.step_each(words(states), data, table_of(weights, bits), z, out)
    assert out.tolist() == [naive.packed(naive.step(weights, s.tolist(), int(x))) for s, x in zip(states, data)]


@pytest.mark.parametrize(("hidden", "bits"), SIZES)
def test_step__of_one_array_is_a_run(hidden, bits):
    weights, states, data = drawn(hidden, seed=2)
    run = np.empty((5, -(-hidden // 64)), np.uint64)
    run[0] = words(states[:1])
    kernels.step_each(run[:-1], data, table_of(weights, bits), np.empty(hidden, np.int32), run[1:])
    assert run[1:].tolist() == [naive.packed(s) for s in naive.run(weights, states[0].tolist(), data)]


@pytest.mark.parametrize("unsure", [None, 2**31 - 1])
def test_step__in_doubt_asks_the_definition(unsure):
    """Sums that cancel to 0, to 2^-40 and to -2^-40, which a unit is too coarse to tell; the fourth is sure."""
    weights = {name: np.zeros_like(array) for name, array in network.random_weights(ALPHABET, 4).items()}
    weights["W_h"][:3, 0], weights["W_h"][:3, 1] = 1000.1, -1000.1
    weights["b_h"][:] = 0, 2.0**-40, -(2.0**-40), 5
    states, out = [[1, 1, 0, 0], [0, 0, 1, 1]], np.empty((2, 1), np.uint64)
    kernels.step_each(words(states), np.zeros(2, "u1"), table_of(weights, 4, unsure), np.empty(4, np.int32), out)
    assert out.tolist() == [naive.packed(naive.step(weights, sigma, 0)) for sigma in states] == [[0b1011]] * 2


@pytest.mark.parametrize("hidden", [2, 65])
def test_sums__are_the_definition_to_the_bit(hidden):
    weights, states, data = drawn(hidden, seed=3, length=2)
    out = np.empty((2, hidden))
    kernels.exact_sums(words(states), data, table_of(weights, 1), out)
    assert out.tolist() == [naive.preactivation(weights, s.tolist(), int(x)) for s, x in zip(states, data)]


def test_differences__are_counted_by_row_and_neuron():
    first, second = np.random.default_rng(4).integers(0, 2, (2, 3, 66))
    second[1] = first[1]
    rows, neurons = np.full(3, 9), np.ones(66, np.int64)
    kernels.count_differences(words(first), words(second), rows, neurons)
    assert rows.tolist() == (first != second).sum(axis=1).tolist()
    assert neurons.tolist() == (1 + (first != second).sum(axis=0)).tolist()


def test_influence__counts_the_flips_that_matter():
    weights, states, data = drawn(5, seed=5, length=6)
    table, z = table_of(weights, 2), np.empty((6, 5))
    kernels.exact_sums(words(states), data, table, z)
    out = np.zeros((5, 5), np.int64)
    columns = np.ascontiguousarray(weights["W_h"].T)
    kernels.influence(words(states), z, columns[:2], 0, out[:2])
    kernels.influence(words(states), z, columns[2:], 2, out[2:])
    expected = naive.influence(weights, states.tolist(), data)
    assert out.tolist() == expected
    assert 0 < sum(map(sum, expected)) < 6 * 25


@pytest.mark.parametrize("seed", range(6))
def test_cycle__is_the_first_state_that_comes_back(seed):
    hidden = (1, 2, 4, 6, 65, 3)[seed]
    weights, states, _ = drawn(hidden, seed=seed)
    limit = 2 if hidden == 65 else 20
    history, out = np.empty((limit + 1, -(-hidden // 64)), np.uint64), np.empty(2, np.int64)
    history[0] = words(states[:1])
    data, z = np.full(limit, 1, np.uint8), np.empty(hidden, np.int32)
    kernels.find_cycle(data, table_of(weights, 1), z, history, out)
    assert tuple(out.tolist()) == naive.cycle(weights, states[0].tolist(), 1, limit)


def test_cycle__beyond_the_limit_is_not_found():
    """A ring of five neurons that hand their signs on: one +1 comes back after five steps, not after four."""
    weights = {name: np.zeros_like(array) for name, array in network.random_weights(ALPHABET, 5).items()}
    weights["W_h"] = np.roll(np.eye(5), 1, axis=0)
    for limit, expected in ((4, [-1, -1]), (5, [0, 5])):
        history, out = np.zeros((limit + 1, 1), np.uint64), np.empty(2, np.int64)
        history[0, 0] = 1
        kernels.find_cycle(np.zeros(limit, "u1"), table_of(weights, 4), np.empty(5, np.int32), history, out)
        assert out.tolist() == expected


@pytest.mark.parametrize("dead", [0.0, 0.5, 0.9])
def test_ternary__has_a_dead_zone(dead):
    weights, _, data = drawn(4, seed=7, length=12)
    states = np.zeros((13, 4))
    kernels.run_ternary(data, table_of(weights, 1), np.ascontiguousarray(weights["W_h"].T), np.arctanh(dead), states)
    assert states[1:].tolist() == naive.ternary(weights, data, dead)
    assert (states[1:] == 0).any() == (dead > 0)
