"""``umrnn construct spectral``, ``conjunctions`` and ``compare``: contract, network written, resumption, complaints."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs_jit

SHORT = ("--permutations", "0", "--format", "json")
SCORES = {"bpc", "held_out_bpc", "null_bpc", "order_0_bpc", "order_0_held_out_bpc", "hidden", "seconds", "bytes_read"}


def record_of(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


@pytest.mark.parametrize(
    ("command", "table"), [(("spectral",), "components"), (("conjunctions", "--rounds", "2"), "neurons")]
)
def test_network__is_what_eval_scores(umrnn, tmp_path: Path, command, table) -> None:
    output = str(tmp_path / "network.npz")
    record = record_of(umrnn("construct", *command, "--hidden", "24", "--output", output, *SHORT))
    assert record["command"] == f"construct {command[0]}"
    assert set(record["headline"]) >= SCORES
    assert [row[0] for row in record["tables"]["constructions"]["rows"]] == ["order 0", command[0]]
    assert table in record["tables"]
    scored = record_of(umrnn("eval", "--model", output, "--range", ":512", "--permutations", "0", "--format", "json"))
    assert scored["headline"]["bpc"] == pytest.approx(
        record["headline"]["bpc"], abs=1e-6
    )  # blocks of float32 begin elsewhere


def test_network__is_read_like_any_other(umrnn, tmp_path: Path) -> None:
    output = str(tmp_path / "network.npz")
    umrnn("construct", "spectral", "--hidden", "16", "--output", output, *SHORT)
    read = ("--model", output, "--permutations", "0", "--lags", "0,1,2", "--format", "json")
    assert record_of(umrnn("interpret", "factor-map", *read))["headline"]["mean_r2"] > 0.3
    assert umrnn("convert", output, str(tmp_path / "network.bin")).code == 0


def test_compare__keeps_the_contract_and_its_rows(umrnn, tmp_path: Path) -> None:
    keep = str(tmp_path / "rows.json")
    command = ("construct", "compare", "--hidden", "16", "--train", "", "--keep", keep, *SHORT)
    first, second = record_of(umrnn(*command)), record_of(umrnn(*command))
    assert set(first["headline"]) >= {"best_construction", "best_held_out_bpc", "best_counting_held_out_bpc"}
    assert first["tables"] == second["tables"]  # seconds and all: nothing was made anew


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("spectral", "--hidden", "0"), 1, "hidden must be at least 1"),
        (("spectral", "--held-out", "1"), 1, "held-out must lie between 0 and 1, got 1.0"),
        (("spectral", "--hidden", "100", "--range", ":40"), 1, "hidden must be at most"),
        (("conjunctions", "--hidden", "16", "--window", "0"), 1, "window must be"),
        (("conjunctions", "--base", "else"), 2, "Invalid value"),
        (("compare", "--train", "one"), 2, "numbers separated by commas"),
        (("compare", "--hidden", "4"), 1, "hidden must be at least 8"),
        (("compare", "--range", ":9"), 1, "a comparison needs at least 16 bytes, got 9"),
        (("compare", "--train", "-1"), 1, "must be a finite number above 0"),
    ],
)
def test_unfit_requests__one_line(umrnn, options, code, message) -> None:
    outcome = umrnn("construct", *options)
    assert outcome.code == code
    assert message in outcome.err
    assert "Traceback" not in outcome.err
