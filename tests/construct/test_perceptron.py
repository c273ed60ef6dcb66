"""A rectified layer under a softmax descends as defined, with one output for all bytes that never come."""

import numpy as np
import pytest

from tests.naive import perceptron as naive
from umrnn.construct.readout.perceptron import Layers, descend_layers, draw_layers
from umrnn.progress import Progress


@pytest.mark.parametrize("length", [1, 5, 70])
def test_descend__is_the_definition(length):
    rng = np.random.default_rng(length)
    rows, targets = rng.standard_normal((length, 3)), rng.integers(60, 65, length).astype(np.uint8)
    start = draw_layers(3, 4, rng)
    never = ~np.isin(np.arange(256), targets)
    start.W_y[never] = start.W_y[np.argmax(never)]  # what the shared output stands for
    rates = [0.5, 0.4, 0.3]
    found, bits = descend_layers(rows, targets, start, rates)
    expected, loss = naive.descended(rows, targets, [start.W_1, start.b_1, start.W_y, start.b_y], rates)
    assert bits == pytest.approx(loss, rel=1e-12)
    for name, array in zip(("W_1", "b_1", "W_y", "b_y"), expected):
        np.testing.assert_allclose(getattr(found, name), array, atol=1e-13, err_msg=name)


def test_descend__in_float32_and_told_step_by_step():
    class Recorder(Progress):
        losses: list[float] = []  # noqa: RUF012

        def advance(self, amount, **figures):
            self.losses.append(figures["bpc"])

    rng = np.random.default_rng(1)
    rows, targets = rng.standard_normal((40, 3)), rng.integers(0, 256, 40).astype(np.uint8)
    start, rates, recorder = draw_layers(3, 8, rng), [0.1] * 20, Recorder()
    exact, bits = descend_layers(rows, targets, start, rates)
    single, near = descend_layers(rows.astype(np.float32), targets, start, rates, progress=recorder)
    assert near == pytest.approx(bits, abs=1e-4)
    np.testing.assert_allclose(single.W_1, exact.W_1, atol=1e-4)
    assert len(recorder.losses) == 20
    assert recorder.losses == sorted(recorder.losses, reverse=True)


def test_draw__is_uniform_by_what_a_layer_reads():
    layers = draw_layers(100, 25, np.random.default_rng(0))
    assert isinstance(layers, Layers)
    assert (layers.b_1 == 0).all()
    assert 0.095 < abs(layers.W_1).max() < 0.1
    assert 0.19 < abs(layers.W_y).max() < 0.2
