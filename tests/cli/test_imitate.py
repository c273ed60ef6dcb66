"""``umrnn construct predict`` and ``substitute``: their contract, the network written, their complaints."""

import json
from pathlib import Path

import numpy as np
import pytest

from umrnn import rnn

PREDICT = ("construct", "predict", "--permutations", "2", "--shuffles", "1", "--format", "json")
SUBSTITUTE = (
    "construct", "substitute", "--epochs", "2", "--draws", "1", "--permutations", "1", "--format", "json",
)  # fmt: skip
PREDICTORS = (
    "hebbian", "sign_correlation", "float_influence", "float_influence_whole", "wy_sign_split",
    "wx_sign_conditioned", "wx_pmi", "bh_log_odds",
)  # fmt: skip
REPLACED = (
    "all", "all_but_b_y", "W_h", "W_x", "W_y", "b_h_times_5", "b_h", "W_h_80", "W_y_50", "W_y_80",
    "hebbian_trained", "signs_trained", "W_y_sign_split_trained",
)  # fmt: skip

pytestmark = pytest.mark.needs_jit


def record_of(outcome) -> dict:
    assert outcome.code == 0, outcome.err

    def refuse(value: str) -> None:
        raise AssertionError(f"{value} in JSON")

    return json.loads(outcome.out, parse_constant=refuse)


def test_predict__keeps_the_contract(umrnn) -> None:
    record = record_of(umrnn(*PREDICT))
    assert record["command"] == "construct predict"
    names = ("{}_r", "{}_held_out_r", "shuffled_{}_r", "scrambled_{}_r", "null_{}_r")
    expected = {name.format(key) for key in PREDICTORS for name in names}
    assert set(record["headline"]) >= expected
    assert [key for key in expected if not isinstance(record["headline"][key], float)] == []
    assert list(record["tables"]) == ["predictors", "neurons", "largest"]
    assert [len(record["tables"][name]["rows"]) for name in ("neurons", "largest")] == [128, 10]
    assert record["provenance"]["parameters"]["shuffles"] == 1
    assert record["headline"]["scored"] == "in_sample"


def test_substitute__keeps_the_contract(umrnn) -> None:
    record = record_of(umrnn(*SUBSTITUTE))
    assert record["command"] == "construct substitute"
    names = ("bpc_{}", "delta_{}", "bpc_{}_held_out", "delta_{}_held_out")
    expected = {name.format(key) for key in REPLACED for name in names} | {"bpc", "written_bpc"}
    assert set(record["headline"]) >= expected
    assert [key for key in expected if not isinstance(record["headline"][key], float)] == []
    assert list(record["tables"]) == ["substitutions", "blends", "read_outs"]
    blends = record["tables"]["blends"]
    kept = [row[blends["columns"].index("kept_share")] for row in blends["rows"]]
    assert kept == [0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1] * 6


@pytest.mark.parametrize("words", [("construct", "predict"), ("construct", "substitute")])
def test_command__works_with_no_options(umrnn, words: tuple[str, ...]) -> None:
    parameters = record_of(umrnn(*words))["provenance"]["parameters"]
    assert parameters["permutations"] == (199 if words[1] == "predict" else 3)


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize("words", [PREDICT[:-1], SUBSTITUTE[:-1]])
def test_command__other_formats(umrnn, words: tuple[str, ...], form: str) -> None:
    outcome = umrnn(*words, form)
    assert outcome.code == 0, outcome.err
    assert "hebbian" in outcome.out


def test_substitute__writes_a_network_that_eval_scores(umrnn, tmp_path: Path) -> None:
    path = str(tmp_path / "written.npz")
    record = record_of(umrnn(*SUBSTITUTE, "--replace", "W_y", "--keep", "0.8", "--output", path))
    assert record["headline"]["written"] == "W_y"
    scored = record_of(umrnn("eval", "--model", path, "--permutations", "0", "--format", "json"))
    assert scored["headline"]["bpc"] == pytest.approx(record["headline"]["bpc_W_y_80"], rel=1e-6)
    assert scored["headline"]["scored"] == "in_sample"
    read = record_of(umrnn("interpret", "weights", "--model", path, "--format", "json"))
    assert read["provenance"]["model"]["hidden"] == 128


def test_command__reads_another_corpus_with_its_model(umrnn, tmp_path: Path) -> None:
    text, model = tmp_path / "text", str(rnn.save(rnn.initial(5), tmp_path / "own.npz"))
    text.write_bytes(np.random.default_rng(0).integers(0, 256, 300).astype(np.uint8).tobytes())
    for words in (PREDICT, SUBSTITUTE):
        refused = umrnn(*words, "--corpus", str(text))
        assert (refused.code, "needs --model" in refused.err) == (1, True)
        record = record_of(umrnn(*words, "--corpus", str(text), "--model", model))
        assert record["provenance"]["model"]["hidden"] == 5


def test_predict__output_receives_the_result(umrnn, tmp_path: Path) -> None:
    assert umrnn(*PREDICT, "--output", str(tmp_path / "found.json")).out == ""
    assert json.loads((tmp_path / "found.json").read_text("utf-8"))["command"] == "construct predict"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*PREDICT, "--range", "5:6"), "one byte has nothing to predict"),
        ((*PREDICT, "--shuffles", "-1"), "shuffles must be at least 0"),
        ((*PREDICT, "--permutations", "-1"), "permutations must be at least 0"),
        ((*PREDICT, "--output", "{folder}/none/a.json"), "does not exist"),
        ((*SUBSTITUTE, "--range", "5:6"), "one byte has nothing to predict"),
        (
            (*SUBSTITUTE, "--replace", "W_h,W_q"),
            "replace must name arrays among W_x, W_h, b_h, W_y, b_y, or all, got W_q",
        ),
        ((*SUBSTITUTE, "--keep", "2"), "keep must lie in [0, 1], got 2"),
        ((*SUBSTITUTE, "--draws", "-1"), "draws must be at least 0"),
        ((*SUBSTITUTE, "--epochs", "-1"), "epochs must be at least 0"),
        ((*SUBSTITUTE, "--output", "{folder}/a.doc"), "format must be one of"),
        ((*SUBSTITUTE, "--output", "{folder}/none/a.npz"), "does not exist"),
        ((*SUBSTITUTE, "--model", "{folder}/own.npz", "--output", "{folder}/own.npz"), "must not be the model itself"),
    ],
)
def test_command__complains_in_one_line(umrnn, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    rnn.save(rnn.initial(2), tmp_path / "own.npz")
    outcome = umrnn(*(word.format(folder=tmp_path) for word in words))
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert outcome.err.count("error:") == 1
