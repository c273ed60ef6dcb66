"""The gradient of a rectified layer under a softmax is its definition, for any block and dtype."""

import numpy as np
import pytest

from tests.naive import perceptron as naive
from umrnn.construct.kernels.perceptron import Hidden, Slope, add_layers_gradient
from umrnn.construct.kernels.softmax import Room


def problem(length, features, neurons, outputs, dtype=np.float64):
    rng = np.random.default_rng(length + neurons)
    rows = rng.standard_normal((length, features)).astype(dtype)
    targets = rng.integers(0, outputs, length).astype(np.uint8)
    shapes = ((neurons, features), (neurons,), (outputs, neurons), (outputs,))
    return rows, targets, [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def scratch(block, features, neurons, outputs, dtype):
    logits, along, top, total, chosen = (np.empty(n * block, dtype) for n in (outputs, 0, 1, 1, 1))
    room = Room(logits, along, top, total, chosen, np.empty((outputs, neurons), dtype), np.empty(outputs, dtype))
    hidden = Hidden(*(np.empty(shape, dtype) for shape in ((block, neurons), (block, neurons), (neurons, features))))
    return room, hidden


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block", [1, 3, 7])
@pytest.mark.parametrize(("length", "features", "neurons", "outputs"), [(1, 1, 1, 2), (7, 3, 4, 5), (5, 2, 6, 3)])
def test_gradient__is_the_definition(length, features, neurons, outputs, block, dtype):
    rows, targets, (W_1, b_1, W_y, b_y) = problem(length, features, neurons, outputs, dtype)
    room, hidden = scratch(block, features, neurons, outputs, dtype)
    slope = Slope(*(np.zeros(a.shape) for a in (W_1, b_1, W_y, b_y)))
    layers = (np.ascontiguousarray(W_1.T), b_1, W_y, b_y)
    loss = add_layers_gradient(rows, targets, layers, room, hidden, slope)
    wide = [a.astype(np.float64) for a in (rows, W_1, b_1, W_y, b_y)]
    expected, by = naive.loss_and_gradient(wide[0], targets, *wide[1:])
    bound = 2e-5 if dtype == np.float32 else 1e-13
    assert loss == pytest.approx(expected, rel=bound)
    for name, found in slope._asdict().items():
        np.testing.assert_allclose(found, by[name], atol=bound * 10)


def test_definition__is_the_derivative_of_the_loss():
    rows, targets, layers = problem(6, 3, 4, 5)
    _, slope = naive.loss_and_gradient(rows, targets, *layers)
    for i, name in enumerate(("W_1", "b_1", "W_y", "b_y")):
        place, ends = (0,) * layers[i].ndim, []
        for step in (1e-6, -1e-6):
            moved = [a.copy() for a in layers]
            moved[i][place] += step
            ends.append(naive.loss_and_gradient(rows, targets, *moved)[0])
        assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(slope[name][place], abs=1e-7)
