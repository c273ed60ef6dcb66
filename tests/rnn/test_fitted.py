"""Which bytes a model was fitted to, told from hashes of blocks: beside a search for the blocks themselves."""

import json

import numpy as np
import pytest

from umrnn.corpus import Corpus
from umrnn.rnn.fitted import FittedTo, model_metadata, standing

RNG = np.random.default_rng(5)
TEXT = RNG.integers(0, 256, 40_000, dtype=np.uint8)
OTHER = RNG.integers(0, 256, 40_000, dtype=np.uint8)


def corpus(*parts, name="bytes"):
    return Corpus.from_bytes(np.concatenate(parts), name)


def share_by_search(text, scored):
    """Share of the bytes of ``scored`` in blocks of 64 bytes of ``text``, with the edges where no block fits."""
    text, scored = bytes(text), bytes(scored)
    covered = np.zeros(len(scored), bool)
    for begin in range(0, len(text) - 63, 64):
        place = scored.find(text[begin : begin + 64])
        while place >= 0:
            covered[place : place + 64] = True
            place = scored.find(text[begin : begin + 64], place + 1)
    if covered.any():
        first, last = np.flatnonzero(covered)[[0, -1]]
        covered[:first] |= first < 64
        covered[last + 1 :] |= len(covered) - last - 1 < 64
    return covered.mean()


@pytest.mark.parametrize(
    "scored",
    [
        (TEXT,),
        (TEXT[1:],),
        (TEXT[1000:2000],),
        (TEXT[1000:1127],),
        (OTHER[:5000],),
        (OTHER[:5000], TEXT[77:6000]),
        (TEXT[30_000:], OTHER[:20_001]),
        (OTHER[:63], TEXT[:64], OTHER[100:1000], TEXT[128:192], TEXT[128:192]),
        (OTHER[:300_000], TEXT[:500], OTHER[7:40_000], TEXT[640:2000]),
    ],
)
def test_share__is_that_of_a_search_for_the_blocks(scored):
    scored = corpus(*scored)
    assert FittedTo.of(corpus(TEXT)).share(scored) == pytest.approx(share_by_search(TEXT, scored.data), abs=1e-12)


def test_share__over_many_pieces():
    long = np.tile(OTHER, 14)
    long[262_100:262_200] = TEXT[6400:6500]  # over the edge of a piece
    assert FittedTo.of(corpus(TEXT)).share(corpus(long)) == pytest.approx(64 / len(long))


def test_share__of_a_sample_of_the_blocks_is_close():
    text, other = (np.random.default_rng(seed).integers(0, 256, 3_000_000, dtype=np.uint8) for seed in (1, 2))
    fitted = FittedTo.of(corpus(text))
    assert len(fitted.hashes) == 8192
    assert fitted.rate == pytest.approx(8192 / (len(text) // 64), rel=0.05)
    assert fitted.share(corpus(text[500_000:1_500_000], other[:1_000_000])) == pytest.approx(0.5, abs=0.03)
    assert fitted.share(corpus(other)) == 0.0
    short = fitted.standing(corpus(text[:1000]))  # one block in six is kept: no share, but it cannot be held out
    assert (short.scored, short.share) == ("overlaps", None)
    assert fitted.standing(corpus(other[:1000])).scored == "unknown"


def test_merged__is_that_of_both_texts():
    for size in (20_032, 3_000_000 // 64 * 64):
        text = np.random.default_rng(3).integers(0, 256, size, dtype=np.uint8)
        cut = size // 128 * 64
        merged = FittedTo.of(corpus(text[:cut])).merged(FittedTo.of(corpus(text[cut:])))
        whole, both = FittedTo.of(corpus(text)), FittedTo.of(corpus(text[:cut]), corpus(text[cut:]))
        for one in (merged, both):
            np.testing.assert_array_equal(one.hashes, whole.hashes)
            assert one.rate == whole.rate


def test_standing__blanks_and_short_periods_prove_nothing():
    fitted = FittedTo.of(
        corpus(TEXT[:6400], np.zeros(6400, np.uint8), np.resize(np.frombuffer(b"ab" * 3, np.uint8), 640))
    )
    blank = corpus(OTHER[:4000], np.full(2000, 0, np.uint8), np.resize(np.frombuffer(b"ab", np.uint8), 640))
    assert standing(blank, fitted).scored == "held_out"
    periodic = corpus(np.resize(np.frombuffer(b"counting ", np.uint8), 900))
    assert standing(periodic.slice(9), FittedTo.of(periodic)).scored == "unknown"  # nothing to know it by
    assert standing(periodic, FittedTo.of(periodic)).scored == "in_sample"


@pytest.mark.parametrize(
    ("scored", "expected"),
    [
        ((TEXT[640:1640],), "in_sample"),  # a part, under any name
        ((TEXT, OTHER[:2000]), "in_sample"),
        ((TEXT[:20_000], OTHER[:20_000]), "overlaps"),
        ((OTHER[:20_000], TEXT[:200]), "held_out"),  # less than a fiftieth
        ((OTHER,), "held_out"),
        ((OTHER[:100],), "unknown"),  # no whole block need lie in so few bytes
        ((TEXT[640:700],), "unknown"),
        ((TEXT[640:704],), "in_sample"),
    ],
)
def test_standing__names(scored, expected):
    assert standing(corpus(*scored, name="copy"), FittedTo.of(corpus(TEXT, name="text"))).scored == expected


def test_record__survives_json_and_refuses_anything_else():
    fitted = FittedTo.of(corpus(TEXT))
    record = json.loads(json.dumps(fitted.record()))
    np.testing.assert_array_equal(FittedTo.read(record).hashes, fitted.hashes)
    for damage in (
        {"rate": 0},
        {"rate": "1"},
        {"rate": 2.0},
        {"block_bytes": 32},
        {"hashes": "?"},
        {"hashes": record["hashes"][:-2]},
        {"hashes": record["hashes"][12:] + record["hashes"][:12]},
        {"hashes": 3},
    ):
        assert FittedTo.read(record | damage) is None
    assert FittedTo.read(None) is FittedTo.read([]) is None


def test_model_metadata__of_what_is_not_known_says_nothing():
    known = FittedTo.of(corpus(TEXT[:640]))
    said = model_metadata("train", {"umrnn": "1", "seed": None}, [corpus(TEXT[640:1280]), known], bpc=1.0)
    assert said.keys() == {"command", "bpc", "umrnn", "fitted_blocks"}
    assert len(FittedTo.read(said["fitted_blocks"]).hashes) == 20
    assert "fitted_blocks" not in model_metadata("train", {}, [corpus(TEXT), None])
