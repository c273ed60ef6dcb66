"""Gradients, clipping and both optimisers equal their definitions on tiny networks."""

import numpy as np
import pytest

from tests.naive import network as naive
from umrnn.rnn.kernels.backward import chunk_gradient
from umrnn.rnn.kernels.records import Adam, Moments, allocate, parameter_count, views
from umrnn.rnn.kernels.update import adam_chunks, gradient_norm, sgd_chunks

SIZES = [(2, 1), (5, 3), (6, 9)]


class Tiny:
    """Kernels' arrays for a network given as a dict."""

    def __init__(self, weights, bptt, kept=None):
        self.hidden, self.alphabet = weights["W_x"].shape
        dtype, count = weights["W_x"].dtype, parameter_count(self.alphabet, self.hidden)
        self.flat = tuple(np.zeros(size, dtype) for size in (count, count, count if kept else 0))
        self.weights, self.gradient = (views(flat, self.alphabet, self.hidden) for flat in self.flat[:2])
        if kept:
            mask = views(self.flat[2], self.alphabet, self.hidden)
            for name, array in kept.items():
                getattr(mask, name)[...] = array.T if name == "W_x" else array
        for name, array in weights.items():
            getattr(self.weights, name)[...] = array.T if name == "W_x" else array
        self.work = allocate(self.alphabet, self.hidden, bptt, dtype)
        self.moments = Moments(np.zeros(count, dtype), np.zeros(count, dtype))

    def as_dict(self, parameters):
        return {
            name: getattr(parameters, name).T if name == "W_x" else getattr(parameters, name) for name in naive.NAMES
        }


def data_of(alphabet, length, seed=3):
    return np.random.default_rng(seed).integers(0, alphabet, length).astype(np.uint8)


def assert_close(found, expected, tolerance):
    for name in naive.NAMES:
        np.testing.assert_allclose(found[name], expected[name], rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-5), (np.float64, 1e-13)])
@pytest.mark.parametrize(("alphabet", "hidden"), SIZES)
def test_chunk_gradient__is_back_propagation(alphabet, hidden, dtype, tolerance):
    weights, data = naive.random_weights(alphabet, hidden, dtype=dtype), data_of(alphabet, 8)
    tiny, before = Tiny(weights, 10), np.linspace(-0.5, 0.5, hidden).astype(dtype)
    tiny.work.h[0] = before
    nats = chunk_gradient(data, tiny.weights, tiny.gradient, tiny.work)
    wide = {name: array.astype(np.float64) for name, array in weights.items()}
    assert nats == pytest.approx(naive.loss(wide, data, before), rel=tolerance)
    expected = naive.gradient(wide, data, before)
    assert_close(tiny.as_dict(tiny.gradient), expected, tolerance)
    assert gradient_norm(tiny.flat[1], tiny.gradient, tiny.work.touched) == pytest.approx(
        naive.norm(expected), rel=tolerance
    )
    assert np.flatnonzero(tiny.work.touched).tolist() == sorted(set(data[:-1].tolist()))


def test_chunk_gradient__leaves_out_what_another_chunk_touched():
    """Rows of W_x of bytes not in this chunk may hold old values: neither norm nor step may see them."""
    weights = naive.random_weights(5, 3)
    tiny = Tiny(weights, 4)
    tiny.gradient.W_x[:] = 7.0
    data = np.array([1, 2, 1, 3], np.uint8)
    chunk_gradient(data, tiny.weights, tiny.gradient, tiny.work)
    expected = naive.gradient(weights, data, np.zeros(3))
    assert gradient_norm(tiny.flat[1], tiny.gradient, tiny.work.touched) == pytest.approx(
        naive.norm(expected), rel=1e-13
    )


def test_chunk_gradient__equals_central_differences():
    weights, data, before = naive.random_weights(5, 3), data_of(5, 8), np.array([0.3, -0.2, 0.9])
    tiny, step = Tiny(weights, 8), 1e-5
    tiny.work.h[0] = before
    chunk_gradient(data, tiny.weights, tiny.gradient, tiny.work)
    found = tiny.as_dict(tiny.gradient)
    for name in naive.NAMES:
        numeric = np.empty_like(weights[name])
        for index in np.ndindex(weights[name].shape):
            losses = []
            for sign in (1, -1):
                moved = {key: array.copy() for key, array in weights.items()}
                moved[name][index] += sign * step
                losses.append(naive.loss(moved, data, before))
            numeric[index] = (losses[0] - losses[1]) / (2 * step)
        np.testing.assert_allclose(found[name], numeric, rtol=1e-6, atol=1e-8, err_msg=name)


def test_loss__has_a_floor_of_probability():
    weights = naive.random_weights(3, 2, scale=0.0)
    weights["b_y"] = np.array([0.0, 1000.0, 0.0])
    tiny = Tiny(weights, 4)
    assert chunk_gradient(np.array([1, 0], np.uint8), tiny.weights, tiny.gradient, tiny.work) == -np.log(1e-8)


@pytest.mark.parametrize("bptt", [1, 4, 11, 20])
@pytest.mark.parametrize("clip", [0.5, 1e6])
@pytest.mark.parametrize(("alphabet", "hidden"), SIZES)
def test_sgd__is_its_definition(alphabet, hidden, clip, bptt):
    weights, data = naive.random_weights(alphabet, hidden), data_of(alphabet, 12)
    tiny = Tiny(weights, bptt)
    nats, norms = sgd_chunks(data, bptt, tiny.flat, tiny.weights, tiny.gradient, tiny.work, (0.1, clip))
    expected, losses, sizes = naive.sgd(weights, data, bptt, 0.1, clip)
    assert_close(tiny.as_dict(tiny.weights), expected, 1e-11)
    assert (nats, norms) == (pytest.approx(sum(losses), rel=1e-11), pytest.approx(sum(sizes), rel=1e-11))


@pytest.mark.parametrize("bptt", [4, 20])
def test_adam__is_its_definition(bptt):
    weights, data, rate, clip = naive.random_weights(5, 3), data_of(5, 12), 0.01, 0.5
    tiny, updates = Tiny(weights, bptt), 0
    for _ in range(2):
        tiny.work.h[0] = 0
        settings = Adam(rate, clip, updates, 0.9, 0.999, 1e-8)
        adam_chunks(data, bptt, tiny.flat, tiny.weights, tiny.gradient, tiny.work, tiny.moments, settings)
        updates += len(naive.chunks(data, bptt))
    assert_close(tiny.as_dict(tiny.weights), naive.adam(weights, data, bptt, rate, clip, 2), 1e-9)


def half_of(weights, seed=8):
    """Which weights are trained, about half of each array; and the weights with the others 0."""
    rng = np.random.default_rng(seed)
    kept = {name: rng.integers(0, 2, array.shape) for name, array in weights.items()}
    return kept, {name: kept[name] * array for name, array in weights.items()}


@pytest.mark.parametrize("clip", [0.5, 1e6])
def test_sgd__trains_only_what_is_kept(clip):
    kept, weights = half_of(naive.random_weights(5, 3))
    data, tiny = data_of(5, 12), Tiny(weights, 4, kept)
    nats, norms = sgd_chunks(data, 4, tiny.flat, tiny.weights, tiny.gradient, tiny.work, (0.1, clip))
    expected, losses, sizes = naive.sgd(weights, data, 4, 0.1, clip, kept)
    found = tiny.as_dict(tiny.weights)
    assert_close(found, expected, 1e-11)
    assert (nats, norms) == (pytest.approx(sum(losses), rel=1e-11), pytest.approx(sum(sizes), rel=1e-11))
    assert all((found[name][kept[name] == 0] == 0).all() for name in naive.NAMES)


def test_adam__trains_only_what_is_kept():
    kept, weights = half_of(naive.random_weights(5, 3))
    data, tiny = data_of(5, 12), Tiny(weights, 4, kept)
    settings = Adam(0.01, 0.5, 0, 0.9, 0.999, 1e-8)
    adam_chunks(data, 4, tiny.flat, tiny.weights, tiny.gradient, tiny.work, tiny.moments, settings)
    found = tiny.as_dict(tiny.weights)
    assert_close(found, naive.adam(weights, data, 4, 0.01, 0.5, 1, kept), 1e-9)
    assert all((found[name][kept[name] == 0] == 0).all() for name in naive.NAMES)


def test_chunks__in_two_calls_are_the_same_bits():
    """The state passes through work.h[0], so a call may end at any chunk."""
    weights, data = naive.random_weights(6, 9), data_of(6, 30)
    whole, parts = Tiny(weights, 7), Tiny(weights, 7)
    sgd_chunks(data, 7, whole.flat, whole.weights, whole.gradient, whole.work, (0.1, 1.0))
    for piece in (data[:15], data[14:]):
        sgd_chunks(piece, 7, parts.flat, parts.weights, parts.gradient, parts.work, (0.1, 1.0))
    assert np.array_equal(whole.flat[0], parts.flat[0])
    assert np.array_equal(whole.work.h[0], parts.work.h[0])
