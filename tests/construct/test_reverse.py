"""Reverse isomorphism: the published figures to the last digit, definitions, the honest columns, refusals."""

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import reverse as naive
from umrnn.construct.offsets.counted_codes import difference_codes, log_ratio_codes
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.reverse import reverse
from umrnn.construct.study.holdout import Holdout
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import Work

pytestmark = pytest.mark.needs_jit
TEXT = Corpus.siteinfo()
NOTHING = np.random.default_rng(0)


@pytest.fixture(scope="module")
def found():
    return reverse(TEXT, draws=3)


def test_published_figures(found):
    """EXPERIMENTS §24: .10708 and .0785 of the log-ratios, .28 of the differences."""
    head = found.headline()
    assert round(head["bpc_log_ratio"], 5) == 0.10708
    assert round(head["bpc_pattern_offsets"], 4) == 0.0785
    assert round(head["bpc_difference"], 2) == 0.28
    assert head["offsets"] == [2, 9, 21, 4, 28, 3, 13, 8]


def test_hashes__keep_the_published_order(found):
    """EXPERIMENTS §24 has .91, 1.26, 2.43: of hashes that are not known, but worse by the same steps."""
    head = found.headline()
    losses = [head[f"bpc_{name}"] for name in ("log_ratio", "random_hash", "pair_hash", "bigram_hash")]
    assert losses == sorted(losses)
    assert losses[-1] == pytest.approx(2.35, abs=0.02)


def test_honest_columns__stand_beside(found):
    for each in found.measured.values():
        assert each.row.bpc < each.row.null_bpc
        assert each.row.bpc < each.row.held_out_bpc
        assert each.row.published_bpc < each.row.published_null_bpc
        assert each.row.bytes_read == 512
    assert found.headline()["null_bpc_log_ratio"] == found.measured["log_ratio"].row.published_null_bpc
    assert [len(each.fits) for each in found.measured.values()] == [1, 1, 1, 3, 3, 3]


@pytest.mark.parametrize("offset", [1, 4])
@pytest.mark.parametrize(("codes", "definition"), [(log_ratio_codes, "log_ratio"), (difference_codes, "difference")])
def test_codes__are_their_definition(codes, definition, offset):
    text = markov(90)
    targets = np.random.default_rng(3).permutation(text.data[1:])  # as the null has them
    expected = getattr(naive, definition)(text.data, targets, offset)
    np.testing.assert_allclose(codes(text, targets, (offset,), NOTHING)[0], expected, atol=1e-12)


def test_read_out__is_the_definition():
    """Positions from the largest lag on, 499 steps from the bytes' frequencies, over 256 outputs told apart."""
    text = TEXT.slice(0, 60)
    result = reverse(Holdout.against(text, Corpus.from_bytes(b"ab")), (1, 3), draws=1, null=Null(0))
    codes = log_ratio_codes(text, text.data[1:], (2, 4), NOTHING)
    rows = [np.concatenate([codes[0][text.data[t - 1]], codes[1][text.data[t - 3]]]) for t in range(3, 59)]
    counts = np.bincount(text.data, minlength=256)
    b = np.log((counts + 0.5) / (60 + 128))
    expected = naive.descended(np.array(rows), text.data[4:], b, 499, 0.5)
    assert result.headline()["bpc_log_ratio"] == pytest.approx(expected, rel=1e-9)


def test_models__score_what_was_fitted():
    text = TEXT.slice(0, 150)
    result = reverse(text, (1, 4), draws=1, null=Null(0))
    for kind in ("log_ratio", "pattern_offsets", "difference", "random_hash", "bigram_hash"):
        bits = np.concatenate([bits for _, bits in result.model(kind).surprises(text)])
        assert result.measured[kind].row.published_bpc == pytest.approx(bits[4:].mean(), abs=1e-9)


def test_pair_hash__scores_held_out_bytes_with_the_same_signs(monkeypatch):
    """On all of a text, from its first byte on, blocks joined: what the fit says of its own positions."""
    text = TEXT.slice(0, 150)
    result = reverse(Holdout(text, text, 1, text), (1, 2), draws=1, null=Null(0))
    found = result.measured["pair_hash"]
    whole = found.fit.bits(text, 3)
    assert whole == pytest.approx(found.row.bpc, rel=1e-9)  # from the third byte on: positions t >= 2
    monkeypatch.setattr("umrnn.construct.offsets.counted_codes._BLOCK", 11)
    assert found.fit.bits(text, 3) == pytest.approx(whole, rel=1e-12)
    assert found.row.held_out_bpc == pytest.approx(found.fit.bits(text, 1), rel=1e-12)


def test_one_lag__has_no_pair():
    result = reverse(TEXT.slice(0, 80), (3,), draws=1, null=Null(0))
    assert "pair_hash" not in result.measured
    assert result.headline()["offsets"] == [4]
    assert result.headline()["null_bpc_log_ratio"] is None


def test_long_text__counts_all_and_descends_on_the_latest():
    whole, part = (reverse(TEXT, (1, 2), draws=1, null=Null(0), descent_bytes=count) for count in (4096, 100))
    assert part.measured["log_ratio"].row.detail == "log-ratio at lags, latest 100 bytes"
    assert part.measured["pair_hash"].row.detail == "hash of the pair at lags 1 and 2, latest 100 bytes"
    codes = [result.model().codes for result in (whole, part)]
    assert (codes[0] == codes[1]).all()
    assert part.measured["log_ratio"].row.bytes_read == 512


def test_same_bits__on_any_number_of_threads():
    runs = [reverse(TEXT.slice(0, 150), (1, 2), draws=2, work=Work(threads)).headline() for threads in (1, 3)]
    assert runs[0] == runs[1]


def test_regression__of_shared_outputs_is_that_of_all():
    """What the read-outs lean on: bytes that never come share a row."""
    rows, targets = np.random.default_rng(1).standard_normal((9, 2)), np.arange(9, dtype=np.uint8)
    zero = Linear(np.zeros((256, 2)), np.zeros(256))
    problem = Regression(rows, targets, zero)
    np.testing.assert_allclose(problem.bits(problem.gathered(zero)), 8.0)


@pytest.mark.parametrize(
    ("length", "lags", "message"),
    [
        (1, None, "at least two bytes to count"),
        (6, None, "at least four bytes to fit, got 3"),
        (40, (19,), "19 needs 21 bytes to fit, got 20"),
        (40, (30,), "every lag must be shorter than the corpus of 20 bytes, got 30"),
        (40, (0,), "every lag must be at least 1, got 0"),
        (40, (2, 2), "lags must be distinct"),
    ],
)
def test_refusals(length, lags, message):
    with pytest.raises(InputError, match=message):
        reverse(TEXT.slice(0, length), lags, null=Null(0))
