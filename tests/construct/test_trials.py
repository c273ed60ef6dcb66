"""Which bytes are counted and which are scored; the row all constructions have."""

import numpy as np
import pytest

from umrnn import rnn
from umrnn.construct.study.holdout import Parts
from umrnn.construct.study.row import COLUMNS, Row, as_table, order_0
from umrnn.construct.study.study import Fit, Trial, spread_table, try_out
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.um.pairs import pair_table

TEXT = Corpus.from_bytes(b"abracadabra, abracadabra")


def test_halves__count_the_first_part():
    parts = Parts.halves(TEXT, 0.25)
    assert (len(parts.text), len(parts.counted), parts.first, parts.once) == (24, 18, 18, False)
    assert parts.scored is parts.text
    assert parts.parameters() == {"held_out": {"name": "bytes", "start": 18, "stop": 24}}
    assert Parts.halves(TEXT, 0.9).first == 2  # 1 - .9 is a little less than .1


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_halves__refuse_a_share_that_is_none(share):
    with pytest.raises(InputError, match="held-out must lie between 0 and 1"):
        Parts.halves(TEXT, share)


@pytest.mark.parametrize(("length", "share"), [(1, 0.5), (2, 0.5), (3, 0.5), (24, 0.95), (24, 1 - 1e-14)])
def test_halves__refuse_too_few_bytes(length, share):
    with pytest.raises(InputError, match="at least two bytes to count and one to score"):
        Parts.halves(TEXT.slice(0, length), share)


def test_against__other_bytes_or_what_follows():
    first = TEXT.slice(0, 10)
    following = Parts.against(first, None, TEXT)
    assert (following.once, following.first, len(following.scored)) == (True, 10, 24)
    other = Parts.against(first, Corpus.from_bytes(b"xyz", "other"))
    assert (other.once, other.first) == (True, 1)
    assert other.parameters() == {"held_out": {"name": "other", "start": 1, "stop": 3}}


@pytest.mark.parametrize(
    ("text", "other", "message"),
    [
        (b"a", b"abc", "one byte has nothing to predict"),
        (b"abc", b"a", "the text to hold out must hold at least two bytes"),
        (b"abc", None, "the text to hold out must hold at least one byte"),
    ],
)
def test_against__refuses(text, other, message):
    with pytest.raises(InputError, match=message):
        Parts.against(Corpus.from_bytes(text), Corpus.from_bytes(other) if other else None)


@pytest.mark.needs_jit
def test_held_out_bpc__lets_the_state_reach_back():
    model, parts = rnn.initial(3), Parts.halves(TEXT)
    bits = rnn.trace(model, TEXT).bits()
    assert parts.held_out_bpc(model) == pytest.approx(bits[parts.first - 1 :].mean(), rel=1e-12)


def test_order_0__is_its_definition():
    row = order_0(Parts.halves(TEXT))
    counts = np.bincount(TEXT.data[:12], minlength=256)
    expected = -np.mean([np.log2((counts[y] + 0.5) / (12 + 128)) for y in TEXT.data[12:]])
    assert row.held_out_bpc == pytest.approx(expected, rel=1e-12)
    assert row.null_bpc == row.bpc
    assert as_table([row, Row("a", "b", None)]).columns == COLUMNS
    assert as_table([Row("a", "b", None)]).rows == (("a", "b", None, None, None, None, None),)


def test_pair_table__counts_pairs_in_any_blocks(monkeypatch):
    whole = pair_table(TEXT.data[:-1], TEXT.data[1:])
    assert whole.sum() == 23
    assert whole[ord("b"), ord("r")] == 4
    monkeypatch.setattr("umrnn.um.pairs._BLOCK", 3)
    assert (pair_table(TEXT.data[:-1], TEXT.data[1:]) == whole).all()


def test_try_out__fits_text_counted_part_and_shuffled_targets():
    calls = []

    def fit(text, draw, shuffle, progress):
        targets = text.data if shuffle is None else shuffle(text.data)
        calls.append((len(text), draw, bytes(targets)))
        progress.advance(1)
        bits = float(len(text) + draw + (shuffle is not None))
        return Fit(None, (draw + 1,), bits, 0.5, len(text), lambda corpus, first: float("inf") if draw else first)

    parts, null = Parts.halves(TEXT), Null(2, 7)
    (tried,) = try_out([Trial("a", "b", 1, 2, fit)], parts, null, threads=1, task="t")
    assert tried.row == Row("a", "b", 24.0, 12, 25.0, 0.5, 24)
    assert (tried.bpc, tried.held_out_bpc) == ((24.0, 25.0), (12, float("inf")))
    assert sorted(call[:2] for call in calls) == [(12, 0), (12, 1), (24, 0), (24, 0), (24, 0), (24, 1)]
    shuffled = {call[2] for call in calls if len(call[2]) == 24} - {bytes(TEXT.data)}
    assert shuffled == {bytes(null.shuffled(TEXT.data, number)) for number in range(2)}
    table = spread_table([tried])
    assert dict(zip(table.columns, table.rows[0])) == {
        **{"detail": "b", "offsets": (1,), "held_out_offsets": (1,), "draws": 2},
        **{"bpc_min": 24.0, "bpc_median": 24.5, "bpc_max": 25.0},
        **{"held_out_bpc_min": None, "held_out_bpc_median": None, "held_out_bpc_max": None},
    }


def test_try_out__fits_once_where_all_of_the_text_is_counted():
    lengths = []

    def fit(text, draw, shuffle, progress):
        lengths.append(len(text))
        return Fit(None, (), 1.0, 0.0, 5, lambda corpus, first: float("inf"))

    parts = Parts.against(TEXT.slice(0, 10), None, TEXT)
    (tried,) = try_out([Trial("a", "b", 1, 1, fit)], parts, Null(0), threads=1, task="t")
    assert lengths == [10]
    assert (tried.row.held_out_bpc, tried.row.null_bpc) == (None, None)
