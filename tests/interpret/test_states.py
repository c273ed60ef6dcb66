"""Readings of states alone: those of a network's own states are those of the network; planted memory is found."""

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import network
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.saturation import saturation
from umrnn.interpret.state_alignment import state_alignment
from umrnn.interpret.state_memory import state_memory
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.states import States
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit
RNG = np.random.default_rng(5)


def remembering(corpus: Corpus, lags: tuple[int, ...], noise: float = 0.1) -> States:
    """States that hold, with noise, a random code of each of the bytes at ``lags``."""
    codes = RNG.normal(size=(len(lags), 256, 4))
    rows = RNG.normal(size=(len(corpus), 4 * len(lags))) * noise
    for i, lag in enumerate(lags):
        rows[lag:, 4 * i : 4 * i + 4] += codes[i, corpus.data[: len(corpus) - lag]]
    return States.given(rows, corpus)


def unrelated(length: int) -> Corpus:
    return Corpus.from_bytes(RNG.integers(97, 103, length).astype(np.uint8))


@pytest.mark.parametrize("length", [5000, 700])
def test_saturation__of_states_is_that_of_their_network(length: int) -> None:
    model, corpus = Elman(**network.random_weights(256, 6)), markov(length)
    own, brought = (saturation(s, corpus, null=Null(3)) for s in (model, States.of(model, corpus)))
    assert brought.pairs == own.pairs
    assert brought.dwell == own.dwell
    for a, b in zip(own.rows, brought.rows):
        assert (a.flips, a.behaviour, a.mode_dwell) == (b.flips, b.behaviour, b.mode_dwell)
        assert b.mean_abs_state == pytest.approx(a.mean_abs_state)
        assert np.isnan(b.mean_abs_preactivation)
    assert brought.headline()["mean_abs_preactivation"] != brought.headline()["mean_abs_preactivation"]
    assert brought.provenance["model"] == {
        "name": "states",
        "format": "states",
        "neurons": 6,
        "dtype": "float64",
    }


def test_memory__finds_the_lags_that_are_held() -> None:
    corpus = unrelated(6000)  # bytes that say nothing of each other
    found = state_memory(remembering(corpus, (0, 4)), corpus, depth=7, null=Null(699))
    assert [row.offset for row in found.offsets if row.q_value <= 0.01] == [1, 5]
    assert found.headline()["depth_corrected"] == found.headline()["depth_conditional"] == 5
    assert 0.3 < found.offsets[4].excess_by_variance < 0.7  # half of the neurons hold it
    assert abs(found.offsets[2].excess_by_variance) < 0.02


def test_memory__is_the_definition_and_owes_nothing_to_threads() -> None:
    corpus = unrelated(300)
    states = remembering(corpus, (1,))
    found = state_memory(states, corpus, depth=3, null=Null(19))
    groups = [states.rows[2:][corpus.data[1:-1] == byte] for byte in range(97, 103)]
    means = np.array([rows.mean(axis=0) for rows in groups])
    expected = ((means - means.mean(axis=0)) ** 2).sum(axis=1).mean()
    assert found.offsets[1].group_variance == pytest.approx(expected)
    others = state_memory(states, corpus, depth=3, null=Null(19), work=Work(2)).offsets
    assert repr(found.offsets) == repr(others)  # NaN is not itself


def test_memory__of_nothing() -> None:
    corpus = unrelated(3000)
    found = state_memory(States.given(RNG.normal(size=(3000, 8)), corpus), corpus, depth=8)
    assert found.headline()["depth_corrected"] == found.headline()["depth_conditional"] == 0
    still = state_memory(States.given(np.ones((3000, 2)), corpus), corpus, depth=2, null=Null(19))
    assert still.offsets[0].group_variance == 0
    assert np.isnan(still.offsets[0].excess_by_variance)


def test_alignment__of_states_that_hold_what_tells_the_next_byte() -> None:
    corpus = markov(8000)
    of_last = state_alignment(remembering(corpus, (0,)), corpus, max_offset=3, null=Null(99))
    assert of_last.rank_r > 0.3
    assert of_last.p_value == 0.01
    shuffled = States.given(RNG.permutation(remembering(corpus, (0,)).rows), corpus)
    chance = state_alignment(shuffled, corpus, max_offset=3, null=Null(99))
    assert abs(chance.rank_r) < 0.2
    assert chance.headline()["farthest_aligned_offset"] == 0


def test_alignment__is_the_definition() -> None:
    corpus = markov(400)
    states = remembering(corpus, (0, 1))
    found = state_alignment(states, corpus, max_offset=2, null=Null(0))
    h = states.rows[:-1] - states.rows[:-1].mean(axis=0)
    h /= h.std(axis=0)
    data = corpus.data
    for offset, byte, following, likeness, _ in found.strongest.rows:
        x, y = byte[0], following[0]
        after = [h[t] for t in range(offset - 1, 200) if data[t - offset + 1] == x]
        before = [h[t] for t in range(200, 399) if data[t + 1] == y]
        assert likeness == pytest.approx((np.mean(after, axis=0) * np.mean(before, axis=0)).mean())
    assert np.isnan(found.null_rank_r)


def test_states__of_another_length_are_refused() -> None:
    corpus, states = Corpus.siteinfo(), States.given(np.zeros((9, 2)), Corpus.from_bytes(b"abcdefghi"))
    for reading in (saturation, state_memory, state_alignment):
        with pytest.raises(InputError, match="states must have one row per byte, got 9 rows for 1024 bytes"):
            reading(states, corpus)
