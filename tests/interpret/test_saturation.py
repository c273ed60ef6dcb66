"""Sign flips, dwell and pairs: the published figures, planted behaviour, chance."""

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import network, neurons
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.saturation import saturation
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit


def test_saturation__published_figures(reference):
    found = saturation(rnn.load(reference / "sat-rnn-published.bin"), Corpus.siteinfo())
    assert {j: found.rows[j].flips for j in (20, 88, 36)} == {20: 667, 88: 653, 36: 633}
    head = found.headline()
    assert (head["max_flips_neuron"], head["min_flips"], head["mode_dwell"], head["volatile"]) == (20, 133, 1, 128)
    assert round(head["mean_flips_per_step"], 1) == 52.2
    assert round(head["below_half_share"], 3) == 0.314
    assert round(head["mean_abs_state"], 3) == 0.655
    assert round(head["mean_abs_preactivation"], 3) == 1.307
    assert head["mean_dwell"] == pytest.approx(2.434, abs=0.001)
    assert head["max_jaccard"] > head["null_max_jaccard"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saturation__is_the_definition(dtype):
    model, corpus = Elman(**network.random_weights(256, 6, dtype=dtype)), markov(5000)  # two blocks
    h, z = (run[:-1] for run in (rnn.trace(model, corpus).states(), rnn.trace(model, corpus).preactivations()))
    steps, found = neurons.flips(h), saturation(model, corpus, null=Null(0))
    for j, row in enumerate(found.rows):
        counts = neurons.dwell(steps[j], 100)
        assert (row.flips, row.mode_dwell) == (len(steps[j]), int(np.argmax(counts)))
        assert row.mean_dwell == pytest.approx(np.dot(range(100), counts) / sum(counts))
        assert row.mean_abs_state == pytest.approx(np.abs(h[:, j]).mean(dtype=np.float64))
        assert row.below_half_share == pytest.approx((np.abs(h[:, j]) < 0.5).mean())
        assert row.above_95_share == pytest.approx((np.abs(h[:, j]) > 0.95).mean())
        assert row.mean_abs_preactivation == pytest.approx(np.abs(z[:, j]).mean(dtype=np.float64))
    assert [pair.jaccard for pair in found.pairs] == sorted((p.jaccard for p in found.pairs), reverse=True)
    assert len(found.pairs) == 15
    for pair in found.pairs:
        a, b = set(steps[pair.neuron]), set(steps[pair.other])
        assert (pair.co_flips, pair.jaccard) == (len(a & b), len(a & b) / len(a | b))


def planted() -> tuple[Elman, Corpus]:
    """Neurons 0 and 1 follow the byte, 2 keeps still, 3 changes once, at the only c."""
    weights = {name: np.zeros_like(array) for name, array in Elman.zeros(4, np.float64).arrays().items()}
    weights["W_x"][:2, ord("a")], weights["W_x"][:2, ord("b")] = [2, -3], [-2, 3]
    weights["W_x"][:2, ord("c")] = [2, -3]
    weights["b_h"][2] = 1
    weights["W_x"][3, ord("c")], weights["W_h"][3, 3], weights["b_h"][3] = 9, 3, -0.5
    return Elman(**weights), Corpus.from_bytes(b"abba" * 20 + b"c" + b"abba" * 20)


def test_saturation__of_planted_behaviour():
    model, corpus = planted()
    found = saturation(model, corpus)
    assert [row.behaviour for row in found.rows] == ["volatile", "volatile", "frozen", "settled"]
    assert (found.rows[2].flips, found.rows[2].mean_dwell, found.rows[3].flips) == (0, None, 1)
    best = found.pairs[0]
    assert (best.neuron, best.other, best.jaccard) == (0, 1, 1.0)
    assert best.p_value == 0.05
    assert best.null_jaccard < 1
    assert best.independent_jaccard < 1
    assert found.pairs[-1].jaccard == 0  # with a neuron that never flips


def test_saturation__of_independent_neurons_is_chance():
    """Neurons driven by random weights of independent bytes, without memory: no pair may stand out by the p-value."""
    rng = np.random.default_rng(4)
    weights = {name: np.zeros_like(array) for name, array in Elman.zeros(8, np.float64).arrays().items()}
    weights["W_x"][:] = rng.choice([-1.0, 1.0], (8, 256))
    corpus = Corpus.from_bytes(rng.integers(0, 256, 3000).astype(np.uint8))
    found = saturation(Elman(**weights), corpus)
    assert abs(found.pairs[0].jaccard - found.null_max_jaccard) < 0.08
    assert abs(found.pairs[0].null_jaccard - found.pairs[0].independent_jaccard) < 0.03


def test_saturation__does_not_depend_on_threads():
    found = [saturation(rnn.shipped(), Corpus.siteinfo(), null=Null(3), work=Work(n)) for n in (1, 2, 5)]
    assert found[0].rows == found[1].rows == found[2].rows
    assert found[0].pairs == found[1].pairs == found[2].pairs


def test_saturation__of_two_bytes_has_one_state():
    found = saturation(Elman.zeros(1), Corpus.from_bytes(b"ab"))
    head = found.headline()
    assert (head["max_flips"], head["mean_dwell"], head["max_jaccard"]) == (0, None, None)
    assert np.isnan(head["mean_flips_per_step"])


@pytest.mark.parametrize(
    ("corpus", "top", "message"),
    [(b"x", 20, "a corpus of one byte has nothing to predict"), (b"xy", -1, "top must be at least 0, got -1")],
)
def test_saturation__bad_input(corpus, top, message):
    with pytest.raises(InputError, match=message):
        saturation(Elman.zeros(2), Corpus.from_bytes(corpus), top=top)


def test_saturation__of_more_draws_than_fit_says_how_many_do():
    with pytest.raises(InputError, match=r"permutations must be at most 16384 here, got 16385") as caught:
        saturation(rnn.shipped(), Corpus.siteinfo(), null=Null(16_385))
    assert caught.value.hint == "name --permutations 16384 or fewer"
