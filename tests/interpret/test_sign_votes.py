"""Votes of cells on signs: the definition, exact chance, a planted conjunction, the published figures."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from tests.corpora import small
from tests.naive import factor_map as naive
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.interpret.factor_map import PUBLISHED_LAGS, factor_map
from umrnn.interpret.factors.votes import Votes, by_chance
from umrnn.nulls import Check, Null
from umrnn.rnn.states import States

NONE = Check(null=Null(0))


def chance(permutations: int) -> Check:
    return Check(null=Null(permutations))


@pytest.mark.parametrize("corpus", [pytest.param(corpus, id=name) for name, corpus in small() if len(corpus) > 20])
def test_signs__have_the_figures_of_the_definition(corpus: Corpus) -> None:
    corpus = corpus.slice(0, min(60, len(corpus)))
    h = np.random.default_rng(0).standard_normal((len(corpus), 3)) + np.arange(-1, 2)
    lags, half = (3, 0, 1), len(corpus) // 2
    found = factor_map(States.given(h, corpus), corpus, lags, check=NONE)
    for row, factors in zip(found.signs, found.neurons):
        column, signs = h[:, row.neuron], h[:, row.neuron] >= 0
        assert row.lags == factors.lags
        accuracy, others, _ = naive.votes(corpus.data, signs, row.lags, 3)
        early, _ = naive.best_pair(corpus.data[:half], column[:half], lags, 3)
        late = naive.votes(corpus.data, signs, early, 3, half)[2]
        alone = naive.votes(corpus.data, signs, (factors.single_lag,), 3)
        assert (row.vote_accuracy, row.loo_vote_accuracy, row.held_out_vote_accuracy) == (accuracy, others, late)
        assert row.single_vote_accuracy == alone[0]
        assert row.mi_bits == pytest.approx(naive.vote_mi_bits(corpus.data, signs, row.lags, 3), abs=1e-12)
        assert row.commoner_sign_share == max(signs[3:].mean(), (~signs[3:]).mean())
        assert row.conjunction is (accuracy > alone[0] + 0.05 and accuracy >= 0.7)
        assert row.loo_conjunction is (others > alone[1] + 0.05 and others >= 0.7)


@pytest.mark.parametrize("sizes", [(1, 1, 3), (2, 2, 1), (5,), (1, 1, 1, 1, 1)])
@pytest.mark.parametrize("positive", [0, 1, 2, 5])
def test_by_chance__is_the_mean_over_all_orders(sizes: tuple[int, ...], positive: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    orders = {order for order in permutations([True] * positive + [False] * (5 - positive))}
    drawn = [Votes.of(labels, len(sizes), np.array(order)) for order in orders]
    expected = np.mean([(votes.accuracy, votes.mi_bits()) for votes in drawn], axis=0)
    np.testing.assert_allclose(by_chance(np.array(sizes), positive), expected, atol=1e-12)


def test_conjunction__of_two_letters_is_told_exactly() -> None:
    corpus = Corpus.from_bytes(np.random.default_rng(1).integers(97, 99, 600).astype(np.uint8))
    is_a = corpus.data == ord("a")
    both = np.where(np.roll(is_a, 2) & np.roll(is_a, 5), 0.5, -0.5)
    found = factor_map(States.given(both[:, np.newaxis], corpus), corpus, range(7), check=NONE)
    row = found.signs[0]
    assert (row.lags, row.conjunction, row.loo_conjunction) == ((2, 5), True, True)
    assert [row.vote_accuracy, row.loo_vote_accuracy, row.held_out_vote_accuracy] == [1, 1, 1]
    assert row.null_vote_accuracy < 0.8
    assert found.headline()["conjunctions"] == found.headline()["loo_conjunctions"] == 1


def test_signs__of_a_neuron_that_never_changes_are_missing() -> None:
    corpus = Corpus.from_bytes(b"abcabcabcabc")
    found = factor_map(States.given(np.ones((12, 1)), corpus), corpus, (0, 1), check=NONE)
    assert found.signs[0].lags is found.signs[0].conjunction is None
    assert np.isnan(found.headline()["vote_accuracy"])


@pytest.mark.needs_jit
def test_signs__published_accuracies(reference: Path) -> None:
    """EXPERIMENTS section 10: votes are right for 90 to 97 % of the positions; chance and other positions beside it."""
    model = rnn.load(reference / "sat-rnn-published.bin")
    found = factor_map(model, Corpus.siteinfo(), PUBLISHED_LAGS, check=NONE)
    accuracies = [row.vote_accuracy for row in found.signs]
    assert round(max(accuracies), 2) == 0.98
    assert sum(accuracy >= 0.9 for accuracy in accuracies) > 100
    figures = {name: round(found.headline()[name], 3) for name in found.headline() if "vote" in name}
    assert figures == {
        "vote_accuracy": 0.921,
        "null_vote_accuracy": 0.770,
        "loo_vote_accuracy": 0.812,
        "held_out_vote_accuracy": 0.720,
    }
    assert (found.headline()["conjunctions"], found.headline()["loo_conjunctions"]) == (127, 62)
