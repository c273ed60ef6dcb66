"""Additive read-outs: bits as the network's, both ways to the logits, shared outputs, the best of a grid."""

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import register as naive
from tests.naive import softmax
from umrnn.construct.register import scorer as additive
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.scorer import RegisterScorer, Span, scale_grid
from umrnn.construct.study import Lesson
from umrnn.corpus import Corpus
from umrnn.nulls import Null
from umrnn.rnn import bits_per_byte

pytestmark = pytest.mark.needs_jit
CARRIER = Carrier.of("mixed", 4, 3)
LESSON = Lesson.of(markov(300))
WHOLE = Span(0, 298)


def weights(shared=True, seed=0):
    """Random; the bytes that never occur alike, or not."""
    rng = np.random.default_rng(seed)
    W, b = rng.standard_normal((256, CARRIER.hidden)), rng.standard_normal(256)
    if shared:
        alike = ~np.isin(np.arange(256), LESSON.corpus.data)
        W[alike], b[alike] = W[0], b[0]
    return W, b


def expected(W, b, lesson, span, scale=1.0):
    rows = CARRIER.states(lesson.corpus, dtype=np.float64)[span.first : span.last + 1]
    return np.mean(softmax.bits(scale * W, b, rows, lesson.targets[span.first : span.last + 1]))


@pytest.mark.parametrize("tables", [0, 1 << 30])  # by a matrix product, by tables
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("span", [WHOLE, Span(0, 0), Span(2, 270), Span(298, 298)])
def test_bits__are_the_definition(span, shared, tables, monkeypatch):
    monkeypatch.setattr(additive, "_TABLES", tables)
    W, b = weights(shared)
    for lesson in (LESSON, LESSON.shuffled(Null(), 0)):
        for scale in (1.0, 0.3):
            found = RegisterScorer.of_weights(CARRIER, W, b).bits(lesson, span, scale)
            assert found == pytest.approx(expected(W, b, lesson, span, scale), abs=1e-5)


def test_bits__are_those_of_the_network():
    W, b = weights()
    model = CARRIER.elman(W, b)
    found = RegisterScorer.of_weights(CARRIER, W, b).bits(LESSON, WHOLE)
    assert found == pytest.approx(bits_per_byte(model, LESSON.corpus), rel=1e-6)


def test_bits__of_targets_among_shared_outputs():
    """All bytes alike: 8 bits for each, though they share one column."""
    read_out = RegisterScorer.of_weights(CARRIER, np.zeros((256, CARRIER.hidden)), np.zeros(256))
    assert read_out.bits(LESSON, WHOLE) == pytest.approx(8, abs=1e-6)


@pytest.mark.parametrize("shared", [True, False])
def test_of_tables__is_the_sum_of_their_rows(shared):
    rng = np.random.default_rng(2)
    tables, b = rng.standard_normal((3, 256, 256)), rng.standard_normal(256)
    if shared:
        tables[:, :, 200:] = tables[:, :, :1]
        b[200:] = b[0]
    logits = [b + 0.5 * naive.additive(tables, LESSON.corpus.data, t) for t in range(299)]
    bits = [-np.log2(np.exp(row[y]) / np.exp(row).sum()) for row, y in zip(logits, LESSON.targets)]
    assert RegisterScorer.of_tables(tables, b).bits(LESSON, WHOLE, 0.5) == pytest.approx(np.mean(bits), abs=1e-5)


def test_losses__are_the_bits_of_each_scale():
    read_out = RegisterScorer.of_weights(CARRIER, *weights())
    scales = np.array([0.0, 0.4, 2.0])
    assert read_out.losses(LESSON, WHOLE, scales).tolist() == [read_out.bits(LESSON, WHOLE, s) for s in scales]


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 60])
def test_best_scale__is_the_best_of_the_whole_grid(size):
    for seed in range(4):
        read_out = RegisterScorer.of_weights(CARRIER, *weights(seed=seed))
        grid = scale_grid(-0.2 * seed, -0.2 * seed + 0.02 * (size - 1), 0.02)
        losses = read_out.losses(LESSON, WHOLE, grid)
        assert read_out.best_scale(LESSON, WHOLE, grid) == (grid[np.argmin(losses)], losses.min())


def test_bits__are_the_same_on_any_number_of_threads():
    corpus = Corpus.from_bytes(bytes(LESSON.corpus.data) * 60)  # three pieces of work
    read_out, lesson = RegisterScorer.of_weights(CARRIER, *weights()), Lesson.of(corpus)
    found = {read_out.bits(lesson, Span(0, len(lesson) - 1), threads=threads) for threads in (1, 2, 5)}
    assert len(found) == 1


def test_span__latest():
    assert Span(3, 10).latest(4) == Span(7, 10)
    assert Span(3, 10).latest(100) == Span(3, 10)
    assert len(Span(3, 10)) == 8
