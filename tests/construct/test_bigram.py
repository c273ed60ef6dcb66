"""The bigram network: published figures, its table, what it does when bytes outnumber neurons, refusals."""

import numpy as np
import pytest

from tests.corpora import independent, markov
from umrnn import rnn
from umrnn.construct.bigram import bigram
from umrnn.construct.offsets.pair_network import pair_network
from umrnn.construct.study.holdout import Holdout
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.um.pairs import pair_table

pytestmark = pytest.mark.needs_jit
TEXT = Corpus.siteinfo()


def test_published_figures():
    """EXPERIMENTS §24: the network 2.10, counting 2.05."""
    head = bigram(TEXT).headline()
    assert round(head["bpc"], 2) == 2.10
    assert round(head["bpc_counting"], 2) == 2.05
    assert head["bpc_mixed"] <= head["bpc"] + 1e-4
    assert head["bpc"] < head["null_bpc"] < 4.9


def test_published_test__on_the_second_kilobyte(reference):
    """EXPERIMENTS §24: 4.45 held out, which depends on the signs of bytes that were never seen."""
    whole = Corpus.open(reference / "enwik8-2m.bin", 0, 2048)
    result = bigram(Holdout.against(whole.slice(0, 1024), None, whole), draws=10, null=Null(0))
    losses = result.measured["network"].held_out_bpc
    assert min(losses) < 4.45 < max(losses)


def test_network__holds_the_table():
    """tanh saturates, so the logits are a linear function of signs: exact where bytes are fewer than neurons."""
    text = markov(400)
    result = bigram(text, hidden=64, draws=1, null=Null(0))
    counts = np.bincount(text.data, minlength=256)
    order_0 = (counts + 0.5) / (len(text) + 128)
    table = pair_table(text.data[:-1], text.data[1:])
    for byte in np.flatnonzero(table.sum(1)):
        expected = 0.95 * table[byte] / table[byte].sum() + 0.05 * order_0
        logits = np.tanh(result.model.W_x[:, byte]) @ result.model.W_y.T + result.model.b_y
        p = np.exp(logits) / np.exp(logits).sum()
        np.testing.assert_allclose(p, expected / expected.sum(), atol=2e-3)


def test_network__is_an_elman_that_scores_as_said():
    result = bigram(TEXT, hidden=32, draws=1, null=Null(0))
    assert (result.model.W_h == 0).all()
    assert rnn.bits_per_byte(result.model, TEXT) == pytest.approx(result.headline()["bpc"], abs=1e-5)
    parts, counted = Holdout.of(TEXT), result.measured["network"].fit.model
    assert parts.held_out_bpc(counted) == pytest.approx(result.headline()["held_out_bpc"], abs=1e-5)


def test_counting__is_its_definition():
    text = markov(300)
    result = bigram(text, draws=1, null=Null(1))
    table = pair_table(text.data[:-1], text.data[1:])
    given = table / np.maximum(table.sum(1, keepdims=True), 1)
    bits = [-np.log2(given[a, b]) for a, b in zip(text.data[:-1], text.data[1:])]
    assert result.headline()["bpc_counting"] == pytest.approx(np.mean(bits), rel=1e-12)
    row = result.measured["counting"].row
    assert row.published_null_bpc > row.published_bpc


def test_maximum_likelihood__has_no_figure_for_pairs_never_seen():
    result = bigram(TEXT, draws=1, null=Null(0))
    assert result.measured["counting"].row.held_out_bpc is None
    assert result.measured["counting"].spread()["held_out_bpc_median"] is None
    assert np.isfinite(result.headline()["bpc_mixed_held_out"])


def test_more_bytes_than_neurons__count_by_how_often_they_occur():
    """A narrow network cannot hold the table: weighted by count, it fits the bytes that matter."""
    text = Corpus.from_bytes(bytes(independent(300).data) + bytes(markov(3000).data))
    head = bigram(text, hidden=16, draws=1, null=Null(0)).headline()
    assert head["bpc_counting"] < head["bpc_weighted"] < head["bpc"]


def test_same_bits__on_any_number_of_threads():
    runs = [bigram(TEXT.slice(0, 300), draws=2, work=Work(threads)) for threads in (1, 3)]
    assert runs[0].headline() == runs[1].headline()
    assert runs[0].model.sha256 == runs[1].model.sha256


def test_singular_solve__names_the_condition_number():
    table = pair_table(TEXT.data[:-1], TEXT.data[1:])
    with pytest.raises(InputError, match=r"do not determine the read-out: condition number") as caught:
        pair_network(table, np.zeros(256), np.ones((4, 256)), ridge=1e-30)
    assert caught.value.hint == "raise the ridge above 1e-30"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (b"a", {}, "at least two bytes to count"),
        (b"abcdef", {"hidden": 0}, r"hidden must be in \[1, 2048\], got 0"),
        (b"abcdef", {"ridge": 0.0}, "ridge must be a finite number above 0"),
        (b"abcdef", {"draws": 0}, "draws must be at least 1, got 0"),
    ],
)
def test_refusals(text, options, message):
    with pytest.raises(InputError, match=message):
        bigram(Corpus.from_bytes(text), **options)


@pytest.mark.parametrize("text", [b"aaaaaa", bytes(range(256)) * 2, b"\xff\x00" * 9, b"abcd"])
def test_any_bytes(text):
    head = bigram(Corpus.from_bytes(text), hidden=8, draws=1).headline()
    assert all(np.isfinite(head[name]) for name in ("bpc", "held_out_bpc", "null_bpc", "bpc_mixed_held_out"))
