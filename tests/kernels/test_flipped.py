"""Runs with one byte replaced equal the definition on tiny networks."""

import numpy as np
import pytest

from tests.kernels.test_network_forward import DTYPES, TOLERANCE, data_of, layout
from tests.naive import flipped, network
from umrnn.interpret.kernels.flipped import Effects, Window, predictions, run_flipped
from umrnn.rnn.kernels.forward import run_states
from umrnn.rnn.kernels.records import allocate

ALPHABET, HIDDEN, LENGTH = 5, 3, 9


class Tiny:
    """A window over all positions of nine bytes that predict, and room for effects."""

    def __init__(self, dtype=np.float64, *, asked=None, block=4, scale=1.2, recurrent=1.0):
        self.weights = network.random_weights(ALPHABET, HIDDEN, scale=scale, dtype=dtype)
        self.weights["W_h"] *= dtype(recurrent)
        self.wide = {name: array.astype(np.float64) for name, array in self.weights.items()}
        self.data, self.kernel = data_of(ALPHABET, LENGTH), layout(self.weights)
        self.other = ((self.data + 1) % ALPHABET).astype(np.uint8)
        transposed = np.ascontiguousarray(self.weights["W_h"].T)
        z, h = np.empty((LENGTH - 1, HIDDEN), dtype), np.zeros((LENGTH, HIDDEN), dtype)
        run_states(self.data[:-1], self.kernel, transposed, z, h)
        self.work = allocate(ALPHABET, HIDDEN, block, dtype)._replace(W_h_transposed=transposed)
        self.window = Window(
            asked=np.ones(LENGTH - 1, np.uint8) if asked is None else np.array(asked, np.uint8),
            targets=self.data[1:],
            z=z,
            h=h[1:],
            q=np.empty((LENGTH - 1, HIDDEN), dtype),
            log_total=np.empty(LENGTH - 1),
            surprise=np.empty(LENGTH - 1),
        )
        predictions(self.kernel, self.work, self.window)

    def effects(self, places, lags, tolerance=0.0, other=None):
        other = self.other if other is None else other
        places = np.array(places, np.int64)
        out = Effects(
            np.zeros((len(places), lags), np.int64),
            np.zeros((len(places), lags)),
            np.zeros((len(places), lags)),
            np.zeros((lags, HIDDEN), np.int64),
        )
        dz = self.kernel.W_x[other[places]] - self.kernel.W_x[self.data[places]]
        run_flipped(dz, places, tolerance, self.window, self.kernel, self.work, out)
        return out


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("block", [1, 3, 16])
def test_predictions__are_the_softmax(dtype, block):
    tiny = Tiny(dtype, block=block)
    for t in range(LENGTH - 1):
        state = tiny.window.h[t].astype(np.float64)
        p = network.probabilities(tiny.wide, state)
        logits = tiny.wide["W_y"] @ state + tiny.wide["b_y"]
        bound = 20 * TOLERANCE[dtype]
        np.testing.assert_allclose(tiny.window.q[t], p @ tiny.wide["W_y"], rtol=0, atol=bound)
        assert tiny.window.log_total[t] == pytest.approx(np.log(np.exp(logits).sum()), abs=bound)
        assert tiny.window.surprise[t] == pytest.approx(-np.log(p[tiny.data[t + 1]]), abs=bound)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("places", "asked", "block"),
    [
        (range(8), [1] * 8, 4),
        ([0, 2, 7], [1] * 8, 1),
        ([1, 2, 3], [0, 0, 0, 1, 0, 1, 1, 0], 2),
    ],
)
def test_run_flipped__is_reading_again(dtype, places, asked, block):
    lags, tiny = 4, Tiny(dtype, asked=asked, block=block)
    found = tiny.effects(places, lags)
    neurons = np.zeros((lags, HIDDEN), np.int64)
    for run, place in enumerate(places):
        for lag in range(lags):
            cell = (found.sign_changes[run, lag], found.kl[run, lag] / np.log(2), found.rise[run, lag] / np.log(2))
            if place + lag >= LENGTH - 1 or not asked[place + lag]:
                assert cell == (0, 0, 0)
                continue
            expected = flipped.effect(tiny.wide, tiny.data, place, int(tiny.other[place]), place + lag)
            neurons[lag, expected.neurons] += 1
            assert cell[0] == len(expected.neurons)
            assert cell[1:] == pytest.approx(expected[1:], abs=100 * TOLERANCE[dtype])
    assert found.neurons.tolist() == neurons.tolist()
    assert neurons.sum() > 0


def test_run_flipped__of_the_same_byte_does_nothing():
    tiny = Tiny(np.float32)
    found = tiny.effects(range(8), 3, other=tiny.data)
    assert not any(np.any(array) for array in found)


def test_run_flipped__ends_where_the_states_meet():
    """Without recurrent weights a byte acts on its own state only, and the run is over exactly."""
    found = Tiny(np.float32, recurrent=0.0).effects([0, 3], 4)
    assert (found.kl[:, 0] > 0).all()
    assert not found.kl[:, 1:].any()
    assert not found.rise[:, 1:].any()
    assert not found.neurons[1:].any()


def test_run_flipped__counts_what_is_within_the_tolerance_as_nothing():
    """One run is within it from the start, the other goes on; the effects of that one are what they were."""
    tiny = Tiny()
    other = tiny.data.copy()
    first, second = 1, 4
    other[[first, second]] = [byte for byte in range(ALPHABET) if byte not in tiny.data[[first, second]]][:2]
    tiny.kernel.W_x[other[first]] = tiny.kernel.W_x[tiny.data[first]] + 1e-3
    free = tiny.effects([first, second], 3, other=other)
    bound = tiny.effects([first, second], 3, tolerance=0.01, other=other)
    assert (free.kl[0] > 0).all()
    assert not bound.kl[0].any()
    assert bound.kl[1].any()
    assert bound.kl[1].tolist() == pytest.approx(free.kl[1].tolist(), rel=1e-12)
