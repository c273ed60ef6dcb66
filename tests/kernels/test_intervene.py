"""Edited runs equal their definitions on tiny networks."""

import numpy as np
import pytest

from tests.kernels.test_network_forward import DTYPES, TOLERANCE, data_of, layout
from tests.naive import intervene as naive
from tests.naive import network
from umrnn.interpret.kernels.intervene import FED_STATE, RECURRENT_INPUT, STATE, Edit, project, run_edited
from umrnn.rnn.kernels.moments import add_by_class

PLACES = {"state": STATE, "read": FED_STATE, "written": RECURRENT_INPUT}
LENGTH = 7


def frames(runs, rank, hidden, dtype):
    rng = np.random.default_rng(2)
    drawn = [np.linalg.qr(rng.standard_normal((hidden, rank)))[0].T for _ in range(runs)]
    return np.array(drawn).reshape(runs, rank, hidden).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("runs", "rank", "hidden"), [(1, 1, 1), (2, 1, 3), (3, 2, 4), (2, 0, 3)])
def test_run_edited__sets_components_at_every_step(runs, rank, hidden, place, dtype):
    weights, data = network.random_weights(4, hidden, dtype=dtype), data_of(4, LENGTH)
    rng = np.random.default_rng(1)
    directions, labels = frames(runs, rank, hidden, dtype), rng.integers(0, 3, LENGTH).astype(np.int32)
    targets = rng.uniform(-0.5, 0.5, (3, runs, rank))
    h, scratch = np.empty((LENGTH + 1, runs, hidden), dtype), np.empty((2, runs, hidden), dtype)
    h[0] = rng.uniform(-1, 1, (runs, hidden))
    transposed = np.ascontiguousarray(weights["W_h"].T)
    edit = Edit(PLACES[place], directions, labels, targets)
    run_edited(data, layout(weights), transposed, edit, scratch, h)
    wide = {name: array.astype(np.float64) for name, array in weights.items()}
    for r in range(runs):
        change = naive.projection(directions[r].astype(np.float64), targets[labels, r])
        expected = naive.edited_run(wide, data, h[0, r].astype(np.float64), change, place)
        np.testing.assert_allclose(h[1:, r], expected, rtol=0, atol=20 * TOLERANCE[dtype])


def test_run_edited__takes_the_component_out_exactly_as_removal_from_the_weights():
    weights, data, d = network.random_weights(4, 3), data_of(4, LENGTH), np.array([0.6, 0.0, -0.8])
    shape, zeros = (LENGTH + 1, 1, 3), np.zeros((1, 1, 1))
    labels, kept = np.zeros(LENGTH, np.int32), np.eye(3) - np.outer(d, d)
    for place, W_h in ((FED_STATE, weights["W_h"] @ kept), (RECURRENT_INPUT, kept @ weights["W_h"])):
        h, scratch = np.zeros(shape), np.empty((2, 1, 3))
        edit = Edit(place, d.reshape(1, 1, 3), labels, zeros)
        run_edited(data, layout(weights), np.ascontiguousarray(weights["W_h"].T), edit, scratch, h)
        expected = network.run({**weights, "W_h": W_h}, data, np.zeros(3))[1]
        np.testing.assert_allclose(h[1:, 0], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_project__leaves_the_target_along_the_direction_and_the_rest_alone(dtype):
    rng = np.random.default_rng(3)
    rows, directions = rng.uniform(-1, 1, (2, 5)).astype(dtype), frames(2, 2, 5, dtype)
    targets, before = np.array([[0.25, -0.5], [0.0, 1.0]]), rows.copy()
    project(directions, targets, rows)
    for r in range(2):
        np.testing.assert_allclose(directions[r] @ rows[r], targets[r], rtol=0, atol=10 * TOLERANCE[dtype])
        moved = rows[r] - before[r]
        inside = directions[r].T @ (directions[r] @ moved)
        np.testing.assert_allclose(moved, inside, rtol=0, atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_add_by_class__sums_states_of_a_class(dtype):
    h = np.random.default_rng(4).uniform(-1, 1, (9, 3)).astype(dtype)
    labels = np.array([0, 1, 0, 3, 3, 3, 1, 0, 0], np.int32)
    sums = np.ones((4, 3))
    add_by_class(h, labels, sums)
    means = naive.class_means(h.astype(np.float64), labels.tolist())
    for k in range(4):
        expected = means[k] * np.count_nonzero(labels == k) if k in means else np.zeros(3)
        np.testing.assert_allclose(sums[k] - 1, expected, rtol=0, atol=1e-14)
