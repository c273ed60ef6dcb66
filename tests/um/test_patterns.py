"""Skip patterns, n-grams and their scores: published figures on siteinfo, definitions on small corpora."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import corpora
from tests.naive import counting as naive
from umrnn import um
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Check, Null, Split
from umrnn.progress import Work

NO_NULL = Null(0)
SITEINFO = Corpus.siteinfo()


# EXPERIMENTS of the archive, greedy tables of section 8 and n-gram counts of section 7.
@pytest.mark.parametrize(
    ("offsets", "bits", "patterns", "contexts"),
    [
        ((1,), 2.0469, 231, 52),
        ((1, 8), 0.4968, 511, 379),
        ((1, 8, 20), 0.1201, 700, 664),
        ((1, 8, 20, 3), 0.06927, 712, 691),
        ((1, 8, 20, 3, 27, 2, 12, 7), 0.04294, 834, 822),
        ((1, 8, 45, 36, 48, 10), 0.0, 909, 909),
        ((1, 2), 0.556, 341, 231),
    ],
)
def test_skip_patterns__published_figures(offsets: tuple[int, ...], bits: float, patterns: int, contexts: int) -> None:
    headline = um.skip_patterns(SITEINFO, offsets, check=Check(null=NO_NULL)).headline()
    assert headline["bits"] == pytest.approx(bits, abs=0.001)
    assert (headline["patterns"], headline["contexts"]) == (patterns, contexts)
    assert headline["positions"] == 1024 - max(offsets)


def test_skip_patterns__null_and_held_out_stand_beside() -> None:
    headline = um.skip_patterns(SITEINFO, (1, 8, 20, 3)).headline()
    assert headline["bits"] == pytest.approx(0.069273, abs=1e-6)
    assert headline["null_bits"] == pytest.approx(0.886, abs=0.005)
    assert headline["held_out_bpc"] == pytest.approx(2.204, abs=5e-4)


def test_ngram_orders__published_figures() -> None:
    result = um.ngram_orders(SITEINFO, 12, check=Check(null=NO_NULL))
    assert result.headline()["patterns_total"] == 6180
    patterns = [order.patterns for order in result.orders]
    assert patterns == [231, 341, 401, 453, 498, 532, 564, 590, 614, 634, 653, 669]
    bpc = {order.order: order.bpc for order in result.orders}
    assert bpc[1] == pytest.approx(2.0469, abs=1e-4)
    assert bpc[2] == pytest.approx(0.5596, abs=1e-4)
    assert bpc[10] == pytest.approx(0.0762, abs=1e-4)
    assert bpc[12] == pytest.approx(0.0665, abs=1e-4)


def test_ngram_orders__headline_begins_with_the_order_that_predicts_best() -> None:
    result = um.ngram_orders(SITEINFO.slice(0, 400), 12, check=Check(null=NO_NULL))
    scores = [order.held_out_bpc for order in result.orders]
    headline = result.headline()
    assert next(iter(headline)) == "best_held_out_order"
    assert headline["best_held_out_bpc"] == min(scores)
    assert headline["best_held_out_order"] == 1 + scores.index(min(scores))
    assert (headline["bpc"], headline["held_out_bpc"]) == (result.orders[-1].bpc, scores[-1])  # as published


def test_ngram_orders__of_equal_orders_the_shortest_is_best() -> None:
    one = um.ngram_orders(Corpus.from_bytes(b"abc"), 2, check=Check(null=NO_NULL))  # nothing to count: no score
    assert one.best_held_out is one.orders[0]


@pytest.mark.parametrize("offsets", [(1,), (2, 1), (1, 3, 2)])
@pytest.mark.parametrize("name", ["periodic", "few symbols", "markov", "random"])
def test_scores__equal_definitions(name: str, offsets: tuple[int, ...]) -> None:
    corpus = dict(corpora.small())[name]
    data = corpus.data.tolist()
    result = um.skip_patterns(corpus, offsets, check=Check(null=NO_NULL)).headline()
    assert result["bits"] == pytest.approx(naive.conditional_entropy(naive.contexts(data, offsets)), abs=1e-12)
    expected = naive.witten_bell_bits(data, offsets, len(data) // 2)
    assert result["held_out_bpc"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_ngram_orders__bpc_equals_definition(order: int) -> None:
    corpus = corpora.markov(150)
    found = um.ngram_orders(corpus, order, check=Check(null=NO_NULL)).headline()["bpc"]
    assert found == pytest.approx(naive.ngram_bpc(corpus.data.tolist(), order), abs=1e-12)


def test_held_out_bits__sum_to_one_over_the_next_byte() -> None:
    """The score is a distribution: over all 256 last bytes the probabilities add up to one, seen or unseen."""
    text = corpora.markov(60).data.copy()
    total = 0.0
    for byte in range(256):
        text[-1] = byte
        with_byte = um.held_out_bits(Corpus.from_bytes(text.copy()), (1, 2), Split()) * 30
        text_before = um.held_out_bits(Corpus.from_bytes(text[:-1].copy()), (1, 2), Split(30.5 / 59)) * 29
        total += 2.0 ** -(with_byte - text_before)
    assert total == pytest.approx(1.0, abs=1e-9)


def test_held_out_bits__nothing_to_count_is_nan() -> None:
    corpus = Corpus.from_bytes(b"abcdef")
    assert np.isnan(um.held_out_bits(corpus, (4,), Split()))
    assert not np.isnan(um.held_out_bits(corpus, (1,), Split()))


def test_held_out_score__of_a_tuple_is_the_same_in_every_table() -> None:
    alone = um.skip_patterns(SITEINFO, (1, 8, 20, 3), check=Check(null=NO_NULL))
    within = um.greedy_patterns(SITEINFO, 8, 30, check=Check(null=NO_NULL))
    assert within.selected.prefixes[4].held_out_bpc == alone.headline()["held_out_bpc"]
    ngrams = um.ngram_orders(SITEINFO, 12, check=Check(null=NO_NULL)).orders[0]
    assert ngrams.held_out_bpc == um.skip_patterns(SITEINFO, (1,), check=Check(null=NO_NULL)).headline()["held_out_bpc"]


def test_shuffled_null__does_not_depend_on_threads() -> None:
    figures = {um.skip_patterns(SITEINFO, (1, 8), work=Work(threads=n)).headline()["null_bits"] for n in (1, 2, 3)}
    assert len(figures) == 1


def test_pattern_listing__counts_gains_and_places() -> None:
    corpus = Corpus.from_bytes(b"abcabdabc" * 4)
    table = um.skip_patterns(corpus, (1, 2), listing=um.Listing(3, 5), check=Check(null=NO_NULL)).tables()["patterns"]
    row = dict(zip(table.columns, table.rows[0], strict=True))
    data = bytes(corpus.data)
    for values in table.rows:
        entry = dict(zip(table.columns, values, strict=True))
        places = [t for t in range(2, 36) if bytes([data[t - 1], data[t - 2]]) == entry["context"]]
        matches = [t for t in places if data[t] == entry["next"][0]]
        assert (entry["count"], entry["context_count"]) == (len(matches), len(places))
        assert entry["count"] >= 5
        assert entry["held_out_count"] == sum(t >= 18 for t in matches)
        assert entry["places"] == tuple(matches[:5])
        p_next = sum(data[t] == entry["next"][0] for t in range(2, 36)) / 34
        assert entry["gain_bits"] == pytest.approx(
            len(matches) * np.log2(len(matches) / len(places) / p_next), abs=1e-9
        )
    assert row["example"] == data[row["places"][0] - 2 : row["places"][0] + 1]


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=3, max_size=120), st.data())
def test_patterns__merge_of_any_split_is_the_whole(text: bytes, data: st.DataObject) -> None:
    corpus = Corpus.from_bytes(text)
    offsets = tuple(data.draw(st.lists(st.integers(1, len(text) - 1), min_size=1, max_size=3, unique=True)))
    first = max(offsets)
    cuts = sorted(data.draw(st.sets(st.integers(first + 1, len(text)), max_size=3)) - {len(text)})
    edges = [0, *cuts, len(text)]
    parts = [um.Patterns.of(corpus, offsets, start=a, stop=b) for a, b in itertools.pairwise(edges)]
    whole = um.Patterns.of(corpus, offsets)
    merged = um.Patterns.merged(data.draw(st.permutations(parts)))
    for name in ("contexts", "targets", "counts"):
        assert getattr(merged, name).tolist() == getattr(whole, name).tolist()
    assert merged.bits == whole.bits


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ((0,), "every offset must be at least 1, got 0"),
        ((-3,), "every offset must be at least 1, got -3"),
        ((2, 2), "offsets must be distinct, got 2 more than once"),
        ((5,), "every offset must be shorter than the corpus of 5 bytes, got 5"),
        ((), "offsets must name at least one offset"),
    ],
)
def test_skip_patterns__unfit_offsets(offsets: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        um.skip_patterns(Corpus.from_bytes(b"abcde"), offsets)


def test_skip_patterns__one_byte_has_no_offset() -> None:
    with pytest.raises(InputError, match="shorter than the corpus of 1 bytes"):
        um.skip_patterns(Corpus.from_bytes(b"a"), (1,))


def test_ngram_orders__order_beyond_the_corpus() -> None:
    with pytest.raises(InputError, match="max-order must be shorter than the corpus of 3 bytes, got 3"):
        um.ngram_orders(Corpus.from_bytes(b"abc"), 3)


def test_pattern_listing__places_are_positions_in_the_source() -> None:
    whole = Corpus.from_bytes(b"0123" + b"ab" * 20)
    table = um.skip_patterns(whole.slice(4, 44), (1,), check=Check(null=NO_NULL)).tables()["patterns"]
    for row in table.rows:
        entry = dict(zip(table.columns, row))
        assert [whole.data[t] for t in entry["places"]] == [entry["next"][0]] * len(entry["places"])


def test_null_bits__is_the_mean_over_plain_shuffles() -> None:
    """Within five standard errors of shuffling the column of targets by hand."""
    corpus = corpora.markov(200)
    pairs = naive.contexts(corpus.data.tolist(), (1, 2))
    rng = np.random.default_rng(8)
    drawn = []
    for _ in range(200):
        targets = rng.permutation([y for _, y in pairs]).tolist()
        drawn.append(naive.conditional_entropy([(c, y) for (c, _), y in zip(pairs, targets)]))
    found = um.skip_patterns(corpus, (1, 2)).headline()["null_bits"]
    assert found == pytest.approx(np.mean(drawn), abs=5 * np.std(drawn) * np.sqrt(2 / 200))
