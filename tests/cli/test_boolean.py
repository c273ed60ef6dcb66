"""``umrnn interpret boolean``: its contract, its graph, its complaints."""

import json
from pathlib import Path

import numpy as np
import pytest

from umrnn import rnn

WORDS = ("interpret", "boolean", "--permutations", "1", "--format", "json")
CONTRACT = {
    "bpc_float", "bpc_sign_readout", "bpc_sign_dynamics", "mean_margin", "unique_sign_vectors", "sign_agreement",
    "fidelity", "fidelity_state", "fidelity_top_byte", "first_counterexample", "scored",
}  # fmt: skip

pytestmark = pytest.mark.needs_jit


def test_boolean__keeps_the_contract(umrnn) -> None:
    outcome = umrnn(*WORDS)
    assert outcome.code == 0, outcome.err
    record = json.loads(outcome.out)
    assert record["command"] == "interpret boolean"
    assert set(record["headline"]) >= CONTRACT
    assert record["headline"]["scored"] == "in_sample"
    assert [len(row) for t in record["tables"].values() for row in t["rows"] if len(row) != len(t["columns"])] == []
    assert {"configurations", "neurons", "influence", "counterexamples", "cycles"} <= set(record["tables"])
    known = record["provenance"]
    assert known["model"]["name"] == "sat-rnn (shipped)"
    assert (known["parameters"]["influence_positions"], known["parameters"]["influence_samples"]) == ("10:1022:3", 338)


@pytest.mark.parametrize("form", ["table", "csv"])
def test_boolean__other_formats(umrnn, form: str) -> None:
    outcome = umrnn(*WORDS[:-1], form)
    assert outcome.code == 0, outcome.err
    assert "sign_readout" in outcome.out


@pytest.mark.parametrize("suffix", ["dot", "json"])
def test_boolean__writes_the_graph(umrnn, tmp_path: Path, suffix: str) -> None:
    graph = tmp_path / f"graph.{suffix}"
    outcome = umrnn(*WORDS, "--range", ":200", "--graph", str(graph), "--nodes", "9", "--ternary", "0.2")
    assert outcome.code == 0, outcome.err
    assert "bpc_ternary_dynamics" in json.loads(outcome.out)["headline"]
    text = graph.read_text("utf-8")
    assert text.startswith("digraph" if suffix == "dot" else "{")
    if suffix == "json":
        assert len(json.loads(text)["nodes"]) == 9


def test_boolean__reads_another_corpus_with_its_model(umrnn, tmp_path: Path) -> None:
    text, model = tmp_path / "text", str(rnn.save(rnn.initial(5), tmp_path / "own.npz"))
    text.write_bytes(np.random.default_rng(0).integers(0, 256, 300).astype(np.uint8).tobytes())
    refused = umrnn(*WORDS, "--corpus", str(text))
    assert (refused.code, "needs --model" in refused.err) == (1, True)
    outcome = umrnn(*WORDS, "--corpus", str(text), "--model", model)
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["headline"]["positions"] == 299


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--graph", "{folder}/a.png"), "graph must be a .dot or .json file"),
        (("--graph", "{folder}/none/a.dot"), "does not exist"),
        (("--graph", "{folder}/own.json", "--model", "{folder}/own.json"), "graph must not be the model itself"),
        (("--graph", "{folder}/o.json", "--output", "{folder}/o.json"), "graph must not be the output itself"),
        (("--ternary", "1.5"), "ternary must lie in"),
        (("--nodes", "0"), "nodes must be at least 1"),
        (("--range", "5:6"), "one byte has nothing to predict"),
        (("--permutations", "-1"), "permutations must be at least 0"),
    ],
)
def test_boolean__complains_in_one_line(umrnn, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    (tmp_path / "own.json").write_text("{}")
    outcome = umrnn(*WORDS, *(word.format(folder=tmp_path) for word in options))
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert outcome.err.count("error:") == 1
    assert not (tmp_path / "o.json").exists()
