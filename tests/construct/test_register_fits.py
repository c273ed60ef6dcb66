"""Fits of a register: the published procedures, their positions, their grids; what a fit sees and what it does not."""

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import register as naive
from tests.naive import softmax
from umrnn.construct.register import Carrier, ClosedForms, Descents, Span, bounded_descents
from umrnn.construct.register.counted import CountedRegister
from umrnn.construct.register.scorer import scale_grid
from umrnn.construct.study import Holdout, Lesson
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn import bits_per_byte

pytestmark = pytest.mark.needs_jit
SMALL = Carrier.of("mixed", 3, 2)
CLOSED, DESCENTS = ClosedForms(SMALL), Descents(SMALL)
LESSON = Lesson.of(markov(120))
N = 120


def counted(lesson=LESSON, carrier=SMALL):
    return CountedRegister(lesson, carrier)


def full_procedures(carrier):
    closed, descents = ClosedForms(carrier), Descents(carrier)
    return {
        "log_ratio": closed.log_ratio,
        "fourier": closed.fourier,
        "pseudo_inverse": closed.pseudo_inverse,
        "gradient": lambda lesson: descents.from_least_squares(lesson, 0.5, 3),
        "newton": lambda lesson: descents.newton(lesson, steps=3),
    }


@pytest.mark.parametrize("name", ["log_ratio", "fourier", "pseudo_inverse", "gradient", "newton"])
def test_fit__is_the_network_it_says(name):
    corpus = Corpus.siteinfo()
    found = full_procedures(Carrier.of())[name](Lesson.of(corpus))
    assert bits_per_byte(found.model, corpus) == pytest.approx(found.bpc, abs=5e-6)
    assert found.seconds > 0
    assert found.bits(corpus, 1) == pytest.approx(found.bpc, rel=1e-9)
    assert found.bits(corpus, 17) == pytest.approx(found.full_bpc, rel=1e-9)  # from the first full register on
    assert np.array_equal(found.byte_counts, np.bincount(corpus.data, minlength=256))


def test_log_ratio__is_the_best_of_both_grids():
    """Published: alpha .5 … 5, scale .05 … 3, chosen on all positions of the bytes evaluated."""
    data, targets = LESSON.corpus.data, LESSON.targets
    rows = SMALL.states(LESSON.corpus, dtype=np.float64)[:-1]
    table = {}
    for alpha in scale_grid(0.5, 5, 0.5):
        W = naive.log_ratio(SMALL.codes, 2, data, targets, alpha)
        for scale in scale_grid(0.05, 3, 0.05):
            logits = rows @ (scale * W).T + counted().b_y
            losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(119), targets]
            table[alpha, scale] = losses.mean() / np.log(2)
    found = CLOSED.log_ratio(LESSON)
    assert (found.facts["alpha"], found.facts["scale"]) == min(table, key=table.get)
    assert found.bpc == pytest.approx(min(table.values()), abs=1e-6)


def test_log_ratio__tuned_on_another_text_takes_its_bias():
    other = Lesson.of(markov(300))
    found = CLOSED.log_ratio(LESSON, tuned_on=(other, Span(120, 298)))
    assert np.array_equal(found.b_y, counted(other).b_y)
    grid = {
        alpha: counted(other).scorer(naive.log_ratio(SMALL.codes, 2, LESSON.corpus.data, LESSON.targets, alpha))
        for alpha in scale_grid(0.5, 5, 0.5)
    }
    losses = {alpha: scorer.losses(other, Span(120, 298), scale_grid(0.05, 3, 0.05)) for alpha, scorer in grid.items()}
    alpha = min(losses, key=lambda alpha: losses[alpha].min())
    assert found.facts == {"alpha": alpha, "scale": scale_grid(0.05, 3, 0.05)[np.argmin(losses[alpha])]}


@pytest.mark.parametrize("full", [False, True])
def test_pseudo_inverse__is_the_definition_at_the_best_scale(full):
    W = naive.pseudo_inverse(SMALL.codes, 2, LESSON.corpus.data, LESSON.targets, 2, N - 2, 0.01)
    found = CLOSED.pseudo_inverse(LESSON, tuned_when_full=full)
    np.testing.assert_allclose(found.W_y, found.facts["scale"] * W, atol=1e-8)
    losses = counted().scorer(W).losses(LESSON, Span(2 if full else 0, 118), scale_grid(1, 50, 0.5))
    assert found.facts["scale"] == scale_grid(1, 50, 0.5)[np.argmin(losses)]


def test_gradient__is_plain_descent_on_the_states_of_full_registers():
    """Positions G … n-3, as published; from zero, and from least squares of the same positions."""
    data, b_y = LESSON.corpus.data, counted().b_y
    rows, targets = SMALL.states(LESSON.corpus, 2, N - 2, dtype=np.float64), LESSON.targets[2 : N - 2]
    W, b = softmax.descend(np.zeros((256, 6)), b_y, rows, targets, (0.5, 0.5, 0.15))
    found = DESCENTS.from_zero(LESSON, 0.5, 3, (2,))
    np.testing.assert_allclose(found.W_y, W, atol=1e-6)
    np.testing.assert_allclose(found.b_y, b, atol=1e-6)
    start = naive.pseudo_inverse(SMALL.codes, 2, data, LESSON.targets, 2, N - 3, 0.01)
    found = DESCENTS.from_least_squares(LESSON, 0.3, 2)
    scale = counted().tuned(counted().scorer(start), scale_grid(1, 50, 0.5))[0]
    W, b = softmax.descend(scale * start, b_y, rows, targets, (0.3, 0.3))
    np.testing.assert_allclose(found.W_y, W, atol=1e-5)
    assert found.detail == "pinv, then 2 gradient steps, rate 0.3"


def test_descents__may_see_the_last_position_too():
    rows, targets = SMALL.states(LESSON.corpus, 2, N - 1, dtype=np.float64), LESSON.targets[2:]
    W, _ = softmax.descend(np.zeros((256, 6)), counted().b_y, rows, targets, (0.5,))
    found = Descents(SMALL, leave_out=0).from_zero(LESSON, 0.5, 1)
    np.testing.assert_allclose(found.W_y, W, atol=1e-6)


def test_newton__goes_below_the_gradient():
    found, slow = DESCENTS.newton(LESSON), DESCENTS.from_zero(LESSON)
    assert found.descent.bits[-1] < slow.descent.bits[-1]
    assert found.facts["steps"] == len(found.descent.bits) - 1 <= 30
    assert found.facts["products"] == found.descent.products


def test_newton_validated__chooses_by_bytes_it_has_not_fitted():
    """Independent bytes teach nothing: the strongest ridge wins. A chain that repeats itself bears a weaker one."""
    noise = Corpus.from_bytes(np.random.default_rng(0).integers(97, 105, 150).astype(np.uint8))
    assert Descents(Carrier.of("mixed", 8, 4)).newton_validated(Lesson.of(noise)).facts["ridge"] == 0.1
    certain = Lesson.of(Corpus.from_bytes(b"abcdef" * 40))
    assert DESCENTS.newton_validated(certain).facts["ridge"] == 0.001
    short = Lesson.of(Corpus.from_bytes(b"abcde"))
    assert DESCENTS.newton_validated(short).facts["ridge"] == 0.1  # nothing to set aside


def test_descents__see_the_latest_bytes_only_and_say_so():
    corpus = Corpus.from_bytes(bytes(markov(200).data[::-1]) + bytes(markov(200).data))
    lesson, part = Lesson.of(corpus), Descents(SMALL, 50)
    assert part.span(lesson) == Span(348, 397)
    found = part.from_zero(lesson, 0.5, 4)
    assert found.detail == "4 gradient steps, rate 0.5, latest 50 bytes"
    rows = SMALL.states(corpus, 348, 398, dtype=np.float64)
    W, _ = softmax.descend(np.zeros((256, 6)), counted(lesson).b_y, rows, lesson.targets[348:398], [0.5] * 4)
    np.testing.assert_allclose(found.W_y, W, atol=1e-6)
    assert Descents(SMALL, 396).from_zero(lesson, 0.5, 1).detail == "1 gradient steps, rate 0.5"


def test_bounded_descents__see_all_of_the_published_text_and_parts_of_others():
    def latest(data, given=None):
        return [descents.latest for descents in bounded_descents(SMALL, Holdout.of(Corpus.from_bytes(data)), given)]

    text = bytes(Corpus.siteinfo().data)
    assert latest(text)[0] >= 512
    assert latest(text)[1] >= 1024
    everything = bytes(range(256))
    assert latest(everything * 4) == [107, 214]  # 55,000 / 256, and half of it
    assert latest(everything * 64) == [1024, 2048]  # an eighth
    assert latest(everything * 1024) == [8192, 8192]
    assert latest(everything * 4, 99) == [99, 99]


def test_fit__of_shuffled_targets_predicts_these():
    """Every read-out can memorise; what it then says of the true targets is worth less than their shares."""
    carrier, corpus = Carrier.of(), Corpus.siteinfo()
    lesson = Lesson.of(corpus).shuffled(Null(), 0)
    shares = counted(lesson, carrier).scorer(np.zeros((256, 128))).bits(lesson, Span(0, 1022))
    closed = ClosedForms(carrier)
    for found in (
        closed.log_ratio(lesson),
        closed.naive_bayes(lesson),
        closed.pseudo_inverse(lesson),
        Descents(carrier).newton(lesson, steps=5),
    ):
        assert found.bpc < shares < found.bits(corpus, 1)


def test_naive_bayes__is_no_network():
    found = CLOSED.naive_bayes(LESSON)
    assert found.model is None
    with pytest.raises(InputError, match="naive Bayes reads bytes, not the codes of a shift register"):
        found.elman()


def test_fit__is_the_same_bits_on_any_number_of_threads():
    carrier, found = Carrier.of(), []
    closed, descents = ClosedForms(carrier), Descents(carrier)
    for threads in (1, 2, 5):
        lesson = Lesson.of(Corpus.siteinfo(), Work(threads))
        fits = (
            closed.log_ratio(lesson),
            closed.pseudo_inverse(lesson),
            descents.from_zero(lesson, steps=3),
            descents.newton(lesson, steps=2),
        )
        found.append([(fit.W_y.tobytes(), fit.b_y.tobytes()) for fit in fits])
    assert found[0] == found[1] == found[2]


def test_descents__need_a_full_register():
    lesson = Lesson.of(Corpus.from_bytes(bytes(range(5))))
    assert DESCENTS.from_zero(lesson, 0.5, 1).W_y.shape == (256, 6)
    assert DESCENTS.span(lesson) == Span(2, 2)
    with pytest.raises(InputError, match="descent-bytes must be at least 1, got 0"):
        Descents(SMALL, 0)


def test_counted__is_shared_by_carriers_of_as_many_groups():
    lesson = Lesson.of(markov(100))
    assert counted(lesson, Carrier.of("bits", 8, 2)).counts is counted(lesson).counts
    assert counted(lesson, Carrier.of("bits", 8, 3)).counts is not counted(lesson).counts
