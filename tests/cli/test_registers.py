"""``umrnn construct shift-register`` and what compares registers: contract, networks, any bytes, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.needs_jit
QUICK = {
    "shift-register": ("--permutations", "1"),
    "continuum": ("--range", ":200", "--permutations", "1"),
    "hashes": ("--permutations", "1", "--draws", "2"),
    "carriers": ("--permutations", "1", "--steps", "3"),
    "halves": ("--range", ":200", "--permutations", "1"),
}
STEPS = ("log_ratio", "pinv", "pinv_gd20", "pinv_gd500", "zero_gd1000", "newton")
HEADLINES = {
    "shift-register": {"bpc", "held_out_bpc", "null_bpc", "hidden", "distinct_codes", "encoding_accuracy"},
    "continuum": {key for name in STEPS for key in (f"bpc_{name}", f"bpc_{name}_held_out", f"null_bpc_{name}")},
    "hashes": {"mixed_log_ratio", "mixed_pinv", "random_codes_min", "random_pinv_max", "degenerate_codes"},
    "carriers": {"mixed_8_pinv", "mixed_8_gradient", "hybrid_16_pinv_all", "semantic_8_gradient_held_out"},
    "halves": {"log_ratio_train", "log_ratio_test", "newton_test", "gradient_on_all_test"},
}


def refuse(value: str) -> None:
    raise AssertionError(f"{value} in JSON")


def record(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out, parse_constant=refuse)


@pytest.fixture(scope="module")
def records() -> dict[str, dict]:
    """What the commands said with their quick options on two threads, by name, as tests came to need it."""
    return {}


@pytest.fixture
def found(umrnn, records, name: str) -> dict:
    if name not in records:
        records[name] = record(umrnn("construct", name, *QUICK[name], "--threads", "2", "--format", "json"))
    return records[name]


@pytest.mark.parametrize("name", QUICK)
def test_json__has_the_contract(found, name: str) -> None:
    assert list(found) == ["command", "headline", "tables", "provenance"]
    assert found["command"] == f"construct {name}"
    assert HEADLINES[name] <= set(found["headline"])
    common = found["tables"]["constructions"]
    published = [] if name == "halves" else ["published_bpc", "published_null_bpc"]
    assert common["columns"] == [
        *("construction", "detail", "bpc", "held_out_bpc", "null_bpc"),
        *published,
        *("seconds", "bytes_read"),
    ]
    counted = found["provenance"]["parameters"]["held_out_from"]
    assert {row[-1] for row in common["rows"]} == {counted}
    for table in found["tables"].values():
        assert table["rows"]
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
    assert found["provenance"]["parameters"]["held_out_from"] in (100, 512)


@pytest.mark.parametrize("name", QUICK)
def test_columns__are_explained(found, name: str) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/columns.md").read_text("utf-8")
    sections = [page.split(f"\n## construct {words}\n")[1].split("\n## ")[0] for words in ("shift-register", name)]
    columns = {column for table in found["tables"].values() for column in table["columns"]}
    assert {key for key in columns if not any(f"`{key}`" in section for section in sections)} == set()


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize("name", QUICK)
def test_other_formats__say_something(umrnn, name: str, form: str) -> None:
    little = ("--range", ":90", "--groups", "2", *(("--draws", "2") if name == "hashes" else ()))
    outcome = umrnn("construct", name, *little, "--permutations", "0", "--format", form)
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) > 1


def test_shift_register__known_figures(umrnn) -> None:
    """DESIGN: 170 codes and 1.455 with 8 signs, 253 codes with 16."""
    head = record(umrnn("construct", "shift-register", "--permutations", "0"))["headline"]
    assert (round(head["bpc"], 3), head["hidden"], head["distinct_codes"]) == (1.455, 128, 170)
    assert (head["encoding_accuracy"], head["null_bpc"], head["scale"]) == (1.0, None, 16.5)
    head = record(umrnn("construct", "shift-register", "--bits", "16", "--permutations", "0"))["headline"]
    assert (round(head["bpc"], 3), head["hidden"], head["distinct_codes"]) == (0.510, 256, 253)


@pytest.mark.parametrize(
    ("name", "suffix"), [("shift-register", ".npz"), ("shift-register", ".bin"), ("continuum", ".npz")]
)
def test_output__is_a_network_that_eval_scores_the_same(umrnn, tmp_path: Path, name: str, suffix: str) -> None:
    model, span = str(tmp_path / f"model{suffix}"), ("--range", ":200")
    head = record(umrnn("construct", name, *span, "--permutations", "0", "--output", model))["headline"]
    bpc = head["bpc"] if "bpc" in head else head[f"bpc_{head['best']}"]
    scored = record(umrnn("eval", "--model", model, *span, "--permutations", "0"))["headline"]
    assert scored["bpc"] == pytest.approx(bpc, abs=5e-6)
    assert scored["scored"] == ("in_sample" if suffix == ".npz" else "unknown")


def test_output__is_read_by_readings_and_convert(umrnn, tmp_path: Path) -> None:
    model = str(tmp_path / "model.npz")
    assert umrnn("construct", "shift-register", "--output", model).code == 0
    assert umrnn("interpret", "knockout", "--model", model, "--permutations", "0").code == 0
    assert umrnn("convert", model, str(tmp_path / "model.bin")).code == 0


def test_continuum__of_other_registers(umrnn) -> None:
    words = ("--range", ":150", "--permutations", "0", "--hash", "hybrid", "--groups", "3", "--descent-bytes", "40")
    found = record(umrnn("construct", "continuum", *words))
    assert found["provenance"]["parameters"]["bits"] == 16
    details = {row[0]: row[1] for row in found["tables"]["constructions"]["rows"]}
    assert details["zero_gd1000"] == "1000 gradient steps, rate 0.5, latest 40 bytes"


def test_continuum__says_what_its_defaults_became(umrnn) -> None:
    parameters = record(umrnn("construct", "continuum", "--range", ":30"))["provenance"]["parameters"]
    assert (parameters["groups"], parameters["descent_bytes"], parameters["model_fitted_to"]) == (12, 2500, [0, 30])


def test_held_out__takes_the_share_named(umrnn) -> None:
    found = record(umrnn("construct", "shift-register", "--held-out", "0.2", "--permutations", "0"))
    assert found["provenance"]["parameters"]["held_out_from"] == 819


@pytest.mark.parametrize("name", QUICK)
def test_threads__change_no_figure(umrnn, found, name: str) -> None:
    alone = record(umrnn("construct", name, *QUICK[name], "--threads", "1"))
    assert [one["provenance"]["threads"] for one in (found, alone)] == [2, 1]
    beside, single = ({**one["headline"], "seconds": None} for one in (found, alone))
    assert beside == single


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("content", [b"ab" * 50, b"a" * 60, bytes(range(256)), np.random.default_rng(0).bytes(300)])
def test_any_bytes(umrnn, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "corpus").write_bytes(content)
    words = ("--corpus", str(tmp_path / "corpus"), "--groups", "4", "--permutations", "1")
    record(umrnn("construct", name, *words, *(("--steps", "3") if name == "carriers" else ())))


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"x", "at least two bytes to count"), (b"short", "needs at least 4 bytes, got 2")],
)
def test_short_corpora__one_clear_line(umrnn, tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / "corpus").write_bytes(content)
    outcome = umrnn("construct", name, "--corpus", str(tmp_path / "corpus"))
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert outcome.err.count("error:") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("shift-register --hidden 100", "hidden must be groups x bits, got 100 for 12 x 8"),
        ("shift-register --hidden 128 --groups 4", "hidden must be groups x bits, got 128 for 4 x 8"),
        ("shift-register --groups 300", "groups x bits must be at most 2048, got 300 x 8 = 2400"),
        ("shift-register --bits 0", "bits must be in [1, 2048], got 0"),
        ("shift-register --hash bits --bits 9", "bits must be at most 8 for the hash bits, got 9"),
        ("shift-register --ridge -1", "ridge must be at least 0 and finite, got -1.0"),
        ("shift-register --hash degenerate --ridge 0", "least squares are singular with ridge 0"),
        ("shift-register --held-out 0", "held-out must lie between 0 and 1, got 0.0"),
        ("shift-register --held-out 1", "held-out must lie between 0 and 1, got 1.0"),
        ("shift-register --permutations -1", "permutations must be at least 0, got -1"),
        ("shift-register --hash random --seed -1", "seed must be at least 0, got -1"),
        ("shift-register --readout gradient --steps -1", "steps must be at least 0, got -1"),
        ("shift-register --descent-bytes 0", "descent-bytes must be at least 1, got 0"),
        ("shift-register --output none/model.npz", "the directory none does not exist"),
        ("shift-register --output model.png", "format must be one of"),
        ("continuum --output none/model.npz", "the directory none does not exist"),
        ("continuum --range :10 --groups 16", "a register of 16 groups needs at least 19 bytes, got 5"),
        ("shift-register --ridge inf", "ridge must be at least 0 and finite, got inf"),
        ("continuum --descent-bytes 0", "descent-bytes must be at least 1, got 0"),
        ("hashes --draws 0", "draws must be at least 1, got 0"),
        ("hashes --groups 0", "groups must be at least 1, got 0"),
        ("carriers --lr 0", "lr must be a finite number above 0"),
        ("carriers --steps -1", "steps must be at least 0, got -1"),
        ("halves --held-out 0.99 --groups 16", "a register of 16 groups needs at least 19 bytes, got 10"),
        ("halves --held-out 0.0009", "the rest must hold at least two bytes, got one"),
    ],
)
def test_unfit_requests__one_clear_line(umrnn, words: str, message: str) -> None:
    outcome = umrnn("construct", *words.split())
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert outcome.err.count("error:") == 1


def test_output__is_not_the_corpus(umrnn, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.npz"
    corpus.write_bytes(b"some text")
    for name in ("shift-register", "hashes"):
        outcome = umrnn("construct", name, "--corpus", str(corpus), "--output", str(corpus))
        assert (outcome.code, "must not be the corpus itself" in outcome.err) == (1, True)
    assert corpus.read_bytes() == b"some text"


@pytest.mark.parametrize("words", ["shift-register --hash md5", "shift-register --readout magic", "continuum --bits x"])
def test_unknown_choices__are_usage_errors(umrnn, words: str) -> None:
    assert umrnn("construct", *words.split()).code == 2
