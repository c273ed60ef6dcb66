"""Sums over states: equal to whole arrays, whatever the blocks, the halves and the threads."""

import dataclasses
import sys

import numpy as np
import pytest

from tests.corpora import markov, small
from tests.naive import hebbian as naive
from umrnn import rnn
from umrnn.construct.imitation.estimates import estimate_all, pointwise_table
from umrnn.construct.imitation.sums import ImitationSums, sampled_positions, sum_states, whole_positions
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Work
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman


def model_of(hidden: int, dtype=np.float64, seed: int = 0) -> Elman:
    rng = np.random.default_rng(seed)
    shapes = ((hidden, 256), (hidden, hidden), (hidden,), (256, hidden), (256,))
    return Elman(*(rng.standard_normal(shape).astype(dtype) for shape in shapes))


def same(one: ImitationSums, other: ImitationSums) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(dataclasses.astuple(one), dataclasses.astuple(other)))


@pytest.mark.parametrize("block", [4096, 7, 1])
def test_sums__are_those_of_whole_arrays(monkeypatch, block):
    monkeypatch.setattr(sys.modules["umrnn.rnn.trace"], "_LARGEST_BLOCK", block)
    model, corpus = model_of(5), markov(60)
    h, z = trace(model, corpus).states()[:-1], trace(model, corpus).preactivations()[:-1]
    halves, data = sum_states(model, corpus), corpus.data
    for sums, a, b in ((*halves[:1], 0, 29), (*halves[1:], 29, 59), (halves[0] + halves[1], 0, 59)):
        assert int(sums.bytes.sum()) == b - a
        earlier = max(a, 1)
        assert sums.pairs == b - earlier
        for x in np.unique(data):
            np.testing.assert_allclose(sums.read[x], h[a:b][data[a:b] == x].sum(axis=0), atol=1e-12)
            np.testing.assert_allclose(sums.next[x], h[a:b][data[a + 1 : b + 1] == x].sum(axis=0), atol=1e-12)
            assert sums.read_on[x].tolist() == (h[a:b][data[a:b] == x] >= 0).sum(axis=0).tolist()
        np.testing.assert_allclose(sums.before, h[earlier - 1 : b - 1].sum(axis=0), atol=1e-12)
        np.testing.assert_allclose(sums.products, h[earlier:b].T @ h[earlier - 1 : b - 1], atol=1e-12)
        s = naive.signs(h)
        np.testing.assert_array_equal(sums.signs, s[earlier:b].T @ s[earlier - 1 : b - 1])
        positions = [t for t in range(earlier - 1, b - 1)]
        np.testing.assert_array_equal(sums.whole_flips, naive.flips(model.W_h, h[positions], z[earlier:b]))
        sampled = [t for t in positions if t in sampled_positions(60)]
        assert (sums.sampled, sums.whole) == (len(sampled), len(positions))
        expected = naive.flips(model.W_h, h[sampled], z[[t + 1 for t in sampled]])
        np.testing.assert_array_equal(sums.sampled_flips, expected)


def test_estimates__are_their_definitions():
    model, corpus = model_of(4, seed=3), markov(200)
    first, second = sum_states(model, corpus)
    found, W_y = estimate_all(first + second, model), model.W_y
    h = trace(model, corpus).states()[:-1]
    read, following = corpus.data[:-1], corpus.data[1:]
    influence = naive.flips(model.W_h, h[:-1], trace(model, corpus).preactivations()[1:-1]) / (len(h) - 1)
    signs = np.sign(naive.sign_correlation(h))
    expected = {
        ("W_h", "hebbian"): naive.covariance(h),
        ("W_h", "hebbian, reversed"): naive.covariance(h).T,
        ("W_h", "sign correlation"): naive.sign_correlation(h),
        ("W_h", "float influence, whole"): influence * signs,
        ("W_x", "hebbian"): naive.mean_given(h, read, 256).T,
        ("W_x", "sign-conditioned"): naive.sign_split(h, read, 256).T,
        ("W_x", "PMI"): naive.pointwise_input(read, following, W_y, demoted=True),
        ("W_x", "PMI, promoted only"): naive.pointwise_input(read, following, W_y, demoted=False),
        ("W_y", "hebbian"): naive.mean_given(h, following, 256),
        ("W_y", "sign-split"): naive.sign_split(h, following, 256),
        ("b_h", "log-odds"): naive.log_odds(h),
        ("b_y", "log-marginal"): naive.log_marginal(following, 256),
    }
    assert set(found) == {*expected, ("W_h", "float influence")}
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, atol=1e-12, err_msg=str(key))
        assert found[key].shape == getattr(model, key[0]).shape


@pytest.mark.needs_jit
def test_sums__do_not_depend_on_threads():
    model, corpus = rnn.shipped(), Corpus.siteinfo()
    one, three = (sum_states(model, corpus, work=Work(n)) for n in (1, 3))
    assert all(same(a, b) for a, b in zip(one, three))


@pytest.mark.parametrize(("name", "corpus"), [(n, c) for n, c in small() if len(c) > 1], ids=lambda v: str(v)[:12])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums__of_any_corpus(name, corpus, dtype):
    first, second = sum_states(model_of(2, dtype), corpus)
    both = first + second
    assert both.bytes.sum() == len(corpus) - 1
    assert both.pairs == both.whole == max(0, len(corpus) - 2)
    for sums in (first, second, both):
        assert all(np.isfinite(one).all() for one in estimate_all(sums, model_of(2, dtype)).values())


def test_sums__of_a_single_byte_are_refused():
    with pytest.raises(InputError, match="one byte has nothing to predict"):
        sum_states(model_of(2), Corpus.from_bytes(b"x"))


@pytest.mark.parametrize("length", [2, 3, 10, 53, 54, 200, 1024, 10**6])
def test_positions__have_a_state_after_them_that_predicts(length):
    for places in (sampled_positions(length), whole_positions(length, 128), whole_positions(length, 4096)):
        assert len(places) == 0 or (places[0] == 0 and places[-1] + 2 < length)
    assert min(length - 2, 52) <= len(sampled_positions(length)) < 104
    assert len(whole_positions(length, 4096)) <= 4096


def test_pointwise_table__of_no_pairs_is_zero():
    assert not pointwise_table(np.zeros((256, 256), np.int64)).any()
