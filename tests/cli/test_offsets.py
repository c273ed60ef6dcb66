"""``umrnn construct multi-offset | reverse | bigram | redux``: contract, what --output writes, any bytes, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.needs_jit
QUICK = {
    "multi-offset": ("--range", ":90", "--offsets", "1,3", "--features", "8", "--draws", "1"),
    "reverse": ("--range", ":90", "--draws", "1"),
    "bigram": ("--draws", "1"),
    "redux": ("--epochs", "1,2", "--starts", "1", "--draws", "1"),
}
KINDS = ("log_ratio", "pattern_offsets", "difference", "random_hash", "bigram_hash", "pair_hash")
MASKS = ("dense", "trained_mask", "random_mask", "no_W_h")
HEADLINES = {
    "multi-offset": {"bpc", "held_out_bpc", "null_bpc", "detail", "order_0_held_out_bpc", "best_held_out_bpc"},
    "reverse": {f"bpc_{kind}{end}" for kind in KINDS for end in ("", "_held_out")} | {"null_bpc_log_ratio", "offsets"},
    "bigram": {"bpc", "held_out_bpc", "null_bpc", "bpc_counting", "bpc_mixed", "bpc_mixed_held_out", "hidden"},
    "redux": {f"bpc_{mask}{end}" for mask in MASKS for end in ("", "_held_out")}
    | {"bpc_trained", "bpc_pruned", "bpc_pruned_held_out", "parameters_trained", "parameters_pruned"},
}


def refuse(value: str) -> None:
    raise AssertionError(f"{value} in JSON")


def record(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out, parse_constant=refuse)


@pytest.mark.parametrize("name", QUICK)
def test_json__has_the_contract(umrnn, name: str) -> None:
    found = record(umrnn("construct", name, *QUICK[name], "--format", "json"))
    assert list(found) == ["command", "headline", "tables", "provenance"]
    assert found["command"] == f"construct {name}"
    assert set(found["headline"]) >= HEADLINES[name]
    table = found["tables"]["constructions"]
    assert table["columns"] == [
        "construction", "detail", "bpc", "held_out_bpc", "null_bpc", "published_bpc", "published_null_bpc",
        "seconds", "bytes_read",
    ]  # fmt: skip
    assert table["rows"][0][:2] == ["order 0", "frequencies of the bytes"]


@pytest.mark.parametrize("name", QUICK)
def test_other_formats(umrnn, name: str) -> None:
    for form in ("table", "csv"):
        outcome = umrnn("construct", name, *QUICK[name], "--permutations", "0", "--format", form)
        assert outcome.code == 0, outcome.err
        assert ("held_out_bpc" if form == "csv" else "held_") in outcome.out  # headers of a table break at _


@pytest.mark.parametrize(
    ("name", "file", "extra"),
    [
        ("multi-offset", "r.npz", ()),
        ("multi-offset", "r.npz", ("--neurons", "3")),
        ("reverse", "r.npz", ()),
        ("reverse", "r.npz", ("--write", "offsets")),
        ("bigram", "m.npz", ()),
        ("bigram", "m.bin", ()),
        ("redux", "m.npz", ()),
        ("redux", "m.npz", ("--write", "sparse")),
    ],
)
def test_output__is_what_eval_scores(umrnn, tmp_path: Path, name: str, file: str, extra: tuple[str, ...]) -> None:
    path, spans = str(tmp_path / file), [word for word in QUICK[name] if ":" in word]
    record(umrnn("construct", name, *QUICK[name], *extra, "--permutations", "0", "--output", path))
    where = ("--range", spans[0]) if spans else ()
    scored = record(umrnn("eval", "--model", path, *where, "--permutations", "0"))["headline"]
    assert scored["scored"] == ("unknown" if file.endswith(".bin") else "in_sample")
    assert 0 < scored["bpc"] < 9
    interpreted = umrnn("interpret", "weights", "--model", path, *where)
    assert interpreted.code == (1 if name in ("multi-offset", "reverse") else 0), interpreted.err


def test_bigram__output_is_the_network_of_the_headline(umrnn, tmp_path: Path) -> None:
    path = str(tmp_path / "m.npz")
    headline = record(umrnn("construct", "bigram", "--output", path))["headline"]
    scored = record(umrnn("eval", "--model", path, "--permutations", "0"))["headline"]
    assert scored["bpc"] == pytest.approx(headline["bpc"], abs=1e-5)


def test_against__continues_the_corpus_or_is_another(umrnn, tmp_path: Path) -> None:
    words = ("construct", "bigram", "--draws", "1", "--permutations", "0", "--range", ":400")
    following = record(umrnn(*words, "--against", "400:600"))
    assert following["provenance"]["parameters"]["held_out"] == {"name": "siteinfo", "start": 400, "stop": 600}
    assert following["provenance"]["corpus"]["stop"] == 400
    apart = record(umrnn(*words, "--against", "500:600"))
    assert apart["provenance"]["parameters"]["held_out"] == {"name": "siteinfo", "start": 501, "stop": 600}
    (tmp_path / "other.txt").write_bytes(b"<title>")
    other = record(umrnn(*words, "--against", str(tmp_path / "other.txt")))
    assert other["provenance"]["parameters"]["held_out"]["name"].endswith("other.txt")
    assert len({found["headline"]["held_out_bpc"] for found in (following, apart, other)}) == 3
    assert len({found["headline"]["bpc"] for found in (following, apart, other)}) == 1


def test_held_out__is_a_share(umrnn) -> None:
    found = record(umrnn("construct", "bigram", "--draws", "1", "--permutations", "0", "--held-out", "0.25"))
    assert found["provenance"]["parameters"]["held_out"]["start"] == 768


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", b"abcde"])
def test_short_corpora__say_what_is_missing(umrnn, tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / "short.bin").write_bytes(data)
    words = ["construct", name, "--corpus", str(tmp_path / "short.bin"), "--draws", "1"]
    words += ["--model", str(network(tmp_path)), "--epochs", "1"] if name == "redux" else []
    outcome = umrnn(*words)
    if outcome.code == 0:
        assert len(data) > 3
        record(outcome)
        return
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: ")
    assert len(outcome.err.splitlines()) <= 2


def network(folder: Path) -> Path:
    from umrnn import rnn

    return rnn.save(rnn.initial(3), folder / "small.npz")


@pytest.mark.parametrize("name", ["multi-offset", "reverse", "bigram"])
@pytest.mark.parametrize("kind", ["random", "constant", "all bytes"])
def test_any_bytes(umrnn, tmp_path: Path, name: str, kind: str) -> None:
    data = {
        "random": bytes(np.random.default_rng(1).integers(0, 256, 90).astype(np.uint8)),
        "constant": b"\xff" * 90,
        "all bytes": bytes(range(256)),
    }[kind]
    (tmp_path / "any.bin").write_bytes(data)
    extra = ("--greedy", "2", "--features", "8") if name == "multi-offset" else ()
    words = ("construct", name, *extra, "--corpus", str(tmp_path / "any.bin"), "--draws", "1")
    headline = record(umrnn(*words))["headline"]
    assert headline[next(key for key in headline if key.startswith("bpc"))] is not None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("multi-offset", "--offsets", "600"), "600 needs 602 bytes to fit, got 512"),
        (("multi-offset", "--offsets", "5000"), "5000 needs 5002 bytes to fit, got 1024"),
        (("multi-offset", "--offsets", "0"), "every offset must be at least 1, got 0"),
        (("multi-offset", "--offsets", "1,1"), "offsets must be distinct"),
        (("multi-offset", "--greedy", "0"), "greedy must be at least 1, got 0"),
        (("multi-offset", "--offsets", "1", "--descent-bytes", "0"), "descent-bytes must be at least 1, got 0"),
        (("multi-offset", "--offsets", "1", "--output", "x.bin"), "a read-out must be written as npz, got raw"),
        (("multi-offset", "--draws", "0"), "draws must be at least 1, got 0"),
        (("multi-offset", "--permutations", "-1"), "permutations must be at least 0, got -1"),
        (("reverse", "--lags", "600"), "every lag must be shorter than the corpus of 512 bytes"),
        (("reverse", "--output", "x.pt"), "a read-out must be written as npz, got torch"),
        (("reverse", "--held-out", "2"), "held-out must lie between 0 and 1, got 2.0"),
        (("bigram", "--hidden", "0"), "hidden must be in"),
        (("bigram", "--ridge", "-1"), "ridge must be a finite number above 0"),
        (("bigram", "--output", "nowhere/x.npz"), "the directory nowhere does not exist"),
        (("redux", "--drop", "1.1"), "drop must lie between 0 and 1, got 1.1"),
        (("redux", "--neurons", "129"), "neurons must be at most 128"),
        (("redux", "--epochs", "0"), "epochs must be"),
        (("redux", "--corpus", "book.txt"), "a reading of another corpus needs --model"),
        (("redux", "--model", "missing.npz"), "missing.npz does not exist"),
    ],
)
def test_refusals__are_one_line(umrnn, tmp_path: Path, monkeypatch, words: tuple[str, ...], message: str) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = umrnn("construct", *words)
    assert (outcome.code, outcome.out) == (1, "")
    error = outcome.err.splitlines()
    assert error[0].startswith("error: ")
    assert message in error[0]
    assert len(error) <= 2


@pytest.mark.parametrize(
    "words",
    [
        ("multi-offset", "--offsets", "1", "--greedy", "2"),
        ("multi-offset", "--output", "x.npz"),
        ("multi-offset", "--neurons", "4"),
        ("multi-offset", "--features", "64"),
        ("multi-offset", "--offsets", "one"),
        ("reverse", "--write", "neither"),
        ("bigram", "--held-out", "0.5", "--against", "1:2"),
        ("redux", "--epochs", "many"),
    ],
)
def test_usage__is_code_2(umrnn, words: tuple[str, ...]) -> None:
    assert umrnn("construct", *words).code == 2


def test_output__never_replaces_what_is_read(umrnn, tmp_path: Path) -> None:
    path = tmp_path / "text.npz"
    path.write_bytes(b"abcabcabc")
    outcome = umrnn("construct", "bigram", "--corpus", str(path), "--output", str(path))
    assert outcome.code == 1
    assert "output must not be the corpus itself" in outcome.err
    model = network(tmp_path)
    outcome = umrnn("construct", "redux", "--model", str(model), "--output", str(model))
    assert "output must not be the model itself" in outcome.err
