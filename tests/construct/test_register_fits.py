"""Fitted read-outs: the published procedures, their positions, their grids; what a fit sees and what it does not."""

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import register as naive
from tests.naive import softmax
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.counts import Lesson
from umrnn.construct.register.closed_fits import RegisterFit
from umrnn.construct.register.scorer import Span, scale_grid
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.rnn import bits_per_byte

pytestmark = pytest.mark.needs_jit
SMALL = Carrier.of("mixed", 3, 2)


def fit_of(corpus=None, carrier=SMALL, **settings):
    return RegisterFit(Lesson.of(corpus or markov(120)), carrier, **settings)


def bits(fit, fitted, span=None):
    return fitted.read_out.bits(fit.lesson, span or fit.whole)


@pytest.mark.parametrize("name", ["unigram", "log_ratio", "fourier", "pseudo_inverse", "gradient", "newton"])
def test_elman__scores_what_the_read_out_does(name):
    fit = fit_of(Corpus.siteinfo(), Carrier.of())
    found = {
        "unigram": lambda: fit.unigram,
        "gradient": lambda: fit.gradient_from_least_squares(0.5, 3),
        "newton": lambda: fit.newton(steps=3),
    }.get(name, lambda: getattr(fit, name)())()
    assert bits_per_byte(fit.elman(found), fit.lesson.corpus) == pytest.approx(bits(fit, found), abs=5e-6)
    assert found.seconds > 0
    assert found.bytes_read == 1024


def test_unigram__is_the_smoothed_share():
    fit = fit_of()
    shares = (np.bincount(fit.lesson.corpus.data, minlength=256) + 0.5) / (120 + 128)
    assert bits(fit, fit.unigram) == pytest.approx(-np.mean(np.log2(shares[fit.lesson.targets])), abs=1e-6)


def test_log_ratio__is_the_best_of_both_grids():
    """Published: alpha .5 … 5, scale .05 … 3, chosen on all positions of the bytes evaluated."""
    fit = fit_of()
    data, targets = fit.lesson.corpus.data, fit.lesson.targets
    rows = SMALL.states(fit.lesson.corpus, dtype=np.float64)[:-1]
    table = {}
    for alpha in scale_grid(0.5, 5, 0.5):
        W = naive.log_ratio(SMALL.codes, 2, data, targets, alpha)
        for scale in scale_grid(0.05, 3, 0.05):
            logits = rows @ (scale * W).T + fit.b_y
            losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(119), targets]
            table[alpha, scale] = losses.mean() / np.log(2)
    found = fit.log_ratio()
    assert (found.facts["alpha"], found.facts["scale"]) == min(table, key=table.get)
    assert bits(fit, found) == pytest.approx(min(table.values()), abs=1e-6)


def test_pseudo_inverse__is_the_definition_at_the_best_scale():
    fit = fit_of()
    n = len(fit.lesson.corpus)
    W = naive.pseudo_inverse(SMALL.codes, 2, fit.lesson.corpus.data, fit.lesson.targets, 2, n - 2, 0.01)
    found = fit.pseudo_inverse()
    np.testing.assert_allclose(found.W_y, found.facts["scale"] * W, atol=1e-8)
    read_out = fit._read_out(W)
    losses = read_out.losses(fit.lesson, fit.whole, scale_grid(1, 50, 0.5))
    assert found.facts["scale"] == scale_grid(1, 50, 0.5)[np.argmin(losses)]
    late = fit.pseudo_inverse(tuned_on=Span(100, 118))
    losses = read_out.losses(fit.lesson, Span(100, 118), scale_grid(1, 50, 0.5))
    assert late.facts["scale"] == scale_grid(1, 50, 0.5)[np.argmin(losses)]


def test_gradient__is_plain_descent_on_the_states_of_full_registers():
    """Positions G … n-3, as published; from zero, and from least squares of the same positions."""
    fit = fit_of()
    n, data = len(fit.lesson.corpus), fit.lesson.corpus.data
    rows, targets = SMALL.states(fit.lesson.corpus, 2, n - 2, dtype=np.float64), fit.lesson.targets[2 : n - 2]
    W, b = softmax.descend(np.zeros((256, 6)), fit.b_y, rows, targets, (0.5, 0.5, 0.15))
    found = fit.gradient_from_zero(0.5, 3, (2,))
    np.testing.assert_allclose(found.W_y, W, atol=1e-6)
    np.testing.assert_allclose(found.b_y, b, atol=1e-6)
    start = naive.pseudo_inverse(SMALL.codes, 2, data, fit.lesson.targets, 2, n - 3, 0.01)
    found = fit.gradient_from_least_squares(0.3, 2)
    scale = fit._tuned(fit._read_out(start), scale_grid(1, 50, 0.5))[0]
    W, b = softmax.descend(scale * start, fit.b_y, rows, targets, (0.3, 0.3))
    np.testing.assert_allclose(found.W_y, W, atol=1e-5)
    assert found.detail == "pinv, then 2 gradient steps, rate 0.3"


def test_newton__goes_below_the_gradient():
    fit = fit_of()
    found, slow = fit.newton(), fit.gradient_from_zero()
    assert found.descent.bits[-1] < slow.descent.bits[-1]
    assert found.facts["steps"] == len(found.descent.bits) - 1 <= 30
    assert found.facts["products"] == found.descent.products


def test_newton_validated__chooses_by_bytes_it_has_not_fitted():
    """Independent bytes teach nothing: the strongest ridge wins. A chain that repeats itself bears a weaker one."""
    rng = np.random.default_rng(0)
    noise = fit_of(Corpus.from_bytes(rng.integers(97, 105, 150).astype(np.uint8)), Carrier.of("mixed", 8, 4))
    assert noise.newton_validated().facts["ridge"] == 0.1
    certain = fit_of(Corpus.from_bytes(b"abcdef" * 40))
    assert certain.newton_validated().facts["ridge"] == 0.001
    assert fit_of(Corpus.from_bytes(b"abcde")).newton_validated().facts["ridge"] == 0.1  # nothing to set aside


def test_descents__see_the_latest_bytes_only():
    corpus = Corpus.from_bytes(bytes(markov(200).data[::-1]) + bytes(markov(200).data))
    part = fit_of(corpus, descent_bytes=50)
    assert part.descent_span == Span(348, 397)
    found = part.gradient_from_zero(0.5, 4)
    assert found.bytes_read == 50
    rows = SMALL.states(corpus, 348, 398, dtype=np.float64)
    W, _ = softmax.descend(np.zeros((256, 6)), part.b_y, rows, part.lesson.targets[348:398], [0.5] * 4)
    np.testing.assert_allclose(found.W_y, W, atol=1e-6)
    assert part.gradient_from_least_squares(0.5, 1).bytes_read == 400


def test_fit__of_shuffled_targets_predicts_these():
    """Every read-out can learn by heart; what it then says of the true targets is worth less than their shares."""
    lesson = Lesson.of(Corpus.siteinfo()).shuffled(Null(), 0)
    fit = RegisterFit(lesson, Carrier.of())
    plain = Lesson.of(Corpus.siteinfo())
    for found in (fit.log_ratio(), fit.naive_bayes(), fit.pseudo_inverse(), fit.newton(steps=5)):
        assert bits(fit, found) < bits(fit, fit.unigram)
        assert found.read_out.bits(plain, fit.whole) > bits(fit, fit.unigram)


def test_naive_bayes__is_no_network():
    fit = fit_of()
    with pytest.raises(InputError, match="naive Bayes reads bytes, not the codes of a shift register"):
        fit.elman(fit.naive_bayes())


def test_fit__is_the_same_bits_on_any_number_of_threads():
    found = []
    for threads in (1, 2, 5):
        fit = fit_of(Corpus.siteinfo(), Carrier.of(), threads=threads)
        read_outs = (fit.log_ratio(), fit.pseudo_inverse(), fit.gradient_from_zero(steps=3), fit.newton(steps=2))
        found.append([(read_out.W_y.tobytes(), read_out.b_y.tobytes()) for read_out in read_outs])
    assert found[0] == found[1] == found[2]


def test_descents__need_a_full_register():
    fit = fit_of(Corpus.from_bytes(bytes(range(5))))
    assert fit.gradient_from_zero(0.5, 1).W_y.shape == (256, 6)
    assert fit.descent_span == Span(2, 2)
