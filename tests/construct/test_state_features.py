"""A read-out fitted to states: by Newton on short texts, in passes on long ones; its null."""

import numpy as np
import pytest

from tests.corpora import markov
from umrnn.construct.readout.features import Features, StateFeatures, log_shares
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Work
from umrnn.rnn.score import bits_per_byte
from umrnn.rnn.weights import Elman


def last_byte(hidden: int = 8) -> Elman:
    """A carrier that holds the byte just read, a to h, and nothing else."""
    W_x = np.zeros((hidden, 256), np.float32)
    W_x[np.arange(hidden), 97 + np.arange(hidden)] = 3
    zero = Elman.zeros(hidden)
    return Elman(W_x, zero.W_h, zero.b_h, zero.W_y, zero.b_y)


def conditional_entropy(corpus: Corpus) -> float:
    """H(next byte | byte), in-sample, in bits."""
    pairs = np.zeros((256, 256))
    np.add.at(pairs, (corpus.data[:-1], corpus.data[1:]), 1)
    shares = pairs / pairs.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -shares * np.log2(pairs / pairs.sum(axis=1, keepdims=True))
    return float(np.nansum(bits))


def test_log_shares__are_the_smoothed_counts() -> None:
    text = Corpus.from_bytes(b"aab")
    assert log_shares(text)[97] == pytest.approx(np.log(2.5 / 131))
    assert np.exp(log_shares(text)).sum() == pytest.approx(1)


@pytest.mark.parametrize("length", [1000, pytest.param(20_000, marks=pytest.mark.needs_jit)])
def test_read_out__reaches_the_entropy_given_what_the_state_holds(length: int) -> None:
    text = markov(length)
    carried = StateFeatures(last_byte(), text)
    network = carried.network(carried.read_out())
    bpc, entropy = bits_per_byte(network, text), conditional_entropy(text)
    assert entropy - 1e-6 < bpc < entropy + 0.02
    assert carried.bits(carried.read_out()) == pytest.approx(bpc, abs=2e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_read_out__same_bits_on_any_number_of_threads(threads: int) -> None:
    text = markov(3000)
    weights = StateFeatures(last_byte(), text, work=Work(threads)).read_out(seed=4)
    assert np.array_equal(weights.W, StateFeatures(last_byte(), text, work=Work(3)).read_out(seed=4).W)


def test_read_out__of_shuffled_targets_is_the_entropy() -> None:
    text = markov(1500)
    carried = StateFeatures(last_byte(), text)
    targets = np.random.default_rng(0).permutation(text.data[1:])
    bits = carried.bits(carried.read_out(targets=targets), targets)
    shares = np.bincount(text.data) / len(text)
    order_0 = -np.sum(shares[shares > 0] * np.log2(shares[shares > 0]))
    assert order_0 - 0.1 < bits < order_0 + 0.01


def test_features__of_a_suffix_predict_its_bytes() -> None:
    text = Corpus.from_bytes(b"abcabc")
    assert bytes(Features(np.ones((2, 1)), text).targets) == b"bc"


def test_carried__needs_three_bytes() -> None:
    with pytest.raises(InputError, match="at least three bytes to be fitted to, got 2"):
        StateFeatures(last_byte(), Corpus.from_bytes(b"ab"))
