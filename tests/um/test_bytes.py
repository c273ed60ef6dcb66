"""Order-0 statistics against their definitions."""

import math
from collections import Counter

import numpy as np
import pytest

from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Check, Null, Split
from umrnn.progress import Work
from umrnn.um.bytes import byte_statistics

CORPORA = {
    "one byte": b"x",
    "two bytes": b"xy",
    "constant": b"\xff" * 77,
    "all 256": bytes(range(256)),
    "siteinfo": bytes(Corpus.siteinfo().data),
    "random": np.random.default_rng(5).integers(0, 256, 3000, dtype=np.uint8).tobytes(),
}


def naive_entropy(data):
    return -sum(n / len(data) * math.log2(n / len(data)) for n in Counter(data).values()) or 0.0


def naive_held_out(data, boundary):
    counted = Counter(data[:boundary])
    return sum(-math.log2((counted[b] + 0.5) / (boundary + 128)) for b in data[boundary:]) / (len(data) - boundary)


@pytest.mark.parametrize("data", CORPORA.values(), ids=CORPORA)
def test_byte_statistics__equals_definition(data):
    result = byte_statistics(Corpus.from_bytes(data), check=Check(null=Null(permutations=3)))
    counts = Counter(data)
    assert result.counts.tolist() == [counts[b] for b in range(256)]
    assert result.entropy_bits == pytest.approx(naive_entropy(data), abs=1e-12)
    assert result.held_out_bpc == pytest.approx(naive_held_out(data, len(data) // 2), abs=1e-12)
    assert result.headline()["symbols"] == len(counts)


def test_byte_statistics__blocks_and_threads_change_nothing(monkeypatch):
    corpus = Corpus.from_bytes(CORPORA["random"])
    whole = byte_statistics(corpus).tables()
    monkeypatch.setattr("umrnn.corpus._COUNT_BLOCK", 7)
    assert byte_statistics(corpus, work=Work(threads=1)).tables() == whole
    assert byte_statistics(corpus, work=Work(threads=3)).tables() == whole


def test_byte_statistics__most_common_with_ties_by_byte():
    table = byte_statistics(Corpus.from_bytes(b"ccbbba"), top=9).tables()["most_common"]
    assert [row[:3] for row in table.rows] == [(b"b", 3, 0.5), (b"c", 2, 1 / 3), (b"a", 1, 1 / 6)]
    assert table.rows[0][3] == 1.0
    tied = byte_statistics(Corpus.from_bytes(b"zaza"), top=1).tables()["most_common"]
    assert tied.rows[0][0] == b"a"


def test_byte_statistics__null_is_the_cost_of_shuffled_bytes():
    data = CORPORA["siteinfo"]
    dealt = byte_statistics(Corpus.from_bytes(data), check=Check(null=Null(400, seed=1))).null_held_out
    null = Null(400, seed=2)
    array = np.frombuffer(data, np.uint8)
    shuffled = [naive_held_out(null.shuffled(array, i).tolist(), 512) for i in range(400)]
    spread = np.std(shuffled) / math.sqrt(200)  # standard error of the difference of two means of 400
    assert abs(np.mean(dealt) - np.mean(shuffled)) < 4 * spread
    assert np.std(dealt) == pytest.approx(np.std(shuffled), rel=0.2)


def test_byte_statistics__p_value_tells_a_change_of_distribution():
    halves = byte_statistics(Corpus.from_bytes(b"ab" * 200 + b"cd" * 200))
    alike = byte_statistics(Corpus.from_bytes(b"abcd" * 200))
    held_out = {
        name: dict(zip((r[0] for r in s.rows), s.rows))
        for name, s in (("halves", halves.tables()["order_0_scores"]), ("alike", alike.tables()["order_0_scores"]))
    }
    assert held_out["halves"]["held_out"][4] == 1 / 200
    assert held_out["alike"]["held_out"][4] > 0.5


def test_byte_statistics__without_permutations_has_no_null():
    rows = (
        byte_statistics(Corpus.from_bytes(b"abc"), check=Check(null=Null(permutations=0)))
        .tables()["order_0_scores"]
        .rows
    )
    assert rows[1][4] is None
    assert rows[3][1] is None


def test_byte_statistics__too_large_for_the_urn_has_no_null(monkeypatch):
    monkeypatch.setattr("umrnn.um.bytes._DRAWABLE", 10)
    assert byte_statistics(Corpus.from_bytes(bytes(10))).null_held_out == ()
    assert len(byte_statistics(Corpus.from_bytes(bytes(9))).null_held_out) == 199


def test_byte_statistics__ranges_are_those_of_the_source():
    corpus = Corpus.siteinfo().slice(100, 200)
    rows = byte_statistics(corpus, check=Check(Split(0.25))).tables()["order_0_scores"].rows
    assert rows[0][2:4] == ("100:200", "100:200")
    assert rows[1][2:4] == ("100:125", "125:200")


def test_byte_statistics__same_seed_same_figures():
    one, two = (byte_statistics(Corpus.siteinfo(), check=Check(null=Null(seed=9))) for _ in range(2))
    assert one.tables() == two.tables()
    assert one.provenance == two.provenance


def test_byte_statistics__top_must_be_positive():
    with pytest.raises(InputError, match=r"top must be at least 1, got 0"):
        byte_statistics(Corpus.siteinfo(), top=0)
