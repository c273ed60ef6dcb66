"""Sampling: reproducible, faithful to the model, clear refusals."""

import sys

import numpy as np
import pytest

from tests.naive import network as naive
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Progress, Work
from umrnn.rnn.drawn import draw
from umrnn.rnn.sample import sample
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit
module = sys.modules[sample.__module__]  # umrnn.rnn.sample is the function
traces = sys.modules[trace.__module__]


@pytest.fixture(scope="module")
def model():
    return Elman(**naive.random_weights(256, 6, scale=0.8))


def test_sample__is_the_definition(model):
    uniforms = np.random.default_rng(5).random(200)
    state = trace(model, Corpus.from_bytes(b"ab")).states()[-1]
    expected = naive.draw(model.arrays(), state, 0.7, uniforms)
    assert list(sample(model, 200, b"ab", seed=5, temperature=0.7)) == expected


def test_sample__does_not_depend_on_blocks(model, monkeypatch):
    whole = sample(model, 100, seed=1)
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert sample(model, 100, seed=1) == whole
    assert sample(model, 100, seed=2) != whole


def test_sample__cold_takes_the_most_probable_byte(model):
    drawn = sample(model, 30, b"x", temperature=1e-6)
    run = trace(model, Corpus.from_bytes(b"x" + drawn))
    assert list(drawn) == (run.states() @ model.W_y.T + model.b_y).argmax(axis=1)[:-1].tolist()


def test_sample__of_nothing_is_nothing(model):
    assert sample(model, 0, b"prompt") == b""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": -1}, r"length must be in \[0, 1000000000\], got -1"),
        ({"length": 99999999999999}, r"length must be in \[0, 1000000000\], got 99999999999999"),
        ({"length": 1, "temperature": 0.0}, "temperature must be a finite number above 0"),
        ({"length": 1, "seed": -1}, "seed must be at least 0"),
    ],
)
def test_sample__refuses(model, arguments, message):
    with pytest.raises(InputError, match=message):
        sample(model, **arguments)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("temperature", [1e-39, 5e-324])
def test_sample__frozen_is_sample_cold(model, dtype, temperature):
    single = model.astype(dtype)
    assert sample(single, 30, b"x", temperature=temperature) == sample(single, 30, b"x", temperature=1e-6)


def test_sample__reports_progress_and_can_be_cancelled(model, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 10)

    class Recorder(Progress):
        total, done = 0.0, 0.0

        def start(self, task, total, unit=""):
            self.total = total

        def advance(self, amount, **figures):
            self.done += amount
            if self.done > 40:
                raise KeyboardInterrupt

    recorder = Recorder()
    sample(model, 35, work=Work(progress=recorder))
    assert recorder.total == recorder.done == 35
    with pytest.raises(KeyboardInterrupt):
        sample(model, 10**9, work=Work(progress=Recorder()))


@pytest.mark.parametrize("prompt", [b"", b"a", b"abc"])
def test_draw__scores_what_was_drawn_block_by_block(model, monkeypatch, prompt):
    monkeypatch.setattr(traces, "_LARGEST_BLOCK", 7)
    monkeypatch.setattr(traces, "LARGEST_ARRAY", 1)  # no array of the whole is needed
    drawn = draw(model, 30, prompt)
    expected = naive.bits(model.arrays(), prompt + drawn.text, np.zeros(6))[max(0, len(prompt) - 1) :].mean()
    assert drawn.bpc == pytest.approx(expected, abs=1e-12)
