"""Gradients followed back: the published figures, differences, autograd, a planted network, any threads."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import gradient as naive
from tests.naive import network
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.backward.follow import Follower, Stretch, stretches
from umrnn.interpret.gradient import gradient
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.blas import one_thread
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit


def model_of(hidden, dtype=np.float64, scale=0.5):
    return Elman(**network.random_weights(256, hidden, scale=scale, dtype=dtype))


def followed(model, corpus, depth):
    follower = Follower(model, depth)
    with one_thread():
        return [follower.follow(one) for found in stretches(model, corpus, depth) for one in found]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient__published_figures(reference, dtype):
    found = gradient(rnn.load(reference / "sat-rnn-published.bin").astype(dtype), Corpus.siteinfo())
    shares = {count: round(found.energy[count][0], 3) for count in (1, 5, 10, 20)}
    assert shares == {1: 0.194, 5: 0.508, 10: 0.679, 20: 0.835}
    assert [round(row.growth, 2) for row in found.lags[1:7]] == [1.38, 1.49, 1.62, 1.75, 1.93, 2.06]
    assert [round(found.lags[k].growth, 2) for k in (20, 25)] == [3.96, 3.11]
    head = found.headline()
    assert (round(head["top10_energy"], 3), round(head["growth_k8"], 3)) == (0.679, 2.378)
    published = {1: 0.041, 2: 0.056, 3: 0.053, 4: 0.070, 5: 0.081, 6: 0.081, 9: 0.099, 12: 0.109}
    assert {k: round(found.lags[k].mean_attribution, 3) for k in published} == published
    assert head["dominant_neurons"] == [68, 99, 8, 52, 15]
    assert head["gated_attribution_k1"] < head["mean_attribution_k1"]
    assert 0.3 < head["null_top10_energy"] < 0.4


@pytest.mark.parametrize("hidden", [1, 5])
def test_gradient__is_the_definition(hidden):
    model, corpus, depth = model_of(hidden), markov(40), 7
    weights = model.arrays()
    _, h = network.run(weights, corpus.data, np.zeros(hidden))
    expected = [naive.figures(weights, corpus.data, h, t, depth) for t in range(39)]
    found = gradient(model, corpus, depth=depth, null=Null(0))
    norms = [np.sqrt([row[k][0] for row in expected[k:]]) for k in range(depth + 1)]
    for k, row in enumerate(found.lags):
        assert row.positions == 39 - k
        assert row.growth == pytest.approx(norms[k].mean() / norms[0].mean())
        assert row.growth_same_positions == pytest.approx(norms[k].mean() / norms[0][k:].mean())
        assert row.mean_attribution == pytest.approx(np.mean([abs(r[k][1]) for r in expected[k:]]))
        assert row.gated_attribution == pytest.approx(np.mean([abs(r[k][2]) for r in expected[k:]]))
        assert row.null_growth is None
    g = np.array([naive.prediction(weights, h[t], int(corpus.data[t + 1])) for t in range(39)])
    squares = np.sort(g**2, axis=1)[:, ::-1]
    assert found.energy[1][0] == pytest.approx(np.mean(squares[:, 0] / squares.sum(axis=1)))
    by_neuron = {row.neuron: row for row in found.neurons}
    for j in range(hidden):
        assert by_neuron[j].mean_abs_gradient == pytest.approx(np.abs(g[:, j]).mean())
        assert by_neuron[j].energy_share == pytest.approx(np.mean(g[:, j] ** 2 / (g**2).sum(axis=1)))
        assert by_neuron[j].times_largest == (np.abs(g).argmax(axis=1) == j).sum()


def test_gradient__is_that_of_differences():
    """Moving one past state, and all that follows from it, in a network of real size."""
    model, corpus, t = rnn.shipped().astype(np.float64), Corpus.siteinfo().slice(0, 80), 60
    weights = model.arrays()
    _, h = network.run(weights, corpus.data[: t + 1], np.zeros(128))
    target, rng, step = int(corpus.data[t + 1]), np.random.default_rng(0), 1e-5
    for k in (0, 1, 5, 20):
        g = naive.followed(weights, h, t, target, k)[-1]
        direction = rng.standard_normal(128) / np.sqrt(128)
        columns = weights["W_x"][:, corpus.data[t - k + 1 : t + 1]].T
        ends = [naive.surprise(weights, columns, h[t - k] + s * step * direction, target) for s in (1, -1)]
        assert g @ direction == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=1e-8)
        [found] = followed(model, corpus, k)
        assert found.norms[k, t] == pytest.approx(np.linalg.norm(g), rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient__is_that_of_autograd(dtype):
    torch = pytest.importorskip("torch")
    model, corpus, depth = rnn.shipped().astype(dtype), Corpus.siteinfo().slice(100, 200), 30
    [found] = followed(model, corpus, depth)
    W_x, W_h, b_h, W_y, b_y = (torch.tensor(array.copy()) for array in model.arrays().values())
    inputs = W_x[:, torch.tensor(corpus.data[:-1].astype(np.int64))].T.clone().requires_grad_()
    states, state = [], torch.zeros(128, dtype=W_h.dtype)
    for row in inputs:
        state = torch.tanh(row + W_h @ state + b_h)
        states.append(state)
    rows, tolerance = inputs.detach(), 1e-2 if dtype == np.float32 else 1e-9
    for t in (0, 7, 50, 98) if dtype == np.float64 else (0, 3, 12):  # runs in float32 part within 50 steps
        surprise = torch.log_softmax(W_y @ states[t] + b_y, 0)[int(corpus.data[t + 1])]
        lags = range(min(t, depth) + 1)
        by_input, *by_states = torch.autograd.grad(
            surprise, [inputs, *(states[t - k] for k in lags)], retain_graph=True
        )
        norms = [float(torch.linalg.norm(g)) for g in by_states]
        np.testing.assert_allclose(found.norms[: len(norms), t], norms, rtol=tolerance, atol=tolerance * max(norms))
        gated = [float(by_input[t - k] @ rows[t - k]) for k in lags]
        np.testing.assert_allclose(
            found.gated[: len(gated), t], gated, rtol=tolerance, atol=tolerance * np.abs(gated).max()
        )
        plain = [float(g @ rows[t - k]) for k, g in enumerate(by_states)]
        np.testing.assert_allclose(
            found.attributions[: len(plain), t], plain, rtol=tolerance, atol=tolerance * np.abs(plain).max()
        )


def test_gradient__of_a_planted_network():
    """Neuron 1 copies neuron 0, and both have a slope of 1 at 0: all of g moves from 1 to 0, then is gone."""
    model = Elman.zeros(2, np.float64)
    W_h, W_y = np.array(model.W_h), np.array(model.W_y)
    W_h[1, 0], W_y[ord("a"), 1] = 3, 1
    found = gradient(replace(model, W_h=W_h, W_y=W_y), Corpus.from_bytes(b"a" * 9), depth=3)
    assert [row.growth for row in found.lags] == [1, 3, 0, 0]
    assert found.energy[1][0] == 1
    assert found.headline()["dominant_neurons"] == [1, 0]


@pytest.mark.parametrize("hidden", [1, 3])
@pytest.mark.parametrize("length", [4097, 4500])
def test_gradient__looks_over_the_ends_of_blocks(hidden, length):
    model, corpus = model_of(hidden), markov(length)
    found = followed(model, corpus, 40)
    assert [one.stretch.start for one in found] == list(range(0, length - 1, 256))
    norms = np.concatenate([one.norms for one in found], axis=1)
    h = rnn.trace(model, corpus).states()
    whole = Stretch(0, corpus.data[1:], corpus.data[:-1], h[:-1])
    with one_thread():
        expected = Follower(model, 40).follow(whole)
    np.testing.assert_allclose(norms, expected.norms, rtol=1e-12)
    assert (norms[40, :40] == 0).all()
    assert (norms[40, 40:] > 0).any()


def test_gradient__does_not_depend_on_threads():
    found = [gradient(rnn.shipped(), Corpus.siteinfo(), depth=12, null=Null(2), work=Work(n)) for n in (1, 2, 5)]
    assert found[0].lags == found[1].lags == found[2].lags
    assert found[0].neurons == found[1].neurons == found[2].neurons


def test_gradient__null_of_a_constant_corpus_is_itself():
    found = gradient(model_of(4), Corpus.from_bytes(b"a" * 50), depth=3)
    for row in found.lags:
        assert row.null_attribution == pytest.approx(row.mean_attribution)


def test_gradient__of_a_network_without_a_read_out_has_no_shares():
    found = gradient(Elman.zeros(3), Corpus.from_bytes(b"abcdefghijkl"))
    assert len(found.lags) == 11
    assert all(math.isnan(value) for value in (found.energy[3][0], found.lags[1].growth, found.neurons[0].energy_share))
    assert found.lags[1].mean_attribution == 0


def test_gradient__of_the_shortest_corpus():
    found = gradient(model_of(3), Corpus.from_bytes(b"ab"))
    assert [row.lag for row in found.lags] == [0]
    assert found.headline()["growth_k8"] is None


@pytest.mark.parametrize(
    ("content", "depth", "message"),
    [
        (b"x", None, "a corpus of one byte has nothing to predict"),
        (b"abc", 2, "depth must be at most 1 in a corpus of 3 bytes, got 2"),
        (b"abc", -1, "depth must be at least 0, got -1"),
    ],
)
def test_gradient__bad_input(content, depth, message):
    with pytest.raises(InputError, match=message):
        gradient(model_of(2), Corpus.from_bytes(content), depth=depth)
