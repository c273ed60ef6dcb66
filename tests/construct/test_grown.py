"""Growth: neurons are added, older ones stay as they are, gates and directions become weights."""

import numpy as np
import pytest

from tests.corpora import planted
from umrnn import rnn
from umrnn.construct.state.growth import grow
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Progress, Work
from umrnn.rnn.trace import trace

pytestmark = pytest.mark.needs_jit


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return planted(8000, (1, 2), noise=0.2)


@pytest.fixture(scope="module")
def growth(corpus):
    return grow(rnn.initial(6), corpus, 20, rounds=3, window=3000)


def test_grow__adds_the_neurons_in_rounds(growth) -> None:
    assert growth.model.hidden == 20
    assert [one.hidden for one in growth.rounds] == [11, 16, 20]
    assert [len(one.conjunctions) for one in growth.rounds] == [5, 5, 4]
    assert growth.read_out.W.shape == (256, 20)
    assert growth.bytes_read == 8000
    assert growth.rounds[0].bpc > growth.rounds[-1].bpc
    assert all(one.gain > 0 for one in growth.rounds)


def test_grow__older_neurons_compute_what_they_did(growth, corpus) -> None:
    base = rnn.initial(6)
    model = growth.model
    assert np.count_nonzero(model.W_h[:6, 6:]) == np.count_nonzero(model.W_h[6:11, 6:]) == 0
    before, after = trace(base, corpus).states(), trace(model, corpus).states()
    assert np.abs(after[:, :6] - before).max() < 1e-6


def test_grow__a_gate_becomes_input_weights(growth) -> None:
    found = [one for part in growth.rounds for one in part.conjunctions]
    for row, one in zip(growth.model.W_x[6:], found):
        assert row.min() == pytest.approx(-4, abs=1e-5)  # bytes that were not met
        assert row.max() <= 0
        opened = one.gate > 0.01
        assert 1 - np.tanh(row[opened]) ** 2 == pytest.approx(one.gate[opened], abs=1e-3)


def test_grow__same_bits_on_any_number_of_threads(growth, corpus) -> None:
    for threads in (1, 3):
        again = grow(rnn.initial(6), corpus, 20, rounds=3, window=3000, work=Work(threads))
        assert again.model.sha256 == growth.model.sha256


def test_grow__nothing_where_nothing_is_to_grow(corpus) -> None:
    found = grow(rnn.initial(6), corpus, 6)
    assert found.rounds == ()
    assert found.model.sha256 == rnn.initial(6).sha256


@pytest.mark.parametrize("data", [b"abc", b"a" * 300, bytes(range(256)) * 3])
def test_grow__on_any_bytes(data) -> None:
    model = grow(rnn.initial(3), Corpus.from_bytes(data), 8, rounds=2).model
    assert model.hidden == 8


def test_grow__says_how_far_it_is(corpus) -> None:
    told = []

    class Told(Progress):
        def start(self, task, total, unit=""):
            told.append((task, total))

        def advance(self, amount, **figures):
            told.append(amount)

    grow(rnn.initial(6), corpus, 12, rounds=2, window=2000, work=Work(progress=Told()))
    assert told == [("grow", 6), 3, 3]


@pytest.mark.parametrize(
    ("length", "hidden", "options", "message"),
    [
        (2, 8, {}, "at least three bytes, got 2"),
        (100, 2, {}, "hidden must be at least the 3 neurons to begin with, got 2"),
        (100, 8, {"rounds": 0}, "rounds must be at least 1"),
        (100, 8, {"window": 0}, "window must be"),
    ],
)
def test_grow__says_what_does_not_fit(length, hidden, options, message) -> None:
    with pytest.raises(InputError, match=message):
        grow(rnn.initial(3), Corpus.from_bytes(b"x" * length), hidden, **options)
