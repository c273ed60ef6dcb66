"""Lyapunov exponents: the published checkpoint, systems whose exponents are known, controls, bad input."""

import math
import sys

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import lyapunov as naive
from tests.naive import network
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.lyapunov import lyapunov
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit
TEXT = Corpus.siteinfo()


def linear(W_h) -> Elman:
    """A network that reads nothing and stays at h = 0, where tanh has slope 1."""
    matrix = np.array(W_h, np.float64)
    return Elman(**Elman.zeros(len(matrix), np.float64).arrays() | {"W_h": matrix})


def values(result) -> list[float]:
    return [row.exponent for row in result.exponents.values]


def orthogonal(size: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(2).standard_normal((size, size)))[0]


def test_lyapunov__published_checkpoint(reference):
    found = lyapunov(rnn.load(reference / "sat-rnn-published.bin"), TEXT)
    head = found.headline()
    assert head["lambda1_nats_per_step"] == pytest.approx(-0.005, abs=0.001)
    assert 0.002 < head["standard_error"] < 0.01
    assert head["sum_of_exponents"] == pytest.approx(head["mean_log_det"], rel=1e-9)
    assert head["shuffled_lambda1"] > 0.05 < head["fixed_byte_lambda1"]
    assert 2.5 < head["transient_error_ratio"] < 4.5
    assert len(found.exponents.values) == 128


def test_lyapunov__of_one_neuron_is_the_mean_of_its_log_slope():
    model = Elman(**network.random_weights(256, 1))
    found = lyapunov(model, TEXT)
    z = rnn.trace(model, TEXT).preactivations()[50:]
    expected = np.log(np.abs(model.W_h[0, 0]) / np.cosh(z) ** 2)
    assert values(found) == [pytest.approx(expected.mean())]
    batches = [part.mean() for part in np.array_split(expected, [-(-i * len(expected) // 16) for i in range(1, 16)])]
    assert found.headline()["standard_error"] == pytest.approx(np.std(batches, ddof=1) / 4, rel=1e-9)


@pytest.mark.parametrize("every", [1, 3, 10])
def test_lyapunov__of_uncoupled_neurons_are_their_own(every):
    weights = network.random_weights(256, 4, scale=0.4)
    weights["W_h"] = np.diag([0.9, -2.0, 0.3, 0.05])
    model = Elman(**weights)
    found, skipped = lyapunov(model, TEXT, every=every), -(-50 // every) * every
    z = rnn.trace(model, TEXT).preactivations()[skipped : len(TEXT) // every * every]
    own = np.log(np.abs(np.diag(weights["W_h"])) / np.cosh(z) ** 2).mean(axis=0)
    assert values(found) == pytest.approx(sorted(own, reverse=True), abs=1e-5)


@pytest.mark.parametrize(
    ("W_h", "expected"),
    [
        (np.diag([2.0, 1.0, 0.5, -0.1]), np.log([2, 1, 0.5, 0.1])),
        (1.1 * orthogonal(6), np.full(6, math.log(1.1))),
        (np.triu(np.full((4, 4), 0.7), 1) + np.diag([0.3, -1.2, 0.6, 0.1]), np.log([1.2, 0.6, 0.3, 0.1])),
        (orthogonal(3) @ np.diag([2.0, -1.3, 0.2]) @ orthogonal(3).T, np.log([2, 1.3, 0.2])),
    ],
    ids=["diagonal", "scaled rotation", "triangular", "symmetric"],
)
def test_lyapunov__of_linear_networks_are_known(W_h, expected):
    found = lyapunov(linear(W_h), TEXT)
    assert values(found) == pytest.approx(expected.tolist(), abs=1e-9)
    assert found.headline()["sum_of_exponents"] == pytest.approx(expected.sum())
    assert all(row.standard_error < 1e-9 for row in found.exponents.values)
    assert found.headline()["positive_share"] == np.mean(expected > 0)
    assert found.headline()["fixed_byte_lambda1"] == pytest.approx(expected[0])


def test_lyapunov__of_a_cycle_of_neurons_are_all_its_mean():
    """Neuron j passes to j + 1 with a weight of its own: one turn multiplies every direction by the product."""
    weights = np.array([3.0, 0.5, 0.25, 1.5])
    found = lyapunov(linear(np.roll(np.diag(weights), 1, axis=0)), TEXT, steps=1012)  # burn-in, then whole turns
    assert found.exponents.steps == 962
    assert values(found) == pytest.approx([np.log(weights).mean()] * 4, abs=2 * np.ptp(np.log(weights)) / 962)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponents", [1, 3, 5])
def test_lyapunov__is_the_definition(dtype, exponents, monkeypatch):
    monkeypatch.setattr(sys.modules["umrnn.rnn.trace"], "_LARGEST_BLOCK", 1000)
    model, corpus = Elman(**network.random_weights(256, 5, dtype=dtype)), markov(1500)  # two blocks
    start = np.linalg.qr(Null(3, 7).generator(1 << 32).standard_normal((exponents, 5)).T)[0].T
    z = rnn.trace(model, corpus).preactivations()
    expected = naive.exponents(model.W_h.astype(np.float64), naive.slopes(z), start, 50)
    found = lyapunov(model, corpus, exponents=exponents, null=Null(3, 7))
    assert values(found) == pytest.approx(expected, abs=1e-5 if dtype == np.float32 else 1e-10)
    whole = lyapunov(model, corpus, null=Null(3, 7))
    assert whole.exponents.kaplan_yorke_dimension == pytest.approx(naive.kaplan_yorke(values(whole)))
    assert values(whole)[:exponents] == pytest.approx(values(found), abs=1e-9)


@pytest.mark.parametrize(
    ("diagonal", "dimension"),
    [([2.0, 0.8, 0.1], 2 + math.log(1.6) / math.log(10)), ([0.9, 0.5], 0.0), ([3.0, 2.0], 2.0)],
)
def test_lyapunov__kaplan_yorke_dimension(diagonal, dimension):
    found = lyapunov(linear(np.diag(diagonal)), TEXT).exponents
    assert found.kaplan_yorke_dimension == pytest.approx(dimension)
    assert naive.kaplan_yorke([math.log(value) for value in diagonal]) == pytest.approx(dimension)


def test_lyapunov__of_the_first_alone_leaves_the_rest_open():
    found = lyapunov(linear(np.diag([3.0, 2.0])), TEXT, exponents=1)
    assert found.headline()["sum_of_exponents"] is None
    assert math.isnan(found.headline()["kaplan_yorke_dimension"])


def test_lyapunov__a_direction_that_rounding_hides_has_none():
    """0.001^10 against 30^10 is 10^-45: nothing of it is left after ten steps."""
    model = linear(orthogonal(3) @ np.diag([30.0, 1.0, 0.001]) @ orthogonal(3).T)
    assert values(lyapunov(model, TEXT)) == pytest.approx(np.log([30, 1, 0.001]).tolist(), abs=1e-6)
    found = lyapunov(model, TEXT, every=10)
    assert values(found)[0] == pytest.approx(math.log(30))
    assert math.isnan(values(found)[2])
    assert math.isnan(found.headline()["sum_of_exponents"])


def test_lyapunov__without_recurrence_is_minus_infinity():
    head = lyapunov(Elman.zeros(2), Corpus.from_bytes(b"ab")).headline()
    assert head["lambda1_nats_per_step"] == -math.inf
    assert math.isnan(head["transient_error_ratio"])
    assert math.isnan(head["mean_log_error_ratio"])
    assert head["kaplan_yorke_dimension"] == 0


def test_lyapunov__does_not_depend_on_threads():
    found = [lyapunov(rnn.shipped(), TEXT, steps=200, exponents=20, work=Work(n)) for n in (1, 2, 5)]
    assert found[0].exponents == found[1].exponents == found[2].exponents
    assert found[0].controls == found[1].controls == found[2].controls


def test_lyapunov__without_shuffles_has_no_shuffled_figure():
    found = lyapunov(linear([[0.5]]), TEXT, null=Null(0))
    assert found.headline()["shuffled_lambda1"] is None
    assert [one.input for one in found.controls] == ["fixed byte"]


def test_lyapunov__error_ratio_is_that_of_the_states():
    model = rnn.shipped()
    narrow, wide = rnn.trace(model, TEXT).states(), rnn.trace(model.astype(np.float64), TEXT).states()
    errors = np.linalg.norm(narrow.astype(np.float64) - wide, axis=1)
    found = lyapunov(model, TEXT, exponents=1)
    assert [row.step for row in found.growth] == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1024]
    for row in found.growth:
        assert row.error == pytest.approx(errors[row.step - 1])
        assert row.ratio_to_first == pytest.approx(errors[row.step - 1] / errors[0])
    assert found.headline()["transient_error_ratio"] == pytest.approx(errors[1] / errors[0])
    assert found.headline()["mean_log_error_ratio"] == pytest.approx(math.log(errors[-1] / errors[0]) / 1023)


@pytest.mark.parametrize(
    ("corpus", "options", "message"),
    [
        (b"x", {}, "a corpus of one byte has nothing to predict"),
        (b"xyz", {"exponents": 3}, r"exponents must be in \[1, 2\], got 3"),
        (b"xyz", {"exponents": 0}, r"exponents must be in \[1, 2\], got 0"),
        (b"xyz", {"steps": 4}, r"steps must be in \[2, 3\], got 4"),
        (b"xyz", {"every": 2}, r"every must be in \[1, 1\], got 2"),
        (b"x" * 500, {"every": 101}, r"every must be in \[1, 100\], got 101"),
    ],
)
def test_lyapunov__bad_input(corpus, options, message):
    with pytest.raises(InputError, match=message):
        lyapunov(Elman.zeros(2), Corpus.from_bytes(corpus), **options)
