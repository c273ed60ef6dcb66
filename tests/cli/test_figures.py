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
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.rnn.model_files import absent
from tests.training import train
from umrnn import rnn
from umrnn.corpus import Corpus

SHORT = ("--permutations", "3")
SMALL = ("--model", "{folder}/in.npz")
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
    "convert": ("{folder}/in.npz", "{folder}/out.bin"),
    "demo": ("--range", ":64"),
    "interpret factor-map": (*SMALL, "--lags", "0,2,1", "--features", *SHORT),
    "interpret boolean": (*SMALL, *SHORT),
    "interpret knockout": (*SMALL, *SHORT),
    "interpret saturation": (*SMALL, *SHORT),
    "interpret precision": (*SMALL, "--starts", "1"),
    "interpret weights": SMALL,
    "interpret neuron": ("2", *SMALL, "--lags", "0,2,1", *SHORT),
    "interpret gradient": (*SMALL, "--depth", "4", *SHORT),
    "interpret attribution": (*SMALL, "--depth", "4", "--window", "3", "--steps", "16", *SHORT),
    "interpret export": (*SMALL, "--depth", "2"),
    "interpret intervene": (*SMALL, "--draws", "2", *SHORT),
    "interpret alignment": (*SMALL, "--max-offset", "3", *SHORT),
    "interpret memory": (*SMALL, "--depth", "2", "--positions", "50", "--horizon", "9", *SHORT),
    "interpret svd": (*SMALL, "--components", "2", *SHORT),
    "interpret lyapunov": (*SMALL, "--steps", "50"),
}
HEADLINES = {
    "patterns ngram": {"patterns_total", "bpc", "null_bits", "held_out_bpc"},
    "patterns skip": {"offsets", "bits", "patterns", "contexts", "positions", "null_bits", "held_out_bpc"},
    "train": {"bpc", "held_out_bpc", "epochs", "updates", "seconds", "bytes_per_second"},
    "eval": {"bpc", "scored", "shuffled_bpc", "gzip_bpc", "bzip2_bpc", "xz_bpc"},
    "convert": {"max_abs_logit_difference", "hidden", "dtype", "bytes_written"},
    "interpret factor-map": {
        "mean_r2",
        "neurons_r2_80",
        "dominant_pair",
        "dominant_pair_neurons",
        "bpc_from_map",
        "null_r2",
        "null_r2_fixed",
        "loo_r2",
        "held_out_r2",
    },
    "interpret boolean": {
        "bpc_float",
        "bpc_sign_readout",
        "bpc_sign_dynamics",
        "mean_margin",
        "unique_sign_vectors",
        "sign_agreement",
        "fidelity",
    },
    "interpret knockout": {"top_neuron", "top_delta_bpc"},
    "interpret gradient": {"top10_energy", "growth_k8"},
    "interpret alignment": {"aligned", "shallow", "deep"},
    "interpret intervene": {"post_hoc_delta", "step_delta", "space_reset"},
    "interpret lyapunov": {"lambda1_nats_per_step", "standard_error"},
    "demo": {"entropy_bits", "offsets", "network_bpc", "network_null_bpc", "seconds"},
}


def arguments(words: str, folder: Path) -> list[str]:
    """A whole command line; the network that convert reads is put in ``folder``."""
    rnn.save(rnn.initial(3), folder / "in.npz")
    return [*words.split(), *(word.format(folder=folder) for word in COMMANDS[words])]


def refuse(value: str) -> None:
    """``json.loads`` calls this for NaN and Infinity."""
    raise AssertionError(f"{value} in JSON")


def headline(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out, parse_constant=refuse)["headline"]


@pytest.mark.parametrize("words", COMMANDS)
def test_json__keeps_the_contract(umrnn, tmp_path: Path, words: str) -> None:
    outcome = umrnn(*arguments(words, tmp_path), "--format", "json")
    assert outcome.code == 0, outcome.err
    record = json.loads(outcome.out, parse_constant=refuse)
    assert list(record) == ["command", "headline", "tables", "provenance"]
    assert record["command"] == words
    assert HEADLINES.get(words, set()) <= set(record["headline"])
    for table in record["tables"].values():
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
    known = record["provenance"]
    assert {"umrnn", "python", "numpy", "corpus", "model", "parameters", "seed", "threads"} <= set(known)
    if words != "sample":
        read = Corpus.siteinfo().slice(0, 64) if words == "demo" else Corpus.siteinfo()
        assert known["corpus"]["sha256"] == read.sha256
    if words in ("train", "eval", "sample", "convert") or words.startswith("interpret"):
        assert len(known["model"]["sha256"]) == 64


@pytest.mark.parametrize("words", COMMANDS)
def test_commands__share_options(umrnn, words: str) -> None:
    shown = umrnn(*words.split(), "--help").out
    assert [option for option in ("--seed", "--threads", "--format", "--output") if option not in shown] == []


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize("words", COMMANDS)
def test_other_formats__say_something(umrnn, tmp_path: Path, words: str, form: str) -> None:
    outcome = umrnn(*arguments(words, tmp_path), "--format", form)
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


def random_bytes(length: int, alphabet: int, seed: int) -> bytes:
    return np.random.default_rng(seed).integers(256 - alphabet, 256, length).astype(np.uint8).tobytes()


# Lengths drawn evenly: lists of hypothesis' own are short, and most commands refuse what is shorter than their offsets.
drawn_bytes = st.builds(random_bytes, st.integers(0, 600), st.sampled_from([1, 2, 5, 256]), st.integers(0, 99))


@pytest.mark.needs_jit
@pytest.mark.parametrize("words", [words for words in COMMANDS if words not in ("sample", "convert")])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=30) | drawn_bytes | drawn_bytes | drawn_bytes)
@example(content=b"a" * 300)
@example(content=random_bytes(300, 256, 0))
def test_any_bytes__never_a_traceback(umrnn, tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "any"
    file.write_bytes(content)
    options = words.split() if words == "demo" else arguments(words, tmp_path)
    outcome = umrnn(*options, "--corpus", str(file), "--format", "json")
    assert outcome.code in ((0,) if len(content) > 60 else (0, 1))
    assert (outcome.code == 0) == bool(outcome.out)
    if outcome.code:
        assert "error: " in outcome.err
    else:
        json.loads(outcome.out, parse_constant=refuse)


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
        ("train --epochs 0", 1, "epochs must be in [1, 1000000000], got 0"),
        ("train --epochs 99999999999999999999 --hidden 1", 1, "epochs must be in [1, 1000000000], got 9999999999"),
        ("train --held-out 0.999", 1, "held_out must leave at least two bytes to train on, got 0.999 of 1024 bytes"),
        ("train --held-out 1", 1, "held_out must be at least 0 and below 1"),
        ("train --output nowhere/model.npz", 1, "the directory nowhere does not exist"),
        ("train --output model.what", 1, "format must be one of"),
        ("train --resume", 1, "--resume needs the checkpoint to resume from"),
        ("eval --model nothing.npz", 1, "nothing.npz does not exist"),
        ("sample --temperature 0", 1, "temperature must be a finite number above 0"),
        ("sample --length 99999999999999", 1, "length must be in [0, 1000000000], got 99999999999999"),
        ("convert nothing.npz out.npz", 1, "nothing.npz does not exist"),
        ("interpret factor-map --lags 0,1024", 1, "every lag must be shorter than the corpus of 1024 bytes, got 1024"),
        ("interpret factor-map --lags 5", 1, "a pair needs at least two lags, got 1"),
        ("interpret factor-map --lags a,b", 2, "expected integers separated by commas"),
        ("interpret factor-map --states nothing.npy", 1, "nothing.npy does not exist"),
        ("interpret factor-map --states h.npy --model m.npz", 2, "give either --states or --model"),
        ("interpret neuron 128", 1, "neuron must be in [0, 127], got 128"),
        ("interpret neuron", 2, "Missing argument"),
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


@pytest.mark.parametrize("words", [words for words in COMMANDS if words.startswith("interpret")])
def test_readings__of_another_corpus_name_the_training_that_is_missing(umrnn, tmp_path: Path, words: str) -> None:
    book = tmp_path / "book.txt"
    book.write_bytes(b"to be or not to be")
    argument = ("2",) if words == "interpret neuron" else ()
    outcome = umrnn(*words.split(), *argument, "--corpus", str(book))
    assert (outcome.code, outcome.out) == (1, "")
    assert "needs --model" in outcome.err
    assert f"umrnn train --corpus {book}" in outcome.err


def test_factor_map__published_figures(umrnn, reference: Path) -> None:
    model = str(reference / "sat-rnn-published.bin")
    words = ("--lags", "1,8,20,3,27,2,12,7", "--features", "--permutations", "19", "--format", "json")
    found = headline(umrnn("interpret", "factor-map", "--model", model, *words))
    assert (round(found["mean_r2"], 3), found["neurons_r2_80"]) == (0.837, 120)
    assert (found["dominant_pair"], found["dominant_pair_neurons"]) == ([1, 7], 52)
    assert round(found["bpc_from_map_word_length"], 3) == 0.499
    assert round(found["bpc_from_map_word_length_in_tag"], 3) == 0.430


def test_factor_map__explains_states_that_are_brought(umrnn, tmp_path: Path) -> None:
    file = tmp_path / "h.npy"
    np.save(file, rnn.trace(rnn.shipped(), Corpus.siteinfo()).states())
    words = ("interpret", "factor-map", "--lags", "1,7,8", *SHORT, "--format", "json")
    own, brought = headline(umrnn(*words)), headline(umrnn(*words, "--states", str(file)))
    assert brought["dominant_pair"] == own["dominant_pair"]
    assert brought["mean_r2"] == pytest.approx(own["mean_r2"], abs=1e-12)
    assert brought["bpc_from_map"] is None


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


RECIPE = {"optimizer": "adam", "hidden": 32, "epochs": 2500}  # two and a half seconds on an idle machine


@pytest.fixture(scope="module")
def whole() -> str:
    """The weights of a run that nothing stops."""
    return train(Corpus.siteinfo(), **RECIPE).model.sha256


@pytest.mark.needs_jit
@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize(("end", "code"), [("SIGINT", 130), ("SIGKILL", -9)])
def test_train__stopped_and_resumed_gives_the_same_weights(
    umrnn, started, tmp_path: Path, whole: str, end: str, code: int
) -> None:
    options = [word for name, value in RECIPE.items() for word in (f"--{name}", str(value))]
    model, state = tmp_path / "stopped.npz", tmp_path / "stopped.npz.checkpoint"
    words = ("train", *options, "--output", str(model), "--format", "json")
    running = started([sys.executable, "-m", "umrnn", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not state.exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    for second in (words, (*words, "--resume")):
        outcome = umrnn(*second)
        assert outcome.code == 1
        assert f"another run (process {running.pid}) is writing {model}" in outcome.err
    running.send_signal(getattr(signal, end))
    _, err = running.communicate(timeout=60)
    assert running.returncode == code, err.decode()
    assert (state.exists(), model.exists()) == (True, False)
    if code == 130:
        assert f"training is kept in {state}; continue with the same command and --resume" in err.decode()
    resumed = headline(umrnn(*words, "--resume"))
    assert resumed["epochs"] == RECIPE["epochs"]
    assert rnn.load(model).sha256 == whole
    assert not state.exists()


def test_train__interrupted_while_compiling_promises_nothing(umrnn, tmp_path: Path, monkeypatch) -> None:
    def interrupt(recipe: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("umrnn.rnn.run.compile_kernels", interrupt)
    outcome = umrnn("train", "--hidden", "2", "--output", str(tmp_path / "model.npz"))
    assert outcome.code == 130
    assert "interrupted: nothing was trained yet" in outcome.err
    assert "--resume" not in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "library"), [(".pt", "torch"), (".safetensors", "safetensors")])
def test_train__knows_before_the_work_that_a_library_is_missing(
    umrnn, tmp_path: Path, monkeypatch, suffix: str, library: str
) -> None:
    absent(monkeypatch, library)
    monkeypatch.setattr(rnn, "train", lambda *_, **__: pytest.fail("trained"))
    outcome = umrnn("train", "--output", str(tmp_path / f"model{suffix}"))
    assert outcome.code == 1
    assert "is not installed" in outcome.err
    assert "pip install 'umrnn[" in outcome.err


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


def test_eval__says_whether_its_bytes_were_trained_on(umrnn, tmp_path: Path) -> None:
    model, carried, bare = (str(tmp_path / name) for name in ("m.npz", "m.safetensors", "m.bin"))
    umrnn("train", "--epochs", "1", "--hidden", "2", "--range", ":512", "--output", model)
    umrnn("convert", model, bare)
    plain = ("eval", "--permutations", "0", "--format", "json")
    assert headline(umrnn(*plain))["scored"] == "in_sample"
    assert headline(umrnn(*plain, "--range", "100:200"))["scored"] == "in_sample"
    scored = {"0:512": "in_sample", "512:1024": "held_out", "0:1024": "overlaps"}
    for place, expected in scored.items():
        found = headline(umrnn(*plain, "--model", model, "--range", place))
        assert found["scored"] == expected
        assert found["fitted_share"] == {"in_sample": 1.0, "held_out": 0.0, "overlaps": 0.5}[expected]
    assert headline(umrnn(*plain, "--model", bare, "--range", ":512"))["scored"] == "unknown"
    pytest.importorskip("safetensors")
    umrnn("convert", model, carried)
    assert headline(umrnn(*plain, "--model", carried, "--range", "512:"))["scored"] == "held_out"


@pytest.mark.parametrize("words", ["eval --permutations 0", "sample --length 2"])
def test_model__is_named(umrnn, tmp_path: Path, words: str) -> None:
    own = str(rnn.save(rnn.initial(2), tmp_path / "own.bin"))
    for option, name in (((), "sat-rnn (shipped)"), (("--model", own), own)):
        known = json.loads(umrnn(*words.split(), *option, "--format", "json").out)["provenance"]["model"]
        assert known["name"] == name
        table = umrnn(*words.split(), *option, "--format", "table").out
        assert f"model {name} {known['sha256'][:12]}" in " ".join(table.split())


def test_sample__of_the_coldest_is_the_likeliest_text(umrnn) -> None:
    words = ("sample", "--length", "40", "--prompt", "<", "--format", "json", "--temperature")
    texts = [headline(umrnn(*words, cold, "--seed", "3"))["text"]["hex"] for cold in ("1e-6", "1e-39", "1e-320")]
    assert texts[0] == texts[1] == texts[2]
    assert "ff" * 40 not in texts[1]
