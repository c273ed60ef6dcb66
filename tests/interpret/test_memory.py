"""Memory depth: the definitions, planted memories, chance, the limits of precision, bad input."""

import math

import numpy as np
import pytest

from tests.corpora import independent, markov
from tests.naive import memory as naive
from tests.naive import network
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.contexts.batches import Contexts, divergence, other_seen
from umrnn.interpret.contexts.spread import group_spread
from umrnn.interpret.memory import memory
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.score import bits_per_byte
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit
TEXT = Corpus.siteinfo()
LETTERS = np.random.default_rng(1).choice(np.frombuffer(b"abcd", np.uint8), 1500)


def delay(steps: int) -> Elman:
    """A shift register: what a, b, c or d sets goes from neuron to neuron and is predicted at the end."""
    arrays = {name: np.zeros_like(array) for name, array in Elman.zeros(steps, np.float64).arrays().items()}
    arrays["W_x"][0, [97, 98, 99, 100]] = [2, 0.5, -0.5, -2]
    arrays["W_h"] += np.diag(np.full(steps - 1, 2.0), -1)
    arrays["W_y"][97, -1], arrays["W_y"][99, -1] = 4, -4
    return Elman(**arrays)


def test_memory__methods_are_their_definitions():
    model, corpus = Elman(**network.random_weights(256, 4)), markov(120)
    found = memory(model, corpus, depth=7, null=Null(0))
    contexts = [corpus.data[t - 50 : t] for t in range(50, 120)]
    assert found.provenance["parameters"]["context"] == 50
    for k in (1, 3, 7):
        row = found.offsets[k - 1]
        kl, distance = naive.unseen_change(model.arrays(), contexts, k)
        assert (row.unseen_kl_bits, row.unseen_l2) == (pytest.approx(kl), pytest.approx(distance))
        assert row.group_variance == pytest.approx(naive.group_variance(model.arrays(), contexts, k))
        assert row.positions == 70
        assert math.isnan(row.p_value)
    head = found.headline()
    values = [row.group_variance for row in found.offsets]
    below = [k for k, value in enumerate(values, 1) if value < max(values) / math.e]
    assert head["depth_method_2"] == (below[0] if below else None)
    assert head["mean_surprisal_bits"] == pytest.approx(bits_per_byte(model, corpus))
    assert head["predicted_depth_float16"] == pytest.approx(11 / bits_per_byte(model, corpus))


def test_memory__draws_contexts_of_a_long_corpus_for_each_offset():
    model, corpus = Elman(**network.random_weights(256, 3)), markov(400)
    found = memory(model, corpus, depth=2, positions=60, null=Null(0))
    for k in (1, 2):
        chosen = np.sort(np.random.default_rng(42 + k).choice(350, 60, replace=False))
        contexts = [corpus.data[t : t + 50] for t in chosen]
        assert found.offsets[k - 1].group_variance == pytest.approx(naive.group_variance(model.arrays(), contexts, k))
        assert found.offsets[k - 1].positions == 60


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_memory__of_a_delay_line_is_its_length(steps):
    found = memory(delay(steps), Corpus.from_bytes(LETTERS), depth=8)
    head = found.headline()
    assert head["depth_corrected"] == steps
    assert head["depth_conditional"] == (steps if steps > 1 else 0)
    values = [row.kl_bits for row in found.offsets]
    assert int(np.argmax(values)) + 1 == steps
    assert values[steps - 1] > 0.1
    assert max(values[steps:]) == 0  # what has left the register is gone
    spread = [row.excess_variance for row in found.offsets]
    assert int(np.argmax(spread)) + 1 == steps
    for limit in found.limits:
        assert limit.measured_depth == steps
        assert not limit.at_horizon


def test_memory__of_no_recurrence_is_one():
    model = Elman(**network.random_weights(256, 3) | {"W_h": np.zeros((3, 3))})
    found = memory(model, Corpus.from_bytes(LETTERS), depth=5)
    assert found.headline()["depth_corrected"] == 1
    assert found.headline()["depth_method_1"] == found.headline()["depth_method_2"] == 2
    assert [limit.measured_depth for limit in found.limits] == [1, 1, 1]


def test_memory__of_a_fading_trace_ends_where_the_bits_do():
    """Linear regime: h is halved at each step, so p bits of state are gone some p steps on, whatever the surprisal."""
    arrays = {name: np.zeros_like(array) for name, array in Elman.zeros(1, np.float64).arrays().items()}
    arrays["W_x"][0, [97, 98, 99, 100]], arrays["W_h"][0, 0] = [0.01, 0.02, 0.03, 0.04], 0.5
    found = memory(Elman(**arrays), Corpus.from_bytes(LETTERS), depth=1)
    depth = {limit.precision: limit.measured_depth for limit in found.limits}
    assert depth["float16"] == pytest.approx(11, abs=3)
    assert depth["float32"] == pytest.approx(24, abs=3)
    assert depth["float64"] == pytest.approx(53, abs=3)
    assert found.limits[0].predicted_depth == pytest.approx(53 / 8)
    for limit in found.limits:
        assert limit.spent_bits_per_byte == pytest.approx(1, abs=0.4)
        assert limit.energy_kt == pytest.approx(limit.mantissa_bits * math.log(2))


def test_memory__of_a_latch_reaches_the_horizon():
    """Neuron 0 is set by an a and stays set; no rounding moves it from either of its two resting places."""
    arrays = {name: np.zeros_like(array) for name, array in Elman.zeros(1, np.float64).arrays().items()}
    arrays["W_x"][0, 97], arrays["W_h"][0, 0], arrays["b_h"][0] = 9, 3, -0.5
    found = memory(Elman(**arrays), Corpus.from_bytes(b"a" + b"c" * 300), depth=2, horizon=100)
    assert found.horizon == 100
    assert [(limit.at_horizon, limit.measured_depth) for limit in found.limits] == [(True, 100)] * 3


def test_memory__of_chance_finds_nothing():
    """Predictions that follow a hidden coin, not the bytes: method 2 reports a spread, the corrected one no depth."""
    rng = np.random.default_rng(3)
    p, label = rng.dirichlet(np.ones(4), 800), rng.integers(0, 40, 800).astype(np.uint8)
    found = [group_spread(p, np.roll(label, i), np.zeros_like(label), Null(199), i) for i in range(40)]
    assert all(one.variance > 0.5 * one.null_variance > 0 for one in found)
    assert 0.2 < np.mean([one.p_value for one in found]) < 0.8
    assert min(one.p_value for one in found) >= 1 / 200


def test_group_spread__leaves_out_small_groups_and_lonely_ones():
    rng = np.random.default_rng(4)
    p = rng.random((30, 3))
    label = np.repeat(np.array([1, 2, 3, 4], np.uint8), [10, 4, 6, 10])
    stratum = np.repeat(np.array([7, 9], np.uint8), [20, 10])
    found = group_spread(p, label, stratum, Null(0))
    kept = [*range(10), *range(14, 20)]
    assert found.groups == 2
    assert found.variance == pytest.approx(naive.spread(p[kept], label[kept], stratum[kept]))
    assert group_spread(p, label, np.arange(30).astype(np.uint8), Null(9)).groups == 0


def test_group_spread__shuffles_within_strata():
    """All of the difference is between strata: within them labels tell nothing."""
    stratum = np.repeat(np.array([0, 1], np.uint8), 200)
    p = stratum[:, np.newaxis] + 0.01 * np.random.default_rng(5).standard_normal((400, 2))
    label = np.tile(np.array([1, 2], np.uint8), 200)
    label[:150] = 1
    whole = group_spread(p, label, np.zeros_like(stratum), Null(199))
    within = group_spread(p, label, stratum, Null(199))
    assert whole.p_value == 1 / 200
    assert within.p_value > 0.05
    assert within.variance < 1e-3 < whole.variance


def test_memory__published_checkpoint(reference):
    found = memory(rnn.load(reference / "sat-rnn-published.bin"), TEXT)
    head = found.headline()
    assert head["predicted_depth_float32"] == pytest.approx(24 / 0.0792, rel=1e-3)
    assert head["measured_depth_float16"] < head["measured_depth_float32"] < head["measured_depth_float64"]
    assert head["measured_depth_float32"] < head["predicted_depth_float32"]
    assert head["depth_corrected"] == head["depth_conditional"] == 30
    assert head["depth_method_1"] == 1
    assert found.offsets[29].kl_bits > found.offsets[0].kl_bits
    assert all(row.group_variance > row.null_group_variance for row in found.offsets)


def test_contexts__are_runs_from_zero():
    model, rows = Elman(**network.random_weights(256, 5)), independent(60).data.reshape(6, 10)
    contexts = Contexts(model)
    h, before = contexts.run(rows, (3,), np.array([1, 4]))
    for i in range(6):
        np.testing.assert_allclose(h[i], network.run(model.arrays(), rows[i], np.zeros(5))[1][-1], rtol=1e-12)
        p = naive.predicted(model.arrays(), rows[i])
        np.testing.assert_allclose(contexts.predictions(h)[i], p, rtol=1e-10)
    np.testing.assert_allclose(before[3][1], network.run(model.arrays(), rows[4, :7], np.zeros(5))[1][-1], rtol=1e-12)


def test_divergence__is_the_definition_and_zero_only_for_equals():
    p, q = np.random.default_rng(6).dirichlet(np.ones(5), (2, 7))
    assert divergence(p, q).tolist() == pytest.approx([naive.divergence(a, b) for a, b in zip(p, q)])
    assert (divergence(p, q) > 0).all()
    assert divergence(p, p).tolist() == [0] * 7


def test_other_seen__never_keeps_a_byte():
    seen, x = np.array([3, 60, 200], np.uint8), np.repeat(np.array([3, 60, 200], np.uint8), 50)
    other = other_seen(x, seen, np.random.default_rng(0))
    assert (other != x).all()
    assert {(a, b) for a, b in zip(x.tolist(), other.tolist())} == {(a, b) for a in seen for b in seen if a != b}
    assert other_seen(x, seen[:1], np.random.default_rng(0)) is None


@pytest.mark.parametrize("positions", [100, 2000])
def test_memory__does_not_depend_on_threads(positions):
    options = {"depth": 4, "positions": positions, "horizon": 30, "null": Null(50)}
    found = [memory(rnn.shipped(), TEXT, **options, work=Work(n)).tables() for n in (1, 2, 5)]
    assert repr(found[0]) == repr(found[1]) == repr(found[2])


@pytest.mark.parametrize("content", [b"ab", b"abc", b"a" * 40, bytes(range(256))])
@pytest.mark.parametrize("model", [Elman.zeros(1), rnn.initial(3)])
def test_memory__of_any_bytes_and_network(content, model):
    found = memory(model, Corpus.from_bytes(content))
    assert len(found.offsets) == min(30, len(content) - 1)
    assert found.headline()["depth_corrected"] == 0
    one_symbol = len(set(content)) == 1
    assert all(math.isnan(row.kl_bits) == one_symbol for row in found.offsets)


@pytest.mark.parametrize(
    ("corpus", "options", "message"),
    [
        (b"x", {}, "a corpus of one byte has nothing to predict"),
        (b"wxyz", {"depth": 4}, r"depth must be in \[1, 3\], got 4"),
        (b"wxyz", {"depth": 0}, r"depth must be in \[1, 3\], got 0"),
        (b"wxyz", {"positions": 0}, r"positions must be in \[1, 100000\], got 0"),
        (b"wxyz", {"horizon": 3}, r"horizon must be in \[1, 2\], got 3"),
    ],
)
def test_memory__bad_input(corpus, options, message):
    with pytest.raises(InputError, match=message):
        memory(Elman.zeros(2), Corpus.from_bytes(corpus), **options)
