"""``umrnn interpret alignment``: contract, figures, any corpus, refusals."""

import json
from pathlib import Path

import pytest

from umrnn import rnn

pytestmark = pytest.mark.needs_jit
SHORT = ("--permutations", "2")
KEYS = {"aligned", "shallow", "deep", "null_aligned", "base_rate", "permuted_aligned", "rank_r", "held_out_aligned"}


def refuse(value: str) -> None:
    raise AssertionError(f"{value} in JSON")


def record(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out, parse_constant=refuse)


def test_json__has_the_contract(umrnn) -> None:
    found = record(umrnn("interpret", "alignment", *SHORT, "--format", "json"))
    assert found["command"] == "interpret alignment"
    assert set(found["headline"]) >= KEYS
    for table in found["tables"].values():
        assert table["rows"]
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
    assert found["provenance"]["parameters"]["positions"] == "30:1023:4"


@pytest.mark.parametrize("form", ["table", "csv"])
def test_other_formats__say_something(umrnn, form: str) -> None:
    outcome = umrnn("interpret", "alignment", *SHORT, "--format", form)
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) > 10


def test_options__reach_the_library(umrnn, reference: Path) -> None:
    words = ("--model", str(reference / "sat-rnn-published.bin"), "--positions", "42,80,100,150,200,300,400,500")
    words += ("--max-offset", "9", "--threshold", "0.7", "--replace", "random", "--seed", "3", "--permutations", "0")
    found = record(umrnn("interpret", "alignment", *words, "--format", "json"))
    settings = found["provenance"]["parameters"]
    assert (settings["max_offset"], settings["threshold"], settings["replace"]) == (9, 0.7, "random")
    assert (found["headline"]["positions"], found["provenance"]["seed"]) == (8, 3)
    assert found["headline"]["null_aligned"] is None
    assert found["headline"]["deep"] is None


@pytest.mark.parametrize("content", [b"ab", b"a" * 50, bytes(range(256))])
def test_any_bytes_and_network(umrnn, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "corpus").write_bytes(content)
    model = str(rnn.save(rnn.initial(5), tmp_path / "model.npz"))
    words = ("--corpus", str(tmp_path / "corpus"), "--model", model, "--format", "json")
    record(umrnn("interpret", "alignment", *SHORT, *words))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--range 0:1", 1, "a corpus of one byte has nothing to predict"),
        ("--positions 1023", 1, "every position must be in [0, 1022], got 1023"),
        ("--max-offset 1024", 1, "max-offset must be in [1, 1023], got 1024"),
        ("--threshold inf", 1, "threshold must be a finite number of bits, got inf"),
        ("--permutations -1", 1, "permutations must be at least 0, got -1"),
        ("--replace zero", 2, "zero"),
        ("--positions 4,x", 2, "expected integers separated by commas"),
    ],
)
def test_refusals__are_one_line(umrnn, words: str, code: int, message: str) -> None:
    outcome = umrnn("interpret", "alignment", *words.split())
    assert (outcome.code, outcome.out) == (code, "")
    assert message in " ".join(outcome.err.split())
