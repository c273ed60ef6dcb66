"""``umrnn interpret lyapunov | svd | memory``: contract, figures, any corpus, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

from umrnn import rnn

pytestmark = pytest.mark.needs_jit
COMMANDS = {
    "lyapunov": ("--permutations", "1", "--exponents", "1"),
    "svd": ("--permutations", "1"),
    "memory": ("--permutations", "9", "--horizon", "1"),
}
HEADLINES = {
    "lyapunov": {"lambda1_nats_per_step", "standard_error", "transient_error_ratio", "kaplan_yorke_dimension"},
    "svd": {"bigram_singular_value", "bigram_first_share", "W_h_first_share_centred", "W_y_above_null"},
    "memory": {
        "depth_method_1",
        "depth_method_2",
        "depth_corrected",
        "mean_surprisal_bits",
        *(f"{kind}_depth_float{bits}" for kind in ("predicted", "measured") for bits in (64, 32, 16)),
    },
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


@pytest.mark.parametrize("name", COMMANDS)
def test_columns__are_explained(umrnn, name: str) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/columns.md").read_text("utf-8")
    section = page.split(f"\n## interpret {name}\n")[1].split("\n## ")[0]
    found = record(umrnn("interpret", name, *COMMANDS[name], "--format", "json"))
    columns = {column for table in found["tables"].values() for column in table["columns"]}
    assert {key for key in columns | set(found["headline"]) if f"`{key}`" not in section} == set()


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize("name", COMMANDS)
def test_other_formats__say_something(umrnn, name: str, form: str) -> None:
    outcome = umrnn("interpret", name, *COMMANDS[name], "--format", form)
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) > 1


def test_lyapunov__published_figure(umrnn, reference: Path) -> None:
    model = str(reference / "sat-rnn-published.bin")
    head = record(umrnn("interpret", "lyapunov", "--model", model, "--format", "json"))["headline"]
    assert abs(head["lambda1_nats_per_step"] + 0.005) < 0.001
    assert head["exponents"] == 128


def test_svd__of_one_matrix(umrnn) -> None:
    found = record(umrnn("interpret", "svd", "--matrix", "W_h", "--components", "3", "--format", "json"))
    assert all(key.startswith("W_h_") for key in found["headline"])
    assert len(found["tables"]["components"]["rows"]) == 3


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
        ("lyapunov --range 0:1", "a corpus of one byte has nothing to predict"),
        ("lyapunov --exponents 129", "exponents must be in [1, 128], got 129"),
        ("lyapunov --every 0", "every must be in [1, 100], got 0"),
        ("lyapunov --steps 2000", "steps must be in [2, 1024], got 2000"),
        ("lyapunov --permutations -1", "permutations must be at least 0, got -1"),
        ("svd --range 5:6", "a corpus of one byte has nothing to predict"),
        ("svd --components 0", "components must be at least 1, got 0"),
        ("memory --range 5:6", "a corpus of one byte has nothing to predict"),
        ("memory --depth 1024", "depth must be in [1, 1023], got 1024"),
        ("memory --range 0:20 --depth 20", "depth must be in [1, 19], got 20"),
        ("memory --positions 0", "positions must be in [1, 100000], got 0"),
        ("memory --horizon 513", "horizon must be in [1, 512], got 513"),
    ],
)
def test_unfit_requests__one_clear_line(umrnn, words: str, message: str) -> None:
    outcome = umrnn("interpret", *words.split())
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_an_unknown_matrix__is_a_usage_error(umrnn) -> None:
    assert umrnn("interpret", "svd", "--matrix", "W_z").code == 2
