"""Knock-outs: the published figures, a network whose answer is known, the same figures for any threads."""

from dataclasses import astuple, replace

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import network, neurons
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.knockout import knockout
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit
PUBLISHED = {8: 0.0348, 56: 0.0250, 68: 0.0245, 99: 0.0198, 15: 0.0196}
PUBLISHED |= {52: 0.0175, 76: 0.0172, 90: 0.0154, 73: 0.0149, 50: 0.0127}
KEPT = {1: 5.93, 6: 3.57, 15: 1.89, 20: 1.41, 30: 0.71, 50: 0.28, 128: 0.079}


def model_of(hidden, dtype=np.float64, scale=0.5):
    return Elman(**network.random_weights(256, hidden, scale=scale, dtype=dtype))


def test_knockout__published_figures(reference):
    found = knockout(rnn.load(reference / "sat-rnn-published.bin"), Corpus.siteinfo())
    ranked = sorted(found.rows, key=lambda row: row.cost_rank)[:10]
    assert [(row.neuron, round(row.delta_bpc, 4)) for row in ranked] == list(PUBLISHED.items())
    head = found.headline()
    assert (head["top_neuron"], head["neurons_that_hurt"]) == (8, 9)
    assert head["max_sign_snap_delta_bpc"] < 0.008
    kept = {row.neurons: row for row in found.curve}
    for count, bpc in KEPT.items():
        assert kept[count].keep_top_bpc == pytest.approx(bpc, abs=0.005)
    assert kept[10].keep_top_bpc == pytest.approx(2.845, abs=0.001)  # published as 2.85
    assert round(kept[10].remove_top_bpc, 2) == 0.93
    assert [round(kept[k].keep_top_gap_percent) for k in (1, 6, 10, 15, 20, 30, 50)] == [26, 56, 65, 77, 83, 92, 97]
    assert kept[20].keep_random_bpc > 2 * kept[20].keep_top_bpc


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_knockout__is_the_definition(dtype):
    model, corpus = model_of(3, dtype), markov(30)
    wide = {name: array.astype(np.float64) for name, array in model.arrays().items()}
    _, h = network.run(wide, corpus.data[:-1], np.zeros(3))
    base = network.bits(wide, corpus.data, np.zeros(3))
    sums = neurons.knocked_out_bits(wide, h, corpus.data[1:], h.mean(axis=0))
    first = neurons.knocked_out_bits(wide, h[:14], corpus.data[1:15], h.mean(axis=0))[0]
    found = knockout(model, corpus)
    expected = [
        (sums[0] - base.sum()) / 29,
        (first - base[:14].sum()) / 14,
        (sums[0] - first - base[14:].sum()) / 15,
        (sums[1] - base.sum()) / 29,
        (sums[2] - base.sum()) / 29,
        np.abs(h).mean(axis=0),
        np.linalg.norm(wide["W_y"], axis=0),
    ]
    tolerance = {np.float32: 1e-5, np.float64: 1e-12}[dtype]
    np.testing.assert_allclose([astuple(row)[2:] for row in found.rows], np.transpose(expected), atol=tolerance)


def test_knockout__finds_the_planted_neuron():
    """Neuron 2 says which of two bytes was read, and only the read-out of neuron 2 is used; neuron 0 is constant."""
    model = Elman.zeros(3, np.float64)
    W_x, W_y, b_h, b_y = (np.array(a) for a in (model.W_x, model.W_y, model.b_h, model.b_y))
    W_x[2, ord("a")], W_x[2, ord("b")] = 3, -3
    b_h[0] = 5
    W_y[ord("b"), 2], W_y[ord("a"), 2] = 4, -4
    W_y[ord("a"), 0] = 1e-3
    b_y[[ord("a"), ord("b")]] = 20
    found = knockout(replace(model, W_x=W_x, W_y=W_y, b_h=b_h, b_y=b_y), Corpus.from_bytes(b"ab" * 200))
    assert found.headline()["top_neuron"] == 2
    assert found.rows[2].delta_bpc == pytest.approx(1, abs=0.01)  # a coin's worth
    assert found.rows[1].delta_bpc == pytest.approx(0, abs=1e-12)
    assert abs(found.rows[0].mean_ablation_delta_bpc) < 1e-12  # a neuron that never moves
    assert [row.keep_top_bpc for row in found.curve][:2] == pytest.approx([1, 0], abs=0.01)


def test_knockout__does_not_depend_on_threads():
    found = [knockout(rnn.shipped(), Corpus.siteinfo(), null=Null(2), work=Work(n)) for n in (1, 2, 5)]
    assert found[0].rows == found[1].rows == found[2].rows
    assert found[0].curve == found[1].curve == found[2].curve


def test_knockout__of_a_long_corpus_is_the_mean_over_blocks():
    """More than one block of the run: 5,000 bytes, with the middle inside a block."""
    model, corpus = model_of(4), markov(5000)
    found = knockout(model, corpus, null=Null(0))
    states = rnn.trace(model, corpus).states()[:-1].copy()
    W_y = np.array(model.W_y)
    W_y[:, 1] = 0
    assert found.rows[1].delta_bpc == pytest.approx(
        rnn.bits_per_byte(replace(model, W_y=W_y), corpus) - found.bpc, abs=1e-12
    )
    assert found.rows[1].mean_abs_state == pytest.approx(np.abs(states[:, 1]).mean(), abs=1e-12)
    halves = found.rows[1].first_half_delta_bpc * 2499 + found.rows[1].second_half_delta_bpc * 2500
    assert halves / 4999 == pytest.approx(found.rows[1].delta_bpc, abs=1e-12)


@pytest.mark.parametrize("hidden", [1, 300])
def test_knockout__any_size(hidden):
    found = knockout(model_of(hidden, np.float32, 0.1), Corpus.from_bytes(b"ab"), null=Null(1))
    assert len(found.rows) == hidden
    assert found.curve[-1].neurons == hidden
    assert found.curve[0].keep_top_bpc == pytest.approx(found.curve[-1].remove_top_bpc)
    assert np.isnan(found.headline()["top_held_out_delta_bpc"])  # one target: no first half chose a neuron


def test_knockout__without_a_null_has_no_random_curve():
    found = knockout(model_of(2), markov(20), null=Null(0))
    assert {row.keep_random_bpc for row in found.curve} == {None}


def test_knockout__of_one_byte():
    with pytest.raises(InputError, match="a corpus of one byte has nothing to predict"):
        knockout(model_of(2), Corpus.from_bytes(b"x"))
