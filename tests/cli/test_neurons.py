"""``umrnn interpret knockout | saturation | precision | weights``: contract, figures, any corpus, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

from umrnn import rnn

pytestmark = pytest.mark.needs_jit
COMMANDS = {
    "knockout": ("--permutations", "2"),
    "saturation": ("--permutations", "2"),
    "precision": ("--starts", "1"),
    "weights": (),
}
HEADLINES = {
    "knockout": {"top_neuron", "top_delta_bpc", "bpc", "neurons_that_hurt"},
    "saturation": {"max_flips_neuron", "max_flips", "min_flips", "mean_dwell", "max_jaccard", "null_max_jaccard"},
    "precision": {"bpc", "bpc_float64", "bpc_sign_readout", "bpc_sign_dynamics", "sign_leverage_bits"},
    "weights": {"top_byte", "top_in_norm", "spectral_radius", "null_spectral_radius"},
}


def refuse(value: str) -> None:
    raise AssertionError(f"{value} in JSON")


def record(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out, parse_constant=refuse)


@pytest.mark.parametrize("name", COMMANDS)
def test_json__has_the_contract(umrnn, name: str) -> None:
    found = record(umrnn("interpret", name, *COMMANDS[name], "--format", "json"))
    assert list(found) == ["command", "headline", "tables", "provenance"]
    assert found["command"] == f"interpret {name}"
    assert HEADLINES[name] <= set(found["headline"])
    for table in found["tables"].values():
        assert table["rows"]
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
    assert len(found["provenance"]["model"]["sha256"]) == 64


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize("name", COMMANDS)
def test_other_formats__say_something(umrnn, name: str, form: str) -> None:
    outcome = umrnn("interpret", name, *COMMANDS[name], "--format", form)
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) > 10


def test_knockout__published_figures(umrnn, reference: Path) -> None:
    model = str(reference / "sat-rnn-published.bin")
    head = record(umrnn("interpret", "knockout", "--model", model, "--format", "json"))["headline"]
    assert (head["top_neuron"], round(head["top_delta_bpc"], 4)) == (8, 0.0348)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("content", [b"ab", b"a" * 50, bytes(range(256)), np.random.default_rng(0).bytes(300)])
@pytest.mark.parametrize("hidden", [1, 5])
def test_any_bytes_and_network(umrnn, tmp_path: Path, name: str, content: bytes, hidden: int) -> None:
    (tmp_path / "corpus").write_bytes(content)
    model = str(rnn.save(rnn.initial(hidden), tmp_path / "model.npz"))
    words = ("--corpus", str(tmp_path / "corpus"), "--model", model, "--format", "json")
    record(umrnn("interpret", name, *COMMANDS[name], *words))


@pytest.mark.parametrize("name", COMMANDS)
def test_another_corpus__needs_a_model(umrnn, tmp_path: Path, name: str) -> None:
    (tmp_path / "corpus").write_bytes(b"some text")
    outcome = umrnn("interpret", name, "--corpus", str(tmp_path / "corpus"))
    assert (outcome.code, outcome.out) == (1, "")
    assert "needs --model" in outcome.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("knockout --range 0:1", "a corpus of one byte has nothing to predict"),
        ("saturation --range 5:6", "a corpus of one byte has nothing to predict"),
        ("precision --range 5:6", "a corpus of one byte has nothing to predict"),
        ("knockout --permutations -1", "permutations must be at least 0, got -1"),
        ("saturation --top -1", "top must be at least 0, got -1"),
        ("precision --starts -1", "starts must be in [0, 10000], got -1"),
        ("precision --seed -1", "seed must be at least 0, got -1"),
        ("weights --top 0", "top must be at least 1, got 0"),
    ],
)
def test_unfit_requests__one_clear_line(umrnn, words: str, message: str) -> None:
    outcome = umrnn("interpret", *words.split())
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert "Traceback" not in outcome.err
