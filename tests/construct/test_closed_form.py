"""Log-ratio, Fourier and naive Bayes equal their definitions."""

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import register as naive
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.closed_form import fourier, log_ratio, naive_bayes
from umrnn.construct.register.counts import count_register
from umrnn.construct.study import Lesson
from umrnn.errors import InputError
from umrnn.nulls import Null

pytestmark = pytest.mark.needs_jit
CARRIER = Carrier.of("mixed", 2, 2)


@pytest.fixture(params=["in order", "shuffled"])
def lesson(request):
    plain = Lesson.of(markov(40))
    return plain if request.param == "in order" else plain.shuffled(Null(), 0)


def test_log_ratio__is_the_definition(lesson):
    found = log_ratio(count_register(lesson, 2), CARRIER, 2.5)
    np.testing.assert_allclose(
        found, naive.log_ratio(CARRIER.codes, 2, lesson.corpus.data, lesson.targets, 2.5), rtol=0, atol=1e-12
    )


def test_fourier__is_the_definition(lesson):
    found = fourier(count_register(lesson, 2), CARRIER, 0.01)
    np.testing.assert_allclose(
        found, naive.fourier(CARRIER.codes, 2, lesson.corpus.data, lesson.targets, 0.01), rtol=0, atol=1e-11
    )


def test_naive_bayes__is_the_definition(lesson):
    found = naive_bayes(count_register(lesson, 2), 0.5)
    np.testing.assert_allclose(found, naive.naive_bayes(2, lesson.corpus.data, lesson.targets, 0.5), rtol=0, atol=1e-12)


def test_fourier__is_least_squares_where_signs_are_uncorrelated():
    """All 256 bytes equally often: the mean of s times the target is the regression of the target on s."""
    from umrnn.corpus import Corpus

    rng = np.random.default_rng(0)
    corpus = Corpus.from_bytes(rng.permutation(np.tile(np.arange(256), 2)).astype(np.uint8))
    carrier = Carrier.of("bits", 8, 1)
    counts = count_register(Lesson.of(corpus), 1)
    gain, weight = naive_bayes(counts, 0.01)[0], counts.nexts[0].sum(axis=1)
    S = carrier.codes.astype(float)
    explicit = np.linalg.solve(S.T @ (weight[:, None] * S), S.T @ (weight[:, None] * gain)).T
    np.testing.assert_allclose(fourier(counts, carrier), explicit, atol=0.05)


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan")])
def test_closed_forms__need_something_added(alpha):
    counts = count_register(Lesson.of(markov(40)), 2)
    for call in (
        lambda: log_ratio(counts, CARRIER, alpha),
        lambda: fourier(counts, CARRIER, alpha),
        lambda: naive_bayes(counts, alpha),
    ):
        with pytest.raises(InputError, match="alpha must be above 0"):
            call()


def test_closed_forms__need_counts_of_their_groups():
    counts = count_register(Lesson.of(markov(40)), 3)
    for call in (log_ratio, fourier):
        with pytest.raises(InputError, match="counts must be of 2 groups as the carrier is, got 3"):
            call(counts, CARRIER, 1.0)
