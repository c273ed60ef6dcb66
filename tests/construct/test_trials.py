"""Which bytes are counted and which are scored; the row all constructions have."""

from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row
from umrnn.construct.study.trials import Fit, Trial, spread_table, try_out
from umrnn.corpus import Corpus
from umrnn.nulls import Null
from umrnn.um.pairs import pair_table

TEXT = Corpus.from_bytes(b"abracadabra, abracadabra")


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

    parts, null = Holdout.of(TEXT), Null(2, 7)
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

    parts = Holdout.against(TEXT.slice(0, 10), None, TEXT)
    (tried,) = try_out([Trial("a", "b", 1, 1, fit)], parts, Null(0), threads=1, task="t")
    assert lengths == [10]
    assert (tried.row.held_out_bpc, tried.row.null_bpc) == (None, None)
