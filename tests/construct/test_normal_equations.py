"""Least squares from counts alone equal the explicit ones, whichever positions are fitted."""

import numpy as np
import pytest

from tests.corpora import independent, markov
from tests.naive import register as naive
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.counts import RegisterCounts, count_register, offsets_of
from umrnn.construct.register.normal_equations import normal_equations
from umrnn.construct.study import Lesson
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.um.counts import OffsetCounts, offset_counts

pytestmark = pytest.mark.needs_jit
CORPORA = {
    "siteinfo": Corpus.siteinfo(),
    "markov": markov(60),
    "independent": independent(100),
    "constant": Corpus.from_bytes(b"a" * 40),
    "shortest": Corpus.from_bytes(bytes(range(7))),
}
SIZES = [(1, 2), (2, 1), (4, 3), (16, 8)]


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize(
    ("name", "groups", "bits"),
    [(name, *size) for size in SIZES for name in CORPORA if len(CORPORA[name]) >= size[0] + 3],
)
def test_sums__are_exact_for_every_range(name, groups, bits, shuffled):
    """Whole numbers: equal, not close. Both edges: the first position may be any up to G, the last n-2 or n-3."""
    corpus, carrier = CORPORA[name], Carrier.of("random", bits, groups)
    lesson = Lesson.of(corpus).shuffled(Null(), 0) if shuffled else Lesson.of(corpus)
    counts, X, n = count_register(lesson, groups), naive.signs(carrier.codes, groups, corpus.data), len(corpus)
    for first in {0, 1, groups - 1, groups}:
        for last in (n - 2, n - 3):
            found = normal_equations(counts, carrier, first=first, last=last)
            rows, Y = X[first : last + 1], np.eye(256)[lesson.targets[first : last + 1]]
            assert found.positions == len(rows)
            assert np.array_equal(found.moments, rows.T @ rows)
            assert np.array_equal(found.with_next, rows.T @ Y)
            assert np.array_equal(found.sums, rows.sum(axis=0))


@pytest.mark.parametrize("name", ["siteinfo", "markov", "constant"])
def test_solution__equals_the_explicit_one(name):
    corpus, carrier = CORPORA[name], Carrier.of()
    counts = count_register(Lesson.of(corpus), 16)
    found = normal_equations(counts, carrier).solved(counts.marginal, 0.01)
    expected = naive.pseudo_inverse(carrier.codes, 16, corpus.data, corpus.data[1:], 16, len(corpus) - 2, 0.01)
    np.testing.assert_allclose(found.W, expected, rtol=0, atol=1e-8)


def test_solution__of_merged_shards_is_the_same_bits():
    corpus, carrier = CORPORA["siteinfo"], Carrier.of()
    parts = [offset_counts(corpus, offsets_of(16), start=a, stop=a + 256) for a in (768, 0, 512, 256)]
    whole, merged = (
        normal_equations(counts, carrier).solved(counts.marginal, 0.01)
        for counts in (count_register(Lesson.of(corpus), 16), RegisterCounts.of(OffsetCounts.merged(parts), 16))
    )
    assert np.array_equal(whole.W, merged.W)
    assert whole.condition_number == merged.condition_number


def test_condition_number__is_near_the_exact_one():
    counts, carrier = count_register(Lesson.of(CORPORA["siteinfo"]), 16), Carrier.of()
    equations = normal_equations(counts, carrier)
    for ridge in (0.01, 10.0):
        exact = np.linalg.cond(equations.moments + ridge * np.eye(128), 1)
        assert exact / 3 < equations.solved(counts.marginal, ridge).condition_number <= exact * 1.001


def test_condition_number__falls_with_the_ridge():
    counts, carrier = count_register(Lesson.of(CORPORA["constant"]), 4), Carrier.of("mixed", 8, 4)
    equations = normal_equations(counts, carrier)
    numbers = [equations.solved(counts.marginal, ridge).condition_number for ridge in (0.01, 1.0, 100.0)]
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.parametrize("ridge", [0.0, 1e-14])
def test_solution__singular(ridge):
    counts, carrier = count_register(Lesson.of(CORPORA["constant"]), 4), Carrier.of("mixed", 8, 4)
    with pytest.raises(InputError, match=r"least squares are singular with ridge .*condition number") as caught:
        normal_equations(counts, carrier).solved(counts.marginal, ridge)
    assert "--ridge 0.01" in caught.value.hint


def test_normal_equations__bad_input():
    counts = count_register(Lesson.of(CORPORA["siteinfo"]), 16)
    with pytest.raises(InputError, match="counts must be of 4 groups as the carrier is, got 16"):
        normal_equations(counts, Carrier.of(groups=4))
    with pytest.raises(InputError, match=r"first must be in \[0, 16\], got 17"):
        normal_equations(counts, Carrier.of(), first=17)
    with pytest.raises(InputError, match=r"last must be in \[1021, 1022\], got 1023"):
        normal_equations(counts, Carrier.of(), last=1023)
