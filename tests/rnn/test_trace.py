"""Traces and losses: the same numbers in any block, the published figure, clear refusals."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.naive import network as naive
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import Progress, Work
from umrnn.rnn.evaluate import evaluate, write_bits
from umrnn.rnn.formats import ModelFile, load
from umrnn.rnn.initial import initial
from umrnn.rnn.score import bits_per_byte
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit
module = sys.modules[trace.__module__]  # umrnn.rnn.trace is the function


def model_of(hidden, dtype=np.float64):
    return Elman(**naive.random_weights(256, hidden, scale=0.3, dtype=dtype))


def corpus_of(length, seed=0):
    return Corpus.from_bytes(np.random.default_rng(seed).integers(0, 256, length).astype(np.uint8))


@pytest.mark.parametrize("hidden", [1, 3, 20])
def test_trace__is_the_definition(hidden):
    model, corpus = model_of(hidden), corpus_of(50)
    run = trace(model, corpus)
    z, h = naive.run(model.arrays(), corpus.data, np.zeros(hidden))
    np.testing.assert_allclose(run.preactivations(), z, atol=1e-13)
    np.testing.assert_allclose(run.states(), h, atol=1e-13)
    np.testing.assert_allclose(run.bits(), naive.bits(model.arrays(), corpus.data, np.zeros(hidden)), atol=1e-13)


@pytest.mark.parametrize("size", [1, 7, 49, 50])
def test_trace__does_not_depend_on_the_blocks(monkeypatch, size):
    model, corpus = model_of(5), corpus_of(50)
    whole = trace(model, corpus)
    expected = whole.states(), whole.bits()
    monkeypatch.setattr(module, "_LARGEST_BLOCK", size)
    blocks = list(trace(model, corpus))
    assert np.array_equal(np.concatenate([block.positions for block in blocks]), np.arange(50))
    assert np.array_equal(np.concatenate([block.h for block in blocks]), expected[0])
    np.testing.assert_allclose(np.concatenate([block.bits for block in blocks]), expected[1], rtol=1e-13)
    assert len(blocks[-1].bits) == len(blocks[-1].h) - 1


def test_trace__continues_from_a_state():
    model, corpus = model_of(5), corpus_of(50)
    whole = trace(model, corpus)
    later = trace(model, corpus.slice(20), before=whole.states()[19])
    assert np.array_equal(later.states(), whole.states()[20:])
    np.testing.assert_allclose(later.bits(), whole.bits()[20:], rtol=1e-13)


def test_trace__keeps_the_dtype_and_is_read_only():
    block = next(iter(trace(model_of(4, np.float32), corpus_of(9))))
    assert (block.z.dtype, block.h.dtype, block.bits.dtype) == (np.float32, np.float32, np.float64)
    for array in (block.z, block.h, block.bits):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert repr(block) == "Block(positions 0:9)"


def test_trace__of_one_byte_has_a_state_and_no_bits():
    run = trace(model_of(4), Corpus.from_bytes(b"x"))
    assert (len(run), run.states().shape, run.bits().shape) == (1, (1, 4), (0,))
    assert repr(run).startswith("Trace(Elman(hidden=4")


@pytest.mark.parametrize("before", [np.zeros(3), [np.nan] * 4, 0.0])
def test_trace__refuses_another_state(before):
    with pytest.raises(InputError, match="before must be 4 finite numbers"):
        trace(model_of(4), corpus_of(5), before=before)


def test_trace__refuses_arrays_beyond_the_limit(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_ARRAY", 100)
    with pytest.raises(InputError, match="h of 9 bytes takes 288") as caught:
        trace(model_of(4), corpus_of(9)).states()
    assert "iterate" in caught.value.hint


def test_loss__of_the_published_model(reference):
    model = load(reference / "sat-rnn-published.bin")
    result = evaluate(model, Corpus.siteinfo())
    assert round(result.bpc, 4) == 0.0792
    headline = result.headline()
    assert (headline["targets"], round(headline["order_0_bpc"], 5)) == (1023, 4.73892)
    assert headline["shuffled_bpc"] > headline["order_0_bpc"]
    assert {"gzip_bpc", "bzip2_bpc", "xz_bpc"} <= headline.keys()
    assert result.tables() == {}
    assert result.provenance["model"]["sha256"] == model.sha256
    assert result.bpc == pytest.approx(bits_per_byte(model.astype(np.float64), Corpus.siteinfo()), abs=1e-4)


def test_loss__of_zero_weights_is_8_bits():
    assert bits_per_byte(Elman.zeros(3), corpus_of(100)) == 8.0


def test_loss__refuses_a_single_byte():
    with pytest.raises(InputError, match=r"^a corpus of one byte has nothing to predict$"):
        evaluate(Elman.zeros(3), Corpus.from_bytes(b"x"))


def test_loss__reports_progress():
    class Recorder(Progress):
        total, done, last = 0.0, 0.0, 0.0

        def start(self, task, total, unit=""):
            self.total = total

        def advance(self, amount, **figures):
            self.done += amount
            self.last = figures["bpc"]

    recorder, model, corpus = Recorder(), initial(8), corpus_of(10_000)
    bpc = bits_per_byte(model, corpus, work=Work(progress=recorder))
    assert recorder.total == recorder.done == 9_999
    assert recorder.last == pytest.approx(bpc, rel=1e-12)


def test_loss__is_the_same_bits_each_time_and_in_threads():
    from concurrent.futures import ThreadPoolExecutor

    model, corpus = model_of(130, np.float32), corpus_of(3000)
    here = bits_per_byte(model, corpus)  # first: the limit on BLAS must not belong to the thread that set it once
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: bits_per_byte(model, corpus), range(8)))
    assert found == {here, bits_per_byte(model, corpus)}


TRAINED = {"name": "a/text", "start": 100, "stop": 200, "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("name", "start", "stop", "scored"),
    [
        ("a/text", 100, 200, "in_sample"),
        ("a/text", 120, 180, "in_sample"),
        ("a/text", 90, 120, "unknown"),
        ("a/text", 0, 300, "unknown"),
        ("a/text", 0, 100, "unknown"),  # other bytes of the file, but they may repeat the ones trained on
        ("other", 120, 180, "unknown"),
        ("-", 0, 50, "unknown"),
        ("bytes", 0, 50, "unknown"),
    ],
)
def test_evaluate__by_the_range_of_a_file_alone(name, start, stop, scored):
    corpus = Corpus(corpus_of(stop - start).data, name, start, stop)
    file = ModelFile(Path("m.npz"), "npz", 1, Elman.zeros(2), {"corpus": TRAINED})
    result = evaluate(file, corpus, null=Null(0))
    assert list(result.headline())[:3] == ["bpc", "scored", "fitted_share"]
    assert result.standing.scored == scored
    assert result.provenance["model"]["name"] == "m.npz"


@pytest.mark.parametrize("about", [{}, {"corpus": 3}, {"corpus": "{"}, {"corpus": {"name": "x"}}, {"corpus": "[]"}])
def test_evaluate__without_the_bytes_trained_on(about):
    file = ModelFile(Path("m.npz"), "npz", 1, Elman.zeros(2), about)
    assert evaluate(file, corpus_of(9), null=Null(0)).standing.scored == "unknown"
    assert evaluate(Elman.zeros(2), corpus_of(9), null=Null(0)).standing.scored == "unknown"


def test_evaluate__knows_equal_bytes_by_their_hash():
    corpus = corpus_of(9)
    for stored in (corpus.provenance(), json.dumps(corpus.provenance())):  # safetensors holds strings
        file = ModelFile(Path("m.npz"), "npz", 1, Elman.zeros(2), {"corpus": stored})
        assert evaluate(file, Corpus.from_bytes(corpus.data, "elsewhere"), null=Null(0)).standing.scored == "in_sample"


def test_evaluate__a_constant_corpus_has_no_entropy_and_no_sign():
    found = evaluate(Elman.zeros(2), Corpus.from_bytes(b"aaaa"), null=Null(0)).order_0_bpc
    assert (found, np.signbit(found)) == (0.0, False)


def test_write_bits__are_those_of_the_score(tmp_path: Path) -> None:
    model, corpus = initial(4), Corpus.siteinfo()
    write_bits(model, corpus, tmp_path / "bits.npy")
    bits = np.load(tmp_path / "bits.npy")
    assert (bits.shape, bits.dtype) == ((1023,), np.float64)
    assert bits.mean() == pytest.approx(bits_per_byte(model, corpus), abs=1e-12)
    with pytest.raises(InputError, match="one byte"):
        write_bits(model, Corpus.from_bytes(b"a"), tmp_path / "none.npy")
    assert not (tmp_path / "none.npy").exists()
