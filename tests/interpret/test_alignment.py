"""Alignment with pointwise information: published figures beside chance, the definition, a planted network."""

import numpy as np
import pytest

from tests.corpora import markov
from tests.interpret.test_offset_effects import echo, model_of
from tests.naive import flipped
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.alignment import alignment, usual_positions
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.statistics import spearman
from umrnn.um.pointwise import pointwise_information

pytestmark = pytest.mark.needs_jit
EIGHT = (42, 80, 100, 150, 200, 300, 400, 500)


def test_alignment__published_figures(reference):
    model = rnn.load(reference / "sat-rnn-published.bin")
    head = alignment(model, Corpus.siteinfo(), null=Null(19)).headline()
    figures = [head[name] for name in ("aligned", "shallow", "deep")]
    assert [round(value, 4) for value in figures] == [0.7260, 0.8726, 0.6501]
    assert head["positions"] == 249
    # As many pairs are aligned whatever their effect, and effects of another order fall on them as much.
    assert head["base_rate"] > head["aligned"]
    assert head["permuted_aligned"] > head["aligned"]
    assert head["p_value"] > 0.5
    assert abs(head["rank_r"]) < 0.05
    assert head["null_aligned"] > 0.5
    assert head["held_out_aligned"] < head["second_half_aligned"]
    eight = alignment(model, Corpus.siteinfo(), positions=EIGHT, null=Null(0)).headline()
    assert round(eight["aligned"], 3) == 0.924
    assert eight["p_value"] is None


def test_alignment__is_the_definition():
    model, corpus = model_of(3), markov(40)
    positions = (0, 7, 20, 38)
    found = alignment(model, corpus, positions=positions, max_offset=5, null=Null(0))
    weights = model.arrays()
    for row, t in enumerate(positions):
        for d in range(1, 6):
            if t - d + 1 < 0:
                assert np.isnan([found.delta_bits[row, d - 1], found.pmi_bits[row, d - 1]]).all()
                continue
            byte, following = int(corpus.data[t - d + 1]), int(corpus.data[t + 1])
            expected = flipped.effect(weights, corpus.data, t - d + 1, byte ^ 128, t).delta_bits
            assert found.delta_bits[row, d - 1] == pytest.approx(expected, abs=1e-12)
            for stop, information in ((40, found.pmi_bits), (20, found.held_out_pmi_bits)):
                known = flipped.pointwise_information(corpus.data, d, byte, following, stop)
                assert information[row, d - 1] == pytest.approx(known, abs=1e-12)
    assert found.next_held_out.tolist() == [False, False, True, True]
    effect, pmi = np.nan_to_num(np.abs(found.delta_bits)), np.nan_to_num(found.pmi_bits)
    head = found.headline()
    assert head["aligned"] == pytest.approx(effect[pmi > 0.5].sum() / effect.sum())
    assert head["shallow"] == pytest.approx(effect[:, :4][pmi[:, :4] > 0.5].sum() / effect[:, :4].sum())
    assert np.isnan(head["deep"])
    assert head["second_half_aligned"] == pytest.approx(effect[2:][pmi[2:] > 0.5].sum() / effect[2:].sum())
    assert sum(row[3] for row in found.tables()["offsets"].rows) == pytest.approx(1)


def test_alignment__of_an_echo():
    """The network repeats the byte at lag 2, and so does the corpus: all effect at offset 3, all of it aligned."""
    rng = np.random.default_rng(0)
    corpus = Corpus.from_bytes(np.tile(rng.permutation([97, 97, 98]), 100).astype(np.uint8))
    found = alignment(echo(), corpus, positions=range(10, 250), max_offset=8, null=Null(3))
    rows = found.tables()["offsets"].rows
    assert [row[0] for row in rows if row[3] > 1e-9] == [3]
    head = found.headline()
    assert head["aligned"] == pytest.approx(1)
    assert head["aligned"] > head["base_rate"]
    assert {row[1] for row in found.tables()["strongest"].rows} == {3}


def test_alignment__threshold_is_what_divides():
    options = {"positions": range(20, 300, 7), "null": Null(2)}
    low, high = (alignment(model_of(4), markov(400), threshold=bits, **options).headline() for bits in (-99, 99))
    assert (low["aligned"], low["base_rate"], low["null_aligned"]) == (pytest.approx(1), 1, pytest.approx(1))
    assert (high["aligned"], high["base_rate"], high["null_aligned"]) == (0, 0, 0)


def test_alignment__permutations_have_the_exact_mean():
    found = alignment(model_of(6), markov(400), positions=range(30, 399, 3), null=Null(300, seed=4))
    head, drawn = found.headline(), found.chance.permuted_shares
    assert np.std(drawn) > 0
    assert drawn.mean() == pytest.approx(head["permuted_aligned"], abs=4 * np.std(drawn) / np.sqrt(300))
    assert head["null_rank_r"] == pytest.approx(found.chance.permuted_r[:, -1].mean())


def test_alignment__does_not_depend_on_threads():
    found = [alignment(rnn.shipped(), Corpus.siteinfo(), null=Null(2), work=Work(n)) for n in (1, 3)]
    assert repr(found[0].tables()) == repr(found[1].tables())
    assert repr(found[0].headline()) == repr(found[1].headline())


@pytest.mark.parametrize("content", [b"ab", b"aaaa", bytes(range(256)), b"abc" * 2000])
@pytest.mark.parametrize("hidden", [1, 9])
def test_alignment__any_corpus(hidden, content):
    found = alignment(model_of(hidden, np.float32), Corpus.from_bytes(content), null=Null(2))
    assert len(found.tables()["offsets"].rows) == min(20, len(content) - 1)
    assert 0 <= found.headline()["aligned"] <= 1


@pytest.mark.parametrize("length", [2, 3, 31, 100, 1024, 5000, 10**6])
def test_usual_positions__lie_within(length):
    found = usual_positions(Corpus.from_bytes(bytes(length)))
    assert 0 <= found[0] <= found[-1] <= length - 2
    assert len(found) <= 1000
    assert len(found) >= min(length - 1, 90) * 0.9


def test_alignment__positions_count_in_the_source():
    model, text = model_of(3), markov(200)
    part, alone = text.slice(60, 160), Corpus.from_bytes(bytes(text.data[60:160]))
    found, other = (alignment(model, corpus, max_offset=4, null=Null(2)) for corpus in (part, alone))
    assert repr(found.headline()) == repr(other.headline())
    assert found.positions.tolist() == [60 + t for t in other.positions]
    strongest = [result.tables()["strongest"].rows for result in (found, other)]
    assert [(row[0] - 60, *row[1:]) for row in strongest[0]] == list(strongest[1])
    with pytest.raises(InputError, match=r"every position must be in \[60, 158\], got 10"):
        alignment(model, part, positions=[10])


def test_pointwise_information__of_pairs_that_were_not_counted():
    corpus = Corpus.from_bytes(b"aabb")
    found = pointwise_information(corpus, np.array([0, 2]), 3, stop=2)
    assert found.tolist()[0][0] == 0  # a, a: all that was counted
    assert found.tolist()[1] == [-np.inf] * 3
    assert np.isnan(found[0, 1:]).all()


def test_spearman__edges():
    assert np.isnan(spearman(np.array([1.0]), np.array([2.0])))
    assert np.isnan(spearman(np.array([1.0, 1.0]), np.array([2.0, 3.0])))
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([5.0, 4.0, -1.0])) == pytest.approx(-1)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"x", {}, "a corpus of one byte has nothing to predict"),
        (b"abcd", {"positions": [3]}, r"every position must be in \[0, 2\], got 3"),
        (b"abcd", {"max_offset": 0}, r"max-offset must be in \[1, 3\], got 0"),
        (b"abcd", {"max_offset": 4}, r"max-offset must be in \[1, 3\], got 4"),
        (b"abcd", {"threshold": float("nan")}, "threshold must be a finite number of bits, got nan"),
        (b"abcd", {"replace": "x"}, "replace must be one of unseen, random, got 'x'"),
    ],
)
def test_alignment__refuses(content, options, message):
    with pytest.raises(InputError, match=message):
        alignment(model_of(2), Corpus.from_bytes(content), **options)
