"""Singular values: the definition, planted components, the checkpoint and the 2 MB of text, chance, bad input."""

import math
from itertools import pairwise

import numpy as np
import pytest

from tests.corpora import independent, markov
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.decomposition import centred, decompose
from umrnn.errors import InputError
from umrnn.interpret.svd import svd
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit
TEXT = Corpus.siteinfo()


def pairs(data: bytes) -> np.ndarray:
    """The smoothed table by its definition, [next, previous]."""
    counts = np.zeros((256, 256))
    for a, b in pairwise(data):
        counts[a, b] += 1
    return np.array([[math.log2((row[y] + 0.5) / (sum(row) + 128)) for row in counts] for y in range(256)])


def test_svd__of_pairs_is_the_definition():
    corpus = markov(300)
    table, found = pairs(corpus.data.tobytes()), svd(Elman.zeros(2), corpus, matrix="bigram", null=Null(0))
    S = np.linalg.svd(table, compute_uv=False)
    assert [row.singular_value for row in found.components[:8]] == pytest.approx(S[:8].tolist())
    assert [row.share for row in found.components[:8]] == pytest.approx((S**2 / (S**2).sum())[:8].tolist())
    parts = decompose(table)
    for row in found.errors[:4]:
        kept = parts.U[:, : row.rank] * parts.S[: row.rank] @ parts.V[:, : row.rank].T
        assert row.mse == pytest.approx(np.mean((table - kept) ** 2), abs=1e-12)
    middle = table - table.mean(axis=0) - table.mean(axis=1)[:, np.newaxis] + table.mean()
    S = np.linalg.svd(middle, compute_uv=False)
    assert [row.singular_value for row in found.centred_components[:6]] == pytest.approx(S[:6].tolist())
    assert found.components[0].null_singular_value is None
    assert found.headline()["bigram_above_null"] is None


def test_svd__signs_are_fixed():
    matrix = np.random.default_rng(0).standard_normal((5, 7))
    one, other = decompose(matrix), decompose(-matrix)
    np.testing.assert_allclose(one.U, other.U, atol=1e-12)
    np.testing.assert_allclose(one.V, -other.V, atol=1e-12)
    np.testing.assert_allclose(one.U * one.S @ one.V.T, matrix, atol=1e-12)
    assert (one.U[np.abs(one.U).argmax(axis=0), range(5)] > 0).all()


def test_svd__published_checkpoint(reference):
    head = svd(rnn.load(reference / "sat-rnn-published.bin"), TEXT).headline()
    assert round(head["W_h_singular_value"], 3) == 5.505
    for name in ("W_x", "W_h", "W_y"):
        assert head[f"{name}_above_null"] > 5


def test_svd__shares_of_real_text(reference):
    """The published figures, of 10 MB: 97.5 % in the first component, 99.4 in ten, 99.9 in 64."""
    corpus = Corpus.open(reference / "enwik8-2m.bin")
    found = svd(rnn.shipped(), corpus, matrix="bigram", components=64, null=Null(1))
    assert 0.97 < found.components[0].share < 0.985
    assert 0.993 < found.components[9].cumulative_share < 0.997
    assert 0.999 < found.components[63].cumulative_share < 1
    assert found.centred_components[0].share < 0.6
    assert sum(row.positions for row in found.supports) == len(corpus) - 1


def planted(name: str) -> Elman:
    """One matrix with a single component that sets a against b, or neuron 1 against 2, over noise; twice as large."""
    rng = np.random.default_rng(5)
    arrays = {key: 0.1 * rng.standard_normal(array.shape) for key, array in Elman.zeros(4, np.float64).arrays().items()}
    neurons, letters = np.array([0, 9, -6, 0]), np.zeros(256)
    letters[[ord("a"), ord("b")]] = [1, -1]
    sides = {"W_x": (neurons, letters), "W_h": (neurons, neurons / 6), "W_y": (9 * letters, neurons / 9)}
    arrays[name] = arrays[name] + np.outer(*sides[name])
    return Elman(**arrays)


@pytest.mark.parametrize("name", ["W_x", "W_h", "W_y"])
def test_svd__finds_what_was_planted(name):
    corpus = Corpus.from_bytes(b"abcd" * 60)
    found = svd(planted(name), corpus, matrix=name, components=1)
    row = found.components[0]
    letters, neurons = ((b"a", b"b"), (1, 2))
    source, target = {"W_x": (letters, neurons), "W_h": (neurons, neurons), "W_y": (neurons, letters)}[name]
    ends = [(row.source_high[0], row.source_low[0]), (row.target_high[0], row.target_low[0])]
    assert ends == [source, target]
    assert row.share > 0.8
    assert row.p_value == 0.05
    assert row.singular_value > row.null_singular_value
    assert [one.positions for one in found.supports] == {"W_x": [239], "W_h": [], "W_y": [239]}[name]
    assert all(one.log_support_bits == pytest.approx(math.log2(239)) for one in found.supports)


def test_svd__support_splits_bytes_between_components():
    """One component sets a against b, a smaller one c against d; of 200 bytes read, 120 are a or b."""
    weights = np.zeros((4, 256))
    weights[np.ix_([0, 1], [97, 98])] = [[5, -5], [-5, 5]]
    weights[np.ix_([2, 3], [99, 100])] = [[3, -3], [-3, 3]]
    model = Elman(**Elman.zeros(4, np.float64).arrays() | {"W_x": weights})
    found = svd(model, Corpus.from_bytes(b"aabcd" * 40 + b"a"), matrix="W_x", components=2, null=Null(0))
    assert [row.singular_value for row in found.centred_components] == pytest.approx([10, 6])
    assert [(row.events, row.positions) for row in found.supports] == [(2, 120), (2, 80)]
    assert [row.log_support_bits for row in found.supports] == pytest.approx([math.log2(120), math.log2(80)])


def test_svd__centring_takes_out_what_rows_and_columns_do_alone():
    arrays = Elman.zeros(3, np.float64).arrays()
    arrays["W_x"] = np.arange(3.0)[:, np.newaxis] + np.sin(np.arange(256))
    assert np.abs(centred(arrays["W_x"])).max() < 1e-12
    found = svd(Elman(**arrays), TEXT, matrix="W_x")
    assert found.components[0].share > 0.5
    assert all(row.singular_value == 0 and math.isnan(row.share) for row in found.centred_components)


def test_svd__of_chance_is_chance():
    """Independent bytes and Gaussian weights: no more above chance than one in twenty, give or take."""
    rng = np.random.default_rng(8)
    arrays = {key: rng.standard_normal(array.shape) for key, array in Elman.zeros(40, np.float64).arrays().items()}
    head = svd(Elman(**arrays), independent(3000), null=Null(99)).headline()
    assert all(head[f"{name}_above_null"] <= 12 for name in ("W_x", "W_h", "W_y"))
    assert head["bigram_above_null_centred"] <= 50


@pytest.mark.parametrize("content", [b"ab", b"a" * 30, bytes(range(256))])
@pytest.mark.parametrize("model", [Elman.zeros(1), rnn.initial(3)])
def test_svd__of_any_bytes_and_network(content, model):
    found = svd(model, Corpus.from_bytes(content))
    assert {row.matrix for row in found.components} == {"bigram", "W_x", "W_h", "W_y"}
    assert sum(row.positions for row in found.supports if row.matrix == "bigram") == len(content) - 1


def test_svd__does_not_depend_on_threads():
    found = [svd(rnn.shipped(), TEXT, null=Null(3), work=Work(n)) for n in (1, 2, 5)]
    for other in found[1:]:
        assert (other.components, other.centred_components) == (found[0].components, found[0].centred_components)
        assert (other.errors, other.supports) == (found[0].errors, found[0].supports)


@pytest.mark.parametrize(
    ("corpus", "options", "message"),
    [
        (b"x", {}, "a corpus of one byte has nothing to predict"),
        (b"xy", {"matrix": "W"}, "matrix must be all or one of bigram, W_x, W_h, W_y, got 'W'"),
        (b"xy", {"components": 0}, "components must be at least 1, got 0"),
        (b"xy", {"named": 0}, r"named must be in \[1, 256\], got 0"),
    ],
)
def test_svd__bad_input(corpus, options, message):
    with pytest.raises(InputError, match=message):
        svd(Elman.zeros(2), Corpus.from_bytes(corpus), **options)
