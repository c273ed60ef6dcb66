"""Every command keeps the JSON contract, prints the published figures, and takes any bytes without a traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from umrnn import rnn
from umrnn.corpus import Corpus

SHORT = ("--permutations", "3")
COMMANDS = {
    "patterns ngram": SHORT,
    "patterns skip": ("--offsets", "1,8,20,3", *SHORT),
    "patterns mi": ("--max-offset", "4"),
    "patterns trie": SHORT,
    "patterns synergy": ("--max-offset", "3", *SHORT),
    "patterns survive": SHORT,
    "train": ("--epochs", "2", "--hidden", "3"),
    "eval": SHORT,
    "sample": ("--length", "5"),
}
HEADLINES = {
    "patterns ngram": {"patterns_total", "bpc", "null_bits", "held_out_bpc"},
    "patterns skip": {"offsets", "bits", "patterns", "contexts", "positions", "null_bits", "held_out_bpc"},
    "train": {"bpc", "held_out_bpc", "epochs", "updates", "seconds", "bytes_per_second"},
    "eval": {"bpc", "null_bpc", "gzip_bpc", "bzip2_bpc", "xz_bpc"},
}


def refuse(value: str) -> None:
    """``json.loads`` calls this for NaN and Infinity."""
    raise AssertionError(f"{value} in JSON")


def headline(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out, parse_constant=refuse)["headline"]


@pytest.mark.parametrize("words", COMMANDS)
def test_json__keeps_the_contract(umrnn, words: str) -> None:
    outcome = umrnn(*words.split(), *COMMANDS[words], "--format", "json")
    assert outcome.code == 0, outcome.err
    record = json.loads(outcome.out, parse_constant=refuse)
    assert list(record) == ["command", "headline", "tables", "provenance"]
    assert record["command"] == words
    assert HEADLINES.get(words, set()) <= set(record["headline"])
    for table in record["tables"].values():
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
    known = record["provenance"]
    assert {"umrnn", "python", "numpy", "corpus", "model", "parameters", "seed", "threads"} <= set(known)
    if words not in ("sample",):
        assert known["corpus"]["sha256"] == Corpus.siteinfo().sha256
    if words in ("train", "eval", "sample"):
        assert len(known["model"]["sha256"]) == 64


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize("words", COMMANDS)
def test_other_formats__say_something(umrnn, words: str, form: str) -> None:
    outcome = umrnn(*words.split(), *COMMANDS[words], "--format", form)
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) >= 2


def test_skip__published_figures(umrnn) -> None:
    found = headline(umrnn("patterns", "skip", "--offsets", "1,8,20,3", "--format", "json"))
    assert (found["offsets"], found["patterns"], found["contexts"]) == ([1, 8, 20, 3], 712, 691)
    assert round(found["bits"], 5) == 0.06927
    assert found["positions"] == 1004


@pytest.mark.parametrize(
    ("greedy", "limit", "offsets", "patterns"),
    [("8", "30", [1, 8, 20, 3, 27, 2, 12, 7], 834), ("6", "50", [1, 8, 45, 36, 48, 10], 909)],
)
def test_greedy__published_figures(umrnn, greedy: str, limit: str, offsets: list[int], patterns: int) -> None:
    words = ("patterns", "skip", "--greedy", greedy, "--max-offset", limit, "--permutations", "0", "--format", "json")
    found = headline(umrnn(*words))
    assert (found["offsets"], found["patterns"]) == (offsets, patterns)


def test_figures__do_not_depend_on_threads(umrnn) -> None:
    words = ("patterns", "skip", "--greedy", "3", "--permutations", "19", "--format", "json")
    records = [json.loads(umrnn(*words, "--threads", n).out) for n in ("1", "2", "5")]
    for record in records:
        record["provenance"].pop("threads")
    assert records[0] == records[1] == records[2]


@pytest.mark.needs_jit
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=80), words=st.sampled_from(sorted(COMMANDS)))
def test_any_bytes__never_a_traceback(umrnn, tmp_path: Path, content: bytes, words: str) -> None:
    if words == "sample":
        return
    file = tmp_path / "any"
    file.write_bytes(content)
    outcome = umrnn(*words.split(), *COMMANDS[words], "--corpus", str(file), "--format", "json")
    assert outcome.code in (0, 1)
    assert (outcome.code == 0) == bool(outcome.out)
    if outcome.code:
        assert "error: " in outcome.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("patterns skip --offsets 0", 1, "every offset must be at least 1, got 0"),
        ("patterns skip --offsets=-4", 1, "every offset must be at least 1, got -4"),
        ("patterns skip --offsets 3,3", 1, "offsets must be distinct, got 3 more than once"),
        ("patterns skip --offsets 1024", 1, "must be shorter than the corpus of 1024 bytes, got 1024"),
        ("patterns skip --offsets one", 2, "expected integers separated by commas"),
        ("patterns skip", 2, "give either --offsets D,D,... or --greedy K"),
        ("patterns skip --greedy 2 --stop --permutations 9", 1, "stop needs at least 99 permutations"),
        ("patterns trie --byte no", 2, "expected one byte"),
        ("patterns ngram --max-order 2000", 1, "max-order must be shorter than the corpus"),
        ("train --epochs 0", 1, "epochs must be at least 1, got 0"),
        ("train --held-out 1", 1, "held_out must be at least 0 and below 1"),
        ("train --output nowhere/model.npz", 1, "the directory nowhere does not exist"),
        ("train --output model.what", 1, "format must be one of"),
        ("train --resume", 1, "--resume needs the checkpoint to resume from"),
        ("eval --model nothing.npz", 1, "nothing.npz does not exist"),
        ("sample --temperature 0", 1, "temperature must be a finite number above 0"),
        ("convert nothing.npz out.npz", 1, "nothing.npz does not exist"),
    ],
)
def test_unfit_requests__one_clear_line(
    umrnn, tmp_path: Path, monkeypatch, words: str, code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = umrnn(*words.split())
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_model__a_pickle_is_never_loaded(umrnn, tmp_path: Path) -> None:
    import pickle

    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps({"W_x": [1.0]}))
    outcome = umrnn("eval", "--model", str(file))
    assert outcome.code == 1
    assert "pickle" in outcome.err


def test_train__writes_a_model_that_the_others_read(umrnn, tmp_path: Path) -> None:
    model, copy = tmp_path / "model.npz", tmp_path / "copy.bin"
    trained = headline(umrnn("train", "--epochs", "3", "--hidden", "4", "--output", str(model), "--format", "json"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.npz"]
    scored = headline(umrnn("eval", "--model", str(model), "--permutations", "1", "--format", "json"))
    assert scored["bpc"] == trained["bpc"]
    carried = headline(umrnn("convert", str(model), str(copy), "--format", "json"))
    assert carried["max_abs_logit_difference"] == 0.0
    drawn = [headline(umrnn("sample", "--model", str(m), "--format", "json"))["text"]["hex"] for m in (model, copy)]
    assert drawn[0] == drawn[1]


@pytest.mark.needs_jit
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_train__stopped_and_resumed_gives_the_same_weights(umrnn, tmp_path: Path, end: signal.Signals) -> None:
    recipe = ("--optimizer", "adam", "--hidden", "32", "--epochs", "3000", "--format", "json")
    model, state = tmp_path / "stopped.npz", tmp_path / "state.npz"
    words = ("train", *recipe, "--output", str(model), "--checkpoint", str(state))
    running = subprocess.Popen([sys.executable, "-m", "umrnn", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while end == signal.SIGKILL and not state.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    if end == signal.SIGINT:
        time.sleep(3)
    running.send_signal(end)
    _, err = running.communicate()
    assert running.returncode in (130, -signal.SIGKILL, 0)
    if running.returncode == 130:
        assert f"training is kept in {state}; continue with the same command and --resume" in err.decode()
    if state.exists():
        headline(umrnn(*words, "--resume"))
    whole = tmp_path / "whole.npz"
    headline(umrnn("train", *recipe, "--output", str(whole)))
    assert rnn.load(model).sha256 == rnn.load(whole).sha256


def test_train__does_not_overwrite_a_checkpoint_by_mistake(umrnn, tmp_path: Path) -> None:
    model = tmp_path / "model.npz"
    state = tmp_path / "model.npz.checkpoint"
    state.write_bytes(b"precious")
    outcome = umrnn("train", "--epochs", "1", "--hidden", "2", "--output", str(model))
    assert outcome.code == 1
    assert "there is already a checkpoint" in outcome.err
    assert state.read_bytes() == b"precious"
    assert not os.path.exists(model)


def test_eval__published_checkpoint(umrnn, reference: Path) -> None:
    found = headline(umrnn("eval", "--model", str(reference / "sat-rnn-published.bin"), "--format", "json"))
    assert round(found["bpc"], 4) == 0.0792
    assert np.isclose(found["order_0_bpc"], 4.73892, atol=1e-5)
