"""The linear state: explicit windows, planted sources, shards, and the network that carries it."""

import numpy as np
import pytest

from tests.corpora import independent, markov, planted, small
from tests.naive import linear_state as naive
from umrnn.construct.state.linear import LinearState, linear_state
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.rnn.trace import trace
from umrnn.um.counts import OffsetCounts, offset_counts


def state_of(corpus: Corpus, hidden: int, past: int = 3, future: int = 2, **how: float) -> LinearState:
    return linear_state(offset_counts(corpus, range(past + future + 1)), hidden, past=past, future=future, **how)


def signs(found, expected):
    """Of each row of ``expected`` that make it agree with ``found``."""
    return np.where(np.sum(found * expected, axis=1) < 0, -1.0, 1.0)


@pytest.mark.parametrize("floor", [1e-3, 0.1])
@pytest.mark.parametrize("name", ["markov", "few symbols"])
def test_state__is_that_of_windows_written_out(name, floor):
    """Correlations by a plain SVD of one-hot windows, shift and inputs by least squares on them: both edges too."""
    corpus, hidden = dict(small())[name], 4
    found = state_of(corpus, hidden, floor=floor)
    correlations, state = naive.canonical(corpus.data, hidden, 3, 2, floor)
    byte = naive.windows(corpus.data, [0], beyond=3 + 2)
    F, G, kept = naive.shift(state, byte, len(corpus), floor, 1e-9)
    np.testing.assert_allclose(found.correlations, correlations, atol=1e-9)
    seen = np.unique(corpus.data)
    sign = signs(found.G[:, seen], G)
    np.testing.assert_allclose(found.G[:, seen], sign[:, None] * G, atol=1e-7)
    np.testing.assert_allclose(found.F, sign[:, None] * F * sign, atol=1e-7)
    assert found.kept == pytest.approx(kept, abs=1e-7)
    unseen = np.setdiff1d(np.arange(256), seen)
    assert not found.G[:, unseen].any()
    np.testing.assert_allclose(found.p, np.bincount(corpus.data, minlength=256) / len(corpus), atol=1e-15)


@pytest.mark.needs_jit
def test_state__of_a_chain_is_its_last_byte():
    """Of eight symbols that depend on the one before: seven directions, all of them the byte just read."""
    found = state_of(markov(40_000), 14, past=4, future=3)
    table = np.random.default_rng(3).dirichlet(np.full(8, 0.3), size=8)  # as tests.corpora.markov draws it
    values, vectors = np.linalg.eig(table.T)
    p = np.real(vectors[:, np.argmax(np.real(values))])
    p /= p.sum()
    exact = np.linalg.svd(np.sqrt(p)[:, None] * table / np.sqrt(p))[1]
    assert exact[0] == pytest.approx(1)
    # The next byte alone correlates as much as that; more of them, a little more.
    assert (found.correlations[:6] > exact[1:7] - 0.05).all()
    assert found.correlations[7:].max() < 0.05
    byte_only = np.linalg.norm(found.G[:7, 97:105]) / np.linalg.norm(found.F[:7, :7])
    assert byte_only > 10


@pytest.mark.needs_jit
def test_state__holds_on_to_a_byte_until_it_is_wanted():
    """Each byte depends on the third before it: three of them must be held, 21 directions, by shifting them."""
    corpus = planted(60_000, offsets=(3,), noise=0.1)
    found = state_of(corpus, 28, past=5, future=4)
    assert found.correlations[:12].min() > 0.5
    assert found.correlations[21:].max() < 0.1
    data = corpus.data
    states = naive.recurrence(found.F, found.G, found.p, data[:4000])[50:-1, :21]
    wide = np.hstack((states, np.ones((len(states), 1))))
    following = data[51:4000, None] == np.unique(data)
    fitted = wide @ np.linalg.lstsq(wide, following.astype(float), rcond=None)[0]
    right = np.mean(fitted.argmax(axis=1) == following.argmax(axis=1))
    function = np.array([np.bincount(data[3:][data[:-3] == x], minlength=256).argmax() for x in range(256)])
    best = np.mean(function[data[48:3997]] == data[51:4000])
    assert right > best - 0.02 > 0.8


@pytest.mark.needs_jit
def test_state__of_independent_bytes_correlates_with_nothing():
    found = state_of(independent(60_000), 8, past=2, future=1)
    assert found.correlations.max() < 0.2  # 1,500 directions of chance in 60,000 positions


ANY = [*(pair for pair in small() if len(np.unique(pair[1].data)) > 1 and len(pair[1]) > 5)]
ANY += [("three bytes", Corpus.from_bytes(b"aba")), ("six bytes", Corpus.from_bytes(b"abacus"))]


@pytest.mark.parametrize(("past", "future"), [(1, 1), (3, 2), (2, 3)])
@pytest.mark.parametrize("corpus", [pytest.param(corpus, id=name) for name, corpus in ANY])
def test_state__of_any_corpus(corpus, past, future):
    """As many neurons as allowed, on texts that repeat, or hold too little: finite, no correlation above 1."""
    if past + future >= len(corpus):
        with pytest.raises(InputError, match="every offset must be in"):
            state_of(corpus, 1, past, future)
        return
    hidden = min(past, future) * (len(np.unique(corpus.data)) - 1)
    found = state_of(corpus, min(hidden, 300), past, future)
    assert np.isfinite(found.F).all()
    assert np.isfinite(found.G).all()
    assert found.correlations.max() < 1
    assert (np.diff(found.correlations) <= 0).all()
    assert 0 <= found.kept <= 1
    assert found.elman().hidden == min(hidden, 300)


def test_state__of_shards_is_that_of_the_whole():
    corpus = markov(400)
    whole = offset_counts(corpus, range(6))
    parts = [offset_counts(corpus, range(6), start=a, stop=b) for a, b in ((0, 3), (3, 250), (250, 400))]
    one, other = (linear_state(counts, 5, past=3, future=2) for counts in (whole, OffsetCounts.merged(parts)))
    for name in ("F", "G", "p", "correlations"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert (one.kept, one.condition) == (other.kept, other.condition)


def test_state__of_one_shard_is_nearly_that_of_its_bytes():
    """Counts of a range that reach back before it have some pairs more."""
    corpus = markov(4000)
    reaching = offset_counts(corpus, range(6), start=1000, stop=4000)
    found = linear_state(reaching, 5, past=3, future=2).correlations
    np.testing.assert_allclose(found, state_of(corpus.slice(1000), 5).correlations, atol=2e-3)


def test_elman__follows_the_recurrence_as_the_gain_falls():
    corpus = markov(60)
    found = state_of(corpus, 4)
    expected = naive.recurrence(found.F, found.G, found.p, corpus.data)
    errors = []
    for gain in (1e-1, 1e-2, 1e-3):
        states = trace(found.elman(gain, np.float64), corpus).states() / gain
        errors.append(np.abs(states - expected).max())
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.2)  # tanh misses by the cube
    assert errors[2] < 1e-5 * np.abs(expected).max()
    network = found.elman()
    assert network.dtype == np.float32
    assert not network.W_y.any()
    assert not network.b_y.any()


@pytest.mark.parametrize("gain", [0.0, -1.0, float("nan"), float("inf")])
def test_elman__needs_a_gain_above_zero(gain):
    with pytest.raises(InputError, match="gain must be a finite number above 0"):
        state_of(markov(60), 2).elman(gain)


@pytest.mark.parametrize(
    ("hidden", "options", "message"),
    [
        (0, {}, "hidden must be at least 1, got 0"),
        (15, {}, r"hidden must be at most 14 for 8 different bytes and 2 of them in a row, got 15"),
        (2, {"past": 0}, "past must be at least 1, got 0"),
        (2, {"future": 0}, "future must be at least 1, got 0"),
        (2, {"past": 4}, "offset 6 was not counted, only 0, 1, 2, 3, 4, 5"),
        (2, {"floor": 0.0}, "floor must be a finite number above 0, got 0.0"),
        (2, {"floor": -1e-3}, "floor must be a finite number above 0, got -0.001"),
    ],
)
def test_state__refuses(hidden, options, message):
    counts = offset_counts(markov(400), range(6))
    with pytest.raises(InputError, match=message):
        linear_state(counts, hidden, **({"past": 3, "future": 2} | options))


def test_state__of_one_byte_alone_has_one_direction_that_says_nothing():
    found = state_of(Corpus.from_bytes(b"a" * 40), 1)
    assert found.correlations.tolist() == [0]
    assert np.isnan(found.kept)
    with pytest.raises(InputError, match="hidden must be at most 2 for 1 different bytes"):
        state_of(Corpus.from_bytes(b"a" * 40), 3)


def test_state__needs_offset_0():
    counts = offset_counts(markov(400), range(1, 6))
    with pytest.raises(InputError, match="offset 0 was not counted"):
        linear_state(counts, 2, past=3, future=2)
