"""``umrnn interpret intervene``: its contract, its two ways, its complaints."""

import json
from pathlib import Path

import numpy as np
import pytest

from umrnn import rnn
from umrnn.report.layout import lay_out
from umrnn.result import Table

SHORT = ("interpret", "intervene", "--draws", "1", "--permutations", "2")
WORDS = (*SHORT, "--format", "json")
CONTRACT = {
    "post_hoc_delta", "step_delta", "step_delta_min", "step_delta_max", "random_post_hoc_delta", "random_step_delta",
    "residual_r", "write_in_delta", "space_reset", "propagation_norm", "propagation_cosine", "propagation_norm_8",
}  # fmt: skip

pytestmark = pytest.mark.needs_jit


def record_of(outcome) -> dict:
    assert outcome.code == 0, outcome.err

    def refuse(value: str) -> None:
        raise AssertionError(f"{value} in JSON")

    return json.loads(outcome.out, parse_constant=refuse)


def test_intervene__keeps_the_contract(umrnn) -> None:
    record = record_of(umrnn(*WORDS))
    assert record["command"] == "interpret intervene"
    assert set(record["headline"]) >= CONTRACT
    assert [name for name in CONTRACT if not isinstance(record["headline"][name], float)] == []
    assert list(record["tables"]) == ["directions", "interventions", "means", "components", "features"]
    assert [len(row) for t in record["tables"].values() for row in t["rows"] if len(row) != len(t["columns"])] == []
    assert record["provenance"]["parameters"]["permutations"] == 2
    assert record["provenance"]["model"]["name"] == "sat-rnn (shipped)"


def test_intervene__works_with_no_options(umrnn) -> None:
    record = record_of(umrnn("interpret", "intervene"))
    assert record["provenance"]["parameters"]["draws"] == 10
    assert record["provenance"]["parameters"]["permutations"] == 199


@pytest.mark.parametrize("form", ["table", "csv"])
def test_intervene__other_formats(umrnn, form: str) -> None:
    outcome = umrnn(*SHORT, "--format", form)
    assert outcome.code == 0, outcome.err
    assert "covariance" in outcome.out


def test_intervene__reads_another_feature_and_a_direction(umrnn, tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.arange(128))
    record = record_of(umrnn(*WORDS, "--feature", "in-tag", "--direction", str(tmp_path / "d.npy")))
    assert (record["headline"]["feature"], record["headline"]["direction"]) == ("in-tag", "given")
    assert [row[0] for row in record["tables"]["directions"]["rows"]] == [
        "covariance", "regression", "given", "random",
    ]  # fmt: skip


def test_intervene__patches_positions_and_texts(umrnn) -> None:
    places = record_of(umrnn(*WORDS, "--clean", "400", "--corrupted", "500", "--max-lag", "2"))
    assert [row[0] for row in places["tables"]["lags"]["rows"]] == [0, 1, 2]
    assert places["headline"]["clean_bits"] < places["headline"]["corrupted_bits"]
    texts = record_of(umrnn(*WORDS, "--clean-text", "<mediawiki xmlns", "--corrupted-text", "<mediawiki vers"))
    assert texts["headline"]["answer"]["text"] == "="
    assert texts["provenance"]["parameters"]["clean_text"] == "<mediawiki xmlns"


def test_intervene__reads_another_corpus_with_its_model(umrnn, tmp_path: Path) -> None:
    text, model = tmp_path / "text", str(rnn.save(rnn.initial(5), tmp_path / "own.npz"))
    text.write_bytes(np.random.default_rng(0).integers(0, 256, 300).astype(np.uint8).tobytes())
    refused = umrnn(*WORDS, "--corpus", str(text))
    assert (refused.code, "needs --model" in refused.err) == (1, True)
    record = record_of(umrnn(*WORDS, "--corpus", str(text), "--model", model))
    assert record["provenance"]["model"]["hidden"] == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--feature", "mood"), "feature must be one of word-length"),
        (("--feature", "in-tag", "--range", "100:110"), "feature in-tag must vary"),
        (("--direction", "{folder}/zero.npy"), "must not be zero in all 128 neurons"),
        (("--direction", "{folder}/short.npy"), "must be 128 numbers, got float64 of shape (3,)"),
        (("--direction", "{folder}/none.npy"), "does not exist"),
        (("--direction", "{folder}/zero.npy", "--output", "{folder}/zero.npy"), "output must not be the direction"),
        (("--draws", "-1"), "draws must be in [0, 10000]"),
        (("--permutations", "-1"), "permutations must be at least 0"),
        (("--range", "5:6"), "one byte has nothing to predict"),
        (("--clean", "5000", "--corrupted", "3"), "clean must be in [0, 1022], got 5000"),
        (("--clean-text", "", "--corrupted-text", "a"), "the clean text is empty"),
        (("--clean", "5", "--corrupted", "3", "--max-lag", "-1"), "max-lag must be at least 0"),
    ],
)
def test_intervene__complains_in_one_line(umrnn, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    np.save(tmp_path / "zero.npy", np.zeros(128))
    np.save(tmp_path / "short.npy", np.ones(3))
    outcome = umrnn(*WORDS, *(word.format(folder=tmp_path) for word in options))
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert outcome.err.count("error:") == 1


def test_intervene__says_that_the_covariance_is_singular(umrnn, tmp_path: Path) -> None:
    text, model = tmp_path / "text", str(rnn.save(rnn.initial(40), tmp_path / "own.npz"))
    text.write_bytes(b"to be or not to be")
    outcome = umrnn(*WORDS, "--corpus", str(text), "--model", model)
    rank = record_of(outcome)["headline"]["state_rank"]
    assert rank < 18
    [note] = [line for line in outcome.err.splitlines() if line.startswith("note: ")]
    assert f"singular, they vary in {rank} of 40 directions" in note
    assert "note:" not in umrnn(*SHORT).err


def test_intervene__answers_in_one_table_of_a_narrow_terminal(umrnn) -> None:
    table = record_of(umrnn(*WORDS))["tables"]["directions"]
    lines = lay_out(Table.of(table["columns"], table["rows"]), 80)
    assert len(lines) == 1


def test_intervene__patching_takes_no_direction(umrnn) -> None:
    outcome = umrnn(*WORDS, "--clean", "5", "--corrupted", "6", "--direction", "mine.npy")
    assert (outcome.code, outcome.out) == (2, "")
    assert "leave out --direction" in outcome.err


@pytest.mark.parametrize(
    "options", [("--clean", "5"), ("--corrupted-text", "a"), ("--clean", "5", "--corrupted", "6", "--clean-text", "a")]
)
def test_intervene__patching_takes_two_of_a_kind(umrnn, options: tuple[str, ...]) -> None:
    outcome = umrnn(*WORDS, *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert "patching takes --clean and --corrupted" in outcome.err
