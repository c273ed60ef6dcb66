"""The pair search equals its definition on tiny corpora, whatever the chunks, blocks, slices and orders."""

from itertools import combinations, combinations_with_replacement

import numpy as np
import pytest

from tests.corpora import small
from tests.naive import factor_map as naive
from umrnn.interpret.factors import pair_search
from umrnn.interpret.factors.pair_search import PairSearch
from umrnn.progress import Work
from umrnn.rnn.states import States

CORPORA = [pytest.param(corpus.slice(0, min(40, len(corpus))), id=name) for name, corpus in small() if len(corpus) > 5]


def random_states(length, hidden, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal((length, hidden)).astype(dtype)


def found(search, orders=None, **options):
    scores = list(search.scores(orders, work=Work(1), **options))
    return [pair for part in scores for pair in part.pairs], np.concatenate([part.r2 for part in scores], axis=1)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 1e-12)])
@pytest.mark.parametrize("corpus", CORPORA)
def test_pairs__are_the_definition(corpus, dtype, tolerance):
    h, lags = random_states(len(corpus), 3, dtype), (2, 0, 1)
    lags_found, r2 = found(PairSearch.over(States.given(h, corpus), corpus, lags, 2, len(corpus)))
    assert lags_found == list(combinations(lags, 2))
    for pair, row in zip(lags_found, r2[0]):
        expected = [naive.in_sample(corpus.data, h[:, j].astype(float), pair, 2) for j in range(3)]
        np.testing.assert_allclose(row, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("chunk", [1, 2, 3, 11, 512])
@pytest.mark.parametrize("mapped", [False, True])
def test_pairs__do_not_depend_on_how_the_work_is_cut(monkeypatch, mapped, chunk, single):
    corpus = next(corpus for name, corpus in small() if name == "few symbols").slice(0, 60)
    h, lags = random_states(60, 5), (0, 3, 1)
    whole = found(PairSearch.over(States.given(h, corpus), corpus, lags, 3, 60), single=single)
    monkeypatch.setattr(pair_search, "_CHUNK", chunk)
    monkeypatch.setattr(pair_search, "_SLICE", 2)
    monkeypatch.setattr(pair_search, "_SECOND", 2)
    monkeypatch.setattr(pair_search, "_TABLE_BYTES", 100)
    monkeypatch.setattr(pair_search, "_BLOCK_BYTES", 40 * 7)
    cut = found(PairSearch.over(States(h, mapped), corpus, lags, 3, 60), single=single)
    choose = combinations_with_replacement if single else combinations
    assert whole[0] == cut[0] == list(choose(lags, 2))
    np.testing.assert_allclose(cut[1], whole[1], rtol=0, atol=1e-13)


def test_orders__move_the_states():
    corpus = next(corpus for name, corpus in small() if name == "markov").slice(0, 50)
    h = random_states(50, 4)
    orders = np.stack([2 + np.random.default_rng(seed).permutation(48) for seed in range(3)]).astype(np.int32)
    _, r2 = found(PairSearch.over(States.given(h, corpus), corpus, (1, 2), 2, 50), orders)
    for order, part in zip(orders, r2):
        moved = np.concatenate((h[:2], h[order]))
        expected = [naive.in_sample(corpus.data, moved[:, j], (1, 2), 2) for j in range(4)]
        np.testing.assert_allclose(part[0], expected, rtol=0, atol=1e-12)


def test_constant_neuron__has_no_r2():
    corpus = next(corpus for name, corpus in small() if name == "periodic").slice(0, 30)
    h = random_states(30, 2)
    h[:, 1] = 0.1
    _, r2 = found(PairSearch.over(States.given(h, corpus), corpus, (0, 1), 1, 30))
    assert np.isnan(r2[0, 0]).tolist() == [False, True]
