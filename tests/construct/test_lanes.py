"""States in stretches: those of a trace in the first, nearly so in the others, the same bits on any threads."""

import sys

import numpy as np
import pytest

from tests.corpora import markov, small
from tests.naive import lanes as naive
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Work
from umrnn.rnn import lanes
from umrnn.rnn.initial import initial
from umrnn.rnn.lanes import lane_states
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman


@pytest.fixture
def short(monkeypatch):
    """Stretches of 16 bytes, three in a call."""
    monkeypatch.setattr(lanes, "_STRETCH", 16)
    monkeypatch.setattr(lanes, "_LANES", 3)


def forgetful(hidden: int, dtype=np.float64) -> Elman:
    """A network that forgets by a third with each byte at least."""
    model = initial(hidden, seed=1, dtype=dtype)
    W_h = np.random.default_rng(2).standard_normal((hidden, hidden))
    W_h *= 0.6 / np.linalg.norm(W_h, 2)
    return Elman(20 * model.W_x, W_h.astype(dtype), model.b_h, model.W_y, model.b_y)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("length", [1, 15, 16, 17, 47, 48, 49, 130])
@pytest.mark.parametrize("warm", [0, 5, 64])
def test_states__are_those_of_runs_that_begin_early(length, warm):
    model, corpus = forgetful(5), markov(length)
    found = lane_states(model, corpus, warm=warm)
    assert found.shape == (length, 5)
    assert found.dtype == np.float64
    for start in range(0, length, 16):
        expected = naive.stretch(dict(model.arrays()), corpus.data, start, warm, 16)
        np.testing.assert_allclose(found[start : start + 16], expected, rtol=0, atol=1e-14)


@pytest.mark.usefixtures("short")
def test_states__are_a_trace_in_the_first_stretch_and_where_all_was_read():
    model, corpus = forgetful(5), markov(200)
    exact = trace(model, corpus).states()
    np.testing.assert_allclose(lane_states(model, corpus)[:16], exact[:16], rtol=0, atol=1e-15)
    np.testing.assert_allclose(lane_states(model, corpus, warm=200), exact, rtol=0, atol=1e-14)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("warm", [4, 16, 64])
def test_states__are_as_near_as_the_network_forgets(warm):
    """What a stretch does not know of its past shrinks by the norm of W_h, .6, with each byte of the warm-up."""
    model, corpus = forgetful(8), markov(400)
    error = np.abs(lane_states(model, corpus, warm=warm) - trace(model, corpus).states()).max()
    assert error <= np.sqrt(8) * 0.6**warm + 1e-14
    assert warm > 16 or error > 1e-12  # it is no trace: without the warm-up it would show


@pytest.mark.needs_jit
@pytest.mark.parametrize(("length", "threads"), [(100, 2), (300_000, 2), (300_000, 5)])
def test_states__are_the_same_bits_on_any_number_of_threads(length, threads):
    model, corpus = forgetful(12, np.float32), markov(1000)
    corpus = Corpus.from_bytes(np.resize(corpus.data, length))
    one, other = (lane_states(model, corpus, work=Work(threads=n)) for n in (1, threads))
    assert one.dtype == np.float32
    assert one.tobytes() == other.tobytes()


@pytest.mark.needs_jit
def test_states__of_the_shipped_network_are_its_trace():
    """A text shorter than a stretch is run from its beginning, so even a network that forgets nothing agrees."""
    model, corpus = rnn.shipped(), Corpus.siteinfo()
    exact = trace(model.astype(np.float64), corpus).states()
    np.testing.assert_allclose(lane_states(model.astype(np.float64), corpus), exact, rtol=0, atol=1e-9)


@pytest.mark.usefixtures("short")
def test_states__that_exceed_memory_lie_in_a_file(monkeypatch):
    model, corpus = forgetful(5), markov(130)
    expected = lane_states(model, corpus)
    monkeypatch.setattr(sys.modules["umrnn.rnn.trace"], "LARGEST_ARRAY", 130 * 5 * 8 - 1)
    mapped = lane_states(model, corpus)
    assert type(mapped) is np.ndarray
    base = mapped
    while getattr(base, "base", None) is not None:
        base = base.base
    assert type(base).__name__ == "mmap"
    assert np.array_equal(mapped, expected)


@pytest.mark.parametrize("corpus", [pytest.param(corpus, id=name) for name, corpus in small()])
def test_states__of_any_corpus(corpus):
    model = forgetful(3)
    np.testing.assert_allclose(lane_states(model, corpus), trace(model, corpus).states(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("warm", [-1, 1.5])
def test_states__need_a_warm_up_of_whole_bytes(warm):
    with pytest.raises(InputError, match="warm must be"):
        lane_states(Elman.zeros(2), markov(5), warm=warm)
