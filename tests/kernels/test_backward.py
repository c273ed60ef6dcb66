"""Gradients followed back equal their definitions, and those equal differences, on tiny networks."""

import numpy as np
import pytest

from tests.kernels.test_network_forward import DTYPES, TOLERANCE, data_of, layout
from tests.naive import gradient as naive
from tests.naive import network
from umrnn.interpret.kernels.backward import (
    FIGURES,
    count_recurrent,
    follow_back,
    patterns_used,
    prediction_gradients,
)
from umrnn.rnn.kernels.records import allocate

ALPHABET, HIDDEN, LENGTH = 5, 3, 8


def case(dtype=np.float64):
    """Weights, the same in float64, data and its states."""
    weights, data = network.random_weights(ALPHABET, HIDDEN, dtype=dtype), data_of(ALPHABET, LENGTH)
    wide = {name: array.astype(np.float64) for name, array in weights.items()}
    states = network.run(wide, data, np.zeros(HIDDEN))[1].astype(dtype)
    return weights, wide, data, states


def gradients(weights, data, states, dtype, block=3):
    g = np.empty((len(data) - 1, HIDDEN), dtype)
    work = allocate(ALPHABET, HIDDEN, block, dtype)
    prediction_gradients(states[:-1], data[1:], layout(weights), work, g)
    return g


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("block", [1, 3, 8])
def test_prediction_gradients__are_the_definition(dtype, block):
    weights, wide, data, states = case(dtype)
    g = gradients(weights, data, states, dtype, block)
    expected = [naive.prediction(wide, states[t].astype(np.float64), int(data[t + 1])) for t in range(LENGTH - 1)]
    np.testing.assert_allclose(g, expected, atol=20 * TOLERANCE[dtype])


def test_prediction_gradients__keep_their_digits_where_p_is_next_to_1():
    weights, wide, data, states = case(np.float32)
    for each in (weights, wide):
        each["b_y"][:] = -30
        each["b_y"][1] = 10
    data[:] = 1
    g = gradients(weights, data, states, np.float32)
    others = [o for o in range(ALPHABET) if o != 1]
    for t in range(LENGTH - 1):
        p = network.probabilities(wide, states[t].astype(np.float64))
        expected = sum(p[o] * (wide["W_y"][1] - wide["W_y"][o]) for o in others)
        assert 0 < np.abs(expected).max() < 1e-14
        np.testing.assert_allclose(g[t], expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("first", [0, 2, 5])
@pytest.mark.parametrize("depth", [0, 2, 9])
def test_follow_back__is_the_definition(dtype, first, depth):
    """``first``: positions before it may only be looked at; a depth beyond the data leaves cells alone."""
    weights, wide, data, states = case(dtype)
    g = gradients(weights, data, states, dtype)[first:]
    others = np.append(data[-2::-1], data[-1])  # the gradients are of the targets, which stay
    out = np.full((2, depth + 1, FIGURES, len(g)), -1.0)
    follow_back(np.stack([data[:-1], others[:-1]]), states[:-1], layout(weights), g, np.empty_like(g), out)
    for i in range(len(g)):
        path = naive.followed(wide, states.astype(np.float64), first + i, int(data[first + i + 1]), depth)
        for text, found in zip((data, others), out):
            expected = naive.looked_at(wide, text, states.astype(np.float64), first + i, path)
            np.testing.assert_allclose(found[: len(expected), :, i], expected, atol=60 * TOLERANCE[dtype])
            assert (found[len(expected) :, :, i] == -1).all()


def test_follow_back__leaves_the_last_gradients():
    weights, wide, data, states = case()
    g = gradients(weights, data, states, np.float64)[4:]
    out = np.empty((1, 4, FIGURES, 3))
    follow_back(data[np.newaxis, :-1], states[:-1], layout(weights), g, np.empty_like(g), out)
    expected = [naive.followed(wide, states, 4 + i, int(data[5 + i]), 3)[-1] for i in range(3)]
    np.testing.assert_allclose(g, expected, atol=1e-14)


def test_definition__is_that_of_differences():
    """The gated sum is the derivative of ln p along the input column of a past byte."""
    _, wide, data, states = case()
    t, step = 6, 1e-6
    columns = wide["W_x"][:, data[: t + 1]].T
    figures = naive.figures(wide, data, states, t, t)
    for k in range(t + 1):
        ends = []
        for sign in (1, -1):
            moved = columns.copy()
            moved[t - k] *= 1 + sign * step
            ends.append(naive.surprise(wide, moved, np.zeros(HIDDEN), int(data[t + 1])))
        assert figures[k][2] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("depth", [0, 2, 9])
def test_patterns_used__are_those_of_the_definition(first, depth):
    weights, wide, data, states = case()
    g = gradients(weights, data, states, np.float64)[first:]
    thresholds = np.array([0.01, 0.05, 0.3])
    levels, largest = np.zeros((len(g), ALPHABET, HIDDEN), np.uint8), np.zeros_like(g)
    patterns_used(data[:-1], states[:-1], layout(weights), g, depth, thresholds, levels, largest)
    counts = np.empty((3, len(g)), np.int64)
    count_recurrent(largest, np.abs(weights["W_h"]), thresholds, counts)
    sizes = set()
    for i in range(len(g)):
        for n, threshold in enumerate(thresholds):
            recurrent, inputs = naive.used(wide, data, states, first + i, depth, threshold)
            assert counts[n, i] == len(recurrent)
            assert {(j, x) for x, j in np.argwhere(levels[i] > n).tolist()} == inputs
            sizes.add(len(inputs))
    assert len(sizes) > 3
