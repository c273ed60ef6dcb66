"""``umrnn interpret gradient | attribution``: contract, figures, any corpus, refusals."""

from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_neurons import record
from umrnn import rnn

pytestmark = pytest.mark.needs_jit
COMMANDS = {"gradient": ("--permutations", "1"), "attribution": ("--permutations", "1")}
HEADLINES = {
    "gradient": {"top10_energy", "growth_k8", "null_growth_k8", "gated_attribution_k1", "dominant_neurons"},
    "attribution": {
        "position",
        "surprisal_bits",
        "completeness_residual_bits",
        "large_weights",
        "top_chain_neuron",
        "greedy_share",
    },
}
TABLES = {
    "gradient": ["lags", "energy", "neurons"],
    "attribution": [
        "past_bytes",
        "chains",
        "chain_neurons",
        "large_weights",
        "active_weights",
        "depths",
        "lags",
        "lag_neurons",
    ],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_json__has_the_contract(umrnn, name: str) -> None:
    found = record(umrnn("interpret", name, *COMMANDS[name], "--format", "json"))
    assert list(found) == ["command", "headline", "tables", "provenance"]
    assert found["command"] == f"interpret {name}"
    assert HEADLINES[name] <= set(found["headline"])
    assert list(found["tables"]) == TABLES[name]
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


def test_gradient__published_figures(umrnn, reference: Path) -> None:
    model = str(reference / "sat-rnn-published.bin")
    head = record(umrnn("interpret", "gradient", "--model", model, "--format", "json"))["headline"]
    assert (round(head["top10_energy"], 3), round(head["growth_k8"], 3)) == (0.679, 2.378)


def test_attribution__published_figures(umrnn, reference: Path) -> None:
    model = str(reference / "sat-rnn-published.bin")
    found = record(umrnn("interpret", "attribution", "--model", model, "--format", "json"))
    head = found["headline"]
    assert (head["large_weights"], head["top_chain_neuron"], head["mode_lag"]) == (44794, 8, 14)
    assert abs(head["completeness_residual_bits"]) < 0.001
    assert sum(row[4] for row in found["tables"]["past_bytes"]["rows"]) == pytest.approx(
        head["baseline_surprisal_bits"] - head["surprisal_bits"], abs=1e-9
    )


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("content", [b"ab", b"a" * 50, bytes(range(256)), np.random.default_rng(0).bytes(300)])
@pytest.mark.parametrize("hidden", [1, 5])
def test_any_bytes_and_network(umrnn, tmp_path: Path, name: str, content: bytes, hidden: int) -> None:
    (tmp_path / "corpus").write_bytes(content)
    model = str(rnn.save(rnn.initial(hidden), tmp_path / "model.npz"))
    words = ("--corpus", str(tmp_path / "corpus"), "--model", model, "--format", "json")
    record(umrnn("interpret", name, *COMMANDS[name], *words))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("gradient --range 0:1", "a corpus of one byte has nothing to predict"),
        ("gradient --depth 1023", "depth must be at most 1022 in a corpus of 1024 bytes, got 1023"),
        ("gradient --depth -1", "depth must be at least 0, got -1"),
        ("gradient --permutations -1", "permutations must be at least 0, got -1"),
        ("attribution --range 0:1", "a corpus of one byte has nothing to predict"),
        ("attribution --at 1023", "at must be in [0, 1022], got 1023"),
        ("attribution --at 5 --window 6", "window must be at most the 5 bytes before the one at position 5, got 6"),
        ("attribution --steps 0", "steps must be in [1, 8192], got 0"),
        ("attribution --depth 2000", "depth must be at most 1022 in a corpus of 1024 bytes, got 2000"),
    ],
)
def test_unfit_requests__one_clear_line(umrnn, words: str, message: str) -> None:
    outcome = umrnn("interpret", *words.split())
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("name", COMMANDS)
def test_another_corpus__needs_a_model(umrnn, tmp_path: Path, name: str) -> None:
    (tmp_path / "corpus").write_bytes(b"some text")
    outcome = umrnn("interpret", name, "--corpus", str(tmp_path / "corpus"))
    assert (outcome.code, outcome.out) == (1, "")
    assert "needs --model" in outcome.err
