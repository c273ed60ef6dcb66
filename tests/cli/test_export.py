"""``umrnn interpret export``: what goes to stdout, what to the file, refusals before the work."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_neurons import record
from umrnn import rnn

pytestmark = pytest.mark.needs_jit


def test_export__without_options(umrnn) -> None:
    found = record(umrnn("interpret", "export", "--format", "json"))
    assert found["command"] == "interpret export"
    assert found["headline"]["positions"] == 1
    assert list(found["tables"]) == ["predictions", "lags", "weight_patterns"]
    assert len(found["tables"]["lags"]["rows"]) == 11  # positions 10 … 0


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_export__writes_the_arrays(umrnn, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    words = ("--positions", "100:103", "--depth", "4", "--top", "2", "--patterns", "5", "--output", str(path))
    found = record(umrnn("interpret", "export", *words, "--format", "json"))
    assert found["headline"]["listed_patterns"] == 15
    if suffix == "json":
        stored = {name: np.array(cells) for name, cells in json.loads(path.read_text()).items()}
    else:
        with np.load(path) as archive:
            stored = dict(archive)
    assert stored["gradients"].shape == (3, 5, 128)
    assert stored["h"].shape == stored["z"].shape == (3, 128)
    assert stored["top_probabilities"].shape == (3, 2)
    np.testing.assert_allclose(np.tanh(stored["z"]), stored["h"], atol=1e-6)
    assert stored["positions"].tolist() == [100, 101, 102]
    assert [path.name for path in tmp_path.iterdir()] == [f"out.{suffix}"]


@pytest.mark.parametrize("content", [b"ab", b"a" * 50, bytes(range(256)), np.random.default_rng(0).bytes(300)])
@pytest.mark.parametrize("hidden", [1, 5])
def test_export__any_bytes_and_network(umrnn, tmp_path: Path, content: bytes, hidden: int) -> None:
    (tmp_path / "corpus").write_bytes(content)
    model = str(rnn.save(rnn.initial(hidden), tmp_path / "model.npz"))
    words = ("--corpus", str(tmp_path / "corpus"), "--model", model, "--positions", ":", "--format", "json")
    found = record(umrnn("interpret", "export", *words, "--output", str(tmp_path / "out.json")))
    assert len(found["tables"]["predictions"]["rows"]) == len(content) - 1


@pytest.mark.parametrize("form", ["table", "csv"])
def test_export__other_formats(umrnn, form: str) -> None:
    outcome = umrnn("interpret", "export", "--positions", "0:12", "--format", form)
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) > 12


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--range 0:1", "a corpus of one byte has nothing to predict"),
        ("--at 1023", "at must be in [0, 1022], got 1023"),
        ("--positions 5:2000", "the end of the positions must be in [0, 1023], got 2000"),
        ("--positions 5:6 --at 3", "name one position or several, got both 3 and a span"),
        ("--depth 2000", "depth must be at most 1022 in a corpus of 1024 bytes, got 2000"),
        ("--top 0", "top must be in [1, 256], got 0"),
        ("--output out.csv", "output must be a .json or .npz file, got out.csv"),
        ("--output /no/such/folder/out.json", "the directory /no/such/folder does not exist"),
    ],
)
def test_export__one_clear_line(umrnn, words: str, message: str) -> None:
    outcome = umrnn("interpret", "export", *words.split())
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_export__never_replaces_what_it_reads(umrnn, tmp_path: Path) -> None:
    model = rnn.save(rnn.initial(2), tmp_path / "model.npz")
    before = Path(model).read_bytes()
    outcome = umrnn("interpret", "export", "--model", str(model), "--output", str(model))
    assert (outcome.code, outcome.out) == (1, "")
    assert "must not be the model itself" in outcome.err
    assert Path(model).read_bytes() == before


def test_export__of_too_much_text(umrnn, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    outcome = umrnn("interpret", "export", "--positions", ":", "--output", str(path))
    assert outcome.code == 1
    assert "must not exceed 4194304 in .json, got" in outcome.err
    assert not path.exists()
