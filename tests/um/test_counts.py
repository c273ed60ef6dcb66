"""OffsetCounts, mutual information, synergy, trie and survival."""

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
from umrnn.nulls import Check, Null
from umrnn.progress import Work

SITEINFO = Corpus.siteinfo()


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=90), st.data())
def test_offset_counts__merge_of_any_split_is_the_whole(text: bytes, data: st.DataObject) -> None:
    corpus = Corpus.from_bytes(text)
    offsets = data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=4, unique=True))
    edges = [0, *sorted(data.draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=4)) - {len(text)}), len(text)]
    alone = Work(threads=1)
    parts = [um.offset_counts(corpus, offsets, start=a, stop=b, work=alone) for a, b in itertools.pairwise(edges)]
    whole = um.offset_counts(corpus, offsets, work=alone)
    merged = um.OffsetCounts.merged(data.draw(st.permutations(parts)))
    assert (merged.start, merged.stop) == (whole.start, whole.stop)
    for name in ("counts", "head", "tail"):
        assert np.array_equal(getattr(merged, name), getattr(whole, name)), name


def test_offset_counts__equal_definition_on_threads() -> None:
    corpus = corpora.markov(300)
    found = um.offset_counts(corpus, [0, 1, 5], start=3, work=Work(threads=2))
    for offset in (0, 1, 5):
        table = found.table(offset)
        expected = naive.pair_counts(corpus.data.tolist(), offset, 3, 300)
        assert {(int(a), int(b)): int(table[a, b]) for a, b in zip(*np.nonzero(table))} == expected


def test_offset_counts__edges_follow_a_slice() -> None:
    found = um.offset_counts(SITEINFO.slice(100, 200), [3])
    assert (found.start, found.stop) == (100, 200)
    assert found.head.tolist() == SITEINFO.data[100:103].tolist()
    assert found.tail.tolist() == SITEINFO.data[197:200].tolist()


def test_offset_counts__add_only_what_adjoins() -> None:
    first = um.offset_counts(SITEINFO, [1], stop=10)
    with pytest.raises(InputError, match="adjoining ranges"):
        first + um.offset_counts(SITEINFO, [1], start=11)
    with pytest.raises(InputError, match="equal offsets"):
        first + um.offset_counts(SITEINFO, [2], start=10)
    with pytest.raises(InputError, match="offset 2 was not counted"):
        first.table(2)


def test_mutual_information__equals_definition_and_exact_null() -> None:
    corpus = corpora.markov(400)
    row = um.mutual_information(corpus, 3).offsets[1]
    assert row.mi_bits == pytest.approx(naive.mutual_information(corpus.data.tolist(), 2), abs=1e-12)
    rng = np.random.default_rng(0)
    before, after = corpus.data[:-2], corpus.data[2:]
    drawn = []
    for _ in range(300):
        interleaved = bytes(np.column_stack((before, rng.permutation(after))).reshape(-1))
        pairs = [(interleaved[i], interleaved[i + 1]) for i in range(0, len(interleaved), 2)]
        joint = naive.weight(list(naive.Counter(pairs).values()))
        margins = sum(naive.weight(list(naive.Counter(side).values())) for side in zip(*pairs))
        drawn.append((joint - margins + len(pairs) * np.log2(len(pairs))) / len(pairs))
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert row.null_bits == pytest.approx(np.mean(drawn), abs=5 * error)


def test_mutual_information__of_noise_is_all_bias() -> None:
    row = um.mutual_information(corpora.independent(20_000), 1).offsets[0]
    assert row.mi_bits > 1.0
    assert row.mi_bits == pytest.approx(row.null_bits, abs=0.02)
    assert row.held_out_bits < 0.05


@pytest.mark.needs_jit
def test_synergy__published_figures() -> None:
    result = um.pair_synergies(SITEINFO, 20, check=Check(null=Null(19)))
    by_pair = {(row.offset_a, row.offset_b): row for row in result.pairs}
    headline = result.headline()
    assert headline["pairs"] == 190
    assert headline["mean_synergy_bits"] == pytest.approx(0.27, abs=0.005)
    assert headline["max_pair"] == [9, 18]
    assert headline["max_synergy_bits"] == pytest.approx(0.72, abs=0.005)
    assert headline["null_bits"] == pytest.approx(0.92, abs=0.05)
    for pair, bits in {(1, 2): -0.98, (1, 8): -0.21, (3, 12): 0.34, (6, 15): 0.60}.items():
        assert by_pair[pair].synergy_bits == pytest.approx(bits, abs=0.005)
        assert by_pair[pair].p_value == 1.0


def test_synergy__of_exclusive_or_is_one_bit() -> None:
    rng = np.random.default_rng(4)
    bits = rng.integers(0, 2, 4000)
    for t in range(3, 4000, 3):
        bits[t] = bits[t - 1] ^ bits[t - 2]
    symbols = bits + 2 * (np.arange(4000) % 3)  # the phase is visible, so only a third of the targets are determined
    result = um.pair_synergies(Corpus.from_bytes(symbols.astype(np.uint8)), 2, check=Check(null=Null(99)))
    (row,) = result.pairs
    assert row.synergy_bits == pytest.approx(1 / 3 - np.log2(3), abs=0.02)  # the phase is known from either byte
    assert row.improvement_bits == pytest.approx(1 / 3, abs=0.02)
    assert row.held_out_improvement_bits == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.needs_jit
def test_synergy__of_noise_is_neither_significant_nor_useful() -> None:
    result = um.pair_synergies(corpora.independent(4000), 6, check=Check(null=Null(99)))
    assert min(row.p_value for row in result.pairs) > 0.01
    assert max(row.held_out_improvement_bits for row in result.pairs) < 0
    for row in result.pairs:
        assert row.improvement_bits == pytest.approx(row.null_improvement_bits, abs=0.05)


def test_defaults__fit_a_short_corpus() -> None:
    corpus = Corpus.from_bytes(b"tick tock")
    null = Null(3)
    assert len(um.ngram_orders(corpus, check=Check(null=null)).orders) == 8
    assert len(um.mutual_information(corpus).offsets) == 8
    assert um.backward_trie(corpus, check=Check(null=null)).outputs[0].contexts
    assert len(um.pair_synergies(corpus, check=Check(null=null)).pairs) == 28
    assert [row.offsets for row in um.pattern_survival(corpus, null=null).tuples] == [(1, 2)]
    assert um.greedy_patterns(corpus, 2, check=Check(null=null)).headline()["offsets"]
    for function in (um.ngram_orders, um.mutual_information, um.backward_trie, um.pair_synergies, um.pattern_survival):
        with pytest.raises(InputError, match="a corpus of 1 byte is too short"):
            function(Corpus.from_bytes(b"x"))


@pytest.mark.parametrize(
    ("byte", "count", "inputs", "bits", "growth"),
    [
        (" ", 127, 8, 1.64, (8, 14, 20, 29, 36, 43)),
        ("e", 107, 15, 3.06, None),
        ("\n", 19, 1, 0.00, None),
    ],
)
def test_trie__published_figures(
    byte: str, count: int, inputs: int, bits: float, growth: tuple[int, ...] | None
) -> None:
    output = um.backward_trie(SITEINFO, ord(byte), check=Check(null=Null(9))).outputs[0]
    assert (output.count, output.inputs) == (count, inputs)
    assert output.input_entropy_bits == pytest.approx(bits, abs=0.005)
    assert growth is None or output.contexts == growth


def test_trie__byte_that_never_follows() -> None:
    with pytest.raises(InputError, match="is never predicted"):
        um.backward_trie(SITEINFO, 0)


def test_survival__published_figures(reference) -> None:
    corpus = Corpus.open(reference / "enwik8-2m.bin", 0, 2048)
    rows = um.pattern_survival(corpus, boundary=1024, null=Null(0)).tuples
    # The published survivors; its artifacts are one fewer each, as it leaves out the first position.
    assert [row.survivors for row in rows] == [80, 82, 90, 81, 96]
    assert [row.artifacts - 1 for row in rows] == [260, 339, 420, 396, 485]
    assert [row.count_r for row in rows] == pytest.approx([0.880, 0.814, 0.833, 0.819, 0.859], abs=0.002)


def test_survival__in_bytes_that_were_counted_is_refused() -> None:
    with pytest.raises(InputError, match="bytes 500:600 of siteinfo are among bytes 0:600"):
        um.pattern_survival(SITEINFO.slice(0, 600), SITEINFO.slice(500), tuples=[(1, 3)])


def test_survival__of_a_text_in_its_pieces_is_complete() -> None:
    text = bytes(SITEINFO.data)
    pieces = Corpus.from_bytes(b"?" + text[:1000] + b"?" + text[900:] + b"?")
    row = um.pattern_survival(SITEINFO, pieces, tuples=[(1, 3)], null=Null(9)).tuples[0]
    assert (row.artifacts, row.rate, row.occurrence_share) == (0, 1.0, 1.0)
    assert row.count_r > 0.9
    assert row.null_rate is not None
    assert row.null_rate < 0.5
