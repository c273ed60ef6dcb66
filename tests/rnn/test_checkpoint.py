"""Checkpoints: killed or interrupted and resumed equals never stopped, bit for bit; damage is named in one line."""

import itertools
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.training import train
from umrnn.corpus import Corpus
from umrnn.errors import InputError, ModelError
from umrnn.progress import Progress

pytestmark = pytest.mark.needs_jit

TEXT = Corpus.from_bytes(b"<namespace key='1' case='first-letter'>Talk</namespace>\n" * 4)
OPTIONS = {"hidden": 5, "epochs": 6, "bptt": 20}


class StopAfter(Progress):
    """Raises KeyboardInterrupt at the given call of advance."""

    def __init__(self, calls):
        self.calls = calls

    def advance(self, amount, **figures):
        self.calls -= 1
        if self.calls < 0:
            raise KeyboardInterrupt


@pytest.fixture
def few_chunks(monkeypatch):
    """Two chunks a kernel call, so that runs stop inside epochs."""
    monkeypatch.setattr("umrnn.rnn.optimise.Recipe.chunks_per_call", lambda self: 2)


@pytest.mark.usefixtures("few_chunks")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("calls", [1, 4, 7, 20])
def test_resume__after_an_interruption_gives_the_same_bits(tmp_path, optimizer, calls):
    expected = train(TEXT, optimizer=optimizer, **OPTIONS)
    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt):
        train(TEXT, optimizer=optimizer, checkpoint=path, progress=StopAfter(calls), **OPTIONS)
    found = train(TEXT, optimizer=optimizer, checkpoint=path, resume=True, **OPTIONS)
    assert found.model.sha256 == expected.model.sha256
    assert found.log == expected.log
    assert (found.updates, found.bpc) == (expected.updates, expected.bpc)


@pytest.mark.usefixtures("few_chunks")
def test_resume__of_a_finished_run_gives_its_result(tmp_path):
    path = tmp_path / "run.npz"
    first = train(TEXT, checkpoint=path, **OPTIONS)
    again = train(TEXT, checkpoint=path, resume=True, **OPTIONS)
    assert (again.model.sha256, again.seconds, again.log) == (first.model.sha256, first.seconds, first.log)


@pytest.mark.parametrize("calls", [None, 2])
def test_resume__with_more_epochs_goes_on(tmp_path, calls):
    """A finished run, or an interrupted one, made longer is the longer one, bit for bit, where the rate is constant."""
    path, options = tmp_path / "run.npz", OPTIONS | {"optimizer": "adam"}
    if calls is None:
        train(TEXT, checkpoint=path, **options)
    else:
        with pytest.raises(KeyboardInterrupt):
            train(TEXT, checkpoint=path, progress=StopAfter(calls), **options)
    longer = train(TEXT, checkpoint=path, resume=True, **(options | {"epochs": 11}))
    assert longer.model.sha256 == train(TEXT, **(options | {"epochs": 11})).model.sha256
    assert (longer.epochs, longer.provenance["parameters"]["earlier_epochs"]) == (11, [6])
    again = train(TEXT, checkpoint=path, resume=True, **(options | {"epochs": 12}))
    assert again.provenance["parameters"]["earlier_epochs"] == [6, 11]


def test_resume__of_a_falling_rate_goes_on_where_the_longer_run_would_stand(tmp_path):
    path = tmp_path / "run.npz"
    train(TEXT, checkpoint=path, **OPTIONS)
    found = train(TEXT, checkpoint=path, resume=True, **(OPTIONS | {"epochs": 12}))
    straight = train(TEXT, **(OPTIONS | {"epochs": 12}))
    rates = {row[0]: row[2] for row in straight.log}
    assert {row[0]: row[2] for row in found.log if row[0] > 6}.items() <= rates.items()
    assert found.epochs == 12


def test_resume__with_fewer_epochs_than_are_done(tmp_path):
    path = tmp_path / "run.npz"
    train(TEXT, checkpoint=path, **OPTIONS)
    assert "has been trained for 6 epochs, this run has epochs=5" in refusal(path, epochs=5)


def test_resume__of_a_checkpoint_written_before_runs_could_be_made_longer(saved):
    damaged(saved, counters={name: value for name, value in counters(saved).items() if name != "earlier_epochs"})
    assert train(TEXT, checkpoint=saved, resume=True, **OPTIONS).epochs == 6


def test_checkpoint__small_files_take_little_memory(saved):
    damaged(saved, history=np.zeros(1 << 16, np.float32))
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        with archive.open("more.npy", "w") as stream:
            np.lib.format.write_array(stream, np.zeros(1 << 24, np.uint8))
    tracemalloc.start()
    assert train(TEXT, checkpoint=saved, resume=True, **OPTIONS).epochs == 6
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 23


SCRIPT = """
import sys
from umrnn import _cache
_cache.use()
from umrnn.corpus import Corpus
from umrnn import rnn
long, saving = rnn.Optimizer(sys.argv[1], epochs=100000), rnn.Saving(sys.argv[2], every_seconds=0.02)
rnn.train(Corpus.siteinfo(), rnn.Start(24), long, saving=saving)
"""


def training(started, path: Path, optimizer: str) -> "subprocess.Popen[bytes]":
    """A training process that has written at least one checkpoint."""
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    process = started([sys.executable, "-c", SCRIPT, optimizer, str(path)], env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists(), process.communicate()[1]
    return process


def counters(path: Path) -> dict[str, float]:
    with np.load(path, allow_pickle=False) as file:
        return json.loads(bytes(file["header"]))["counters"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_resume__after_sigkill_gives_the_same_bits(started, tmp_path, optimizer):
    """A killed run's checkpoint, run on to a later one, has the weights of a run that was never killed."""
    path = tmp_path / "run.npz"
    process = training(started, path, optimizer)
    time.sleep(0.3)
    process.kill()
    process.communicate()
    at = counters(path)
    options = {"hidden": 24, "optimizer": optimizer, "epochs": 100000, "checkpoint_seconds": 1e9}

    class Until(Progress):
        """Stops at the end of the second epoch after the checkpoint."""

        def advance(self, amount, **figures):
            if figures.get("epoch", 0) >= at["epoch"] + 2:
                raise KeyboardInterrupt

    straight = tmp_path / "straight.npz"
    for resumed, file in ((True, path), (False, straight)):
        with pytest.raises(KeyboardInterrupt):
            train(Corpus.siteinfo(), checkpoint=file, resume=resumed, progress=Until(), **options)
    with np.load(path) as one, np.load(straight) as other:
        assert set(one.files) == set(other.files)
        for name in set(one.files) - {"header"}:
            assert np.array_equal(one[name], other[name]), name
    found, expected = counters(path), counters(straight)
    assert {**found, "seconds": 0} == {**expected, "seconds": 0}


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_interrupt__saves_before_it_is_raised(started, tmp_path):
    path = tmp_path / "run.npz"
    process = training(started, path, "sgd")
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1].decode()
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert counters(path)["epoch"] > 0


def damaged(path: Path, **changes: object) -> None:
    """Rewrite the checkpoint with other arrays or header entries."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(bytes(arrays["header"]))
    for name, value in changes.items():
        if name in header:
            header[name] = value
        elif value is None:
            del arrays[name]
        else:
            arrays[name] = value
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, **arrays)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt):
        train(TEXT, checkpoint=path, progress=StopAfter(3), **OPTIONS)
    return path


def refusal(path, corpus=TEXT, **options):
    with pytest.raises(ModelError) as caught:
        train(corpus, checkpoint=path, resume=True, **(OPTIONS | options))
    assert "\n" not in caught.value.message
    assert str(path) in caught.value.message
    return caught.value.message


def test_damage__truncated_at_any_place(saved):
    whole = saved.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        saved.write_bytes(whole[:length])
        assert "is not a checkpoint, or is damaged" in refusal(saved)


def test_damage__a_flipped_bit(saved):
    whole = bytearray(saved.read_bytes())
    whole[len(whole) // 2] ^= 1
    saved.write_bytes(whole)
    assert "is not a checkpoint, or is damaged" in refusal(saved)


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps({"weights": 1}), b"PK\x05\x06" + bytes(18)])
def test_damage__another_kind_of_file(saved, content):
    saved.write_bytes(content)
    assert "is not a checkpoint, or is damaged" in refusal(saved)


def test_damage__pickled_arrays_are_not_loaded(saved):
    damaged(saved, weights=np.array([{"a": 1}], object))
    assert "is not a checkpoint, or is damaged" in refusal(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": np.zeros(3, np.float32)}, r"weights must be .* got \(3,\) float32"),
        ({"state": np.zeros(5, np.float64)}, r"state must be \(5,\) float32, got \(5,\) float64"),
        ({"best": None}, "best must be .* got nothing"),
        ({"state": np.full(5, np.nan, np.float32)}, "state must hold finite numbers only"),
        ({"version": 99}, "is a checkpoint of version 99, this umrnn reads 1"),
        ({"format": "other"}, "is not a checkpoint"),
        ({"counters": {"epoch": 1}}, "its counters lack position, or hold something else there"),
        ({"counters": {"epoch": "1"}}, "its counters lack epoch, or hold something else there"),
        ({"corpus": {}}, "was made with corpus=None"),
        ({"recipe": 3}, "is not a checkpoint"),
    ],
)
def test_damage__is_named(saved, changes, message):
    damaged(saved, **changes)
    assert re.search(message, refusal(saved))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"position": 10**9}, "position"),
        ({"position": -20}, "position"),
        ({"position": 7}, "position"),
        ({"epoch": -1}, "epoch"),
        ({"epoch": 7}, "epoch"),
        ({"epoch": 6, "position": 20}, "position"),
        ({"updates": 0}, "updates"),
        ({"updates": -1}, "updates"),
        ({"targets": 10**400}, "targets"),
        ({"epoch_updates": 10**6}, "epoch_updates"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"nats": float("inf")}, "nats"),
        ({"norms": -0.5}, "norms"),
        ({"best_bpc": float("nan"), "best_epoch": 1}, "best_bpc"),
        ({"best_bpc": 3.0, "best_epoch": 0}, "best_epoch"),
        ({"best_bpc": 3.0, "best_epoch": 99}, "best_epoch"),
        ({"log": [["a"]]}, "log"),
        ({"earlier_epochs": ["6"]}, "earlier_epochs"),
        ({"earlier_epochs": [0]}, "earlier_epochs"),
        ({"log": [3]}, "log"),
        ({"log": [[1, 2.0, 3.0]]}, "log"),
        ({"log": [[1, 2.0, 3.0, float("nan")]]}, "log"),
        ({"log": [[99, 2.0, 3.0, 4.0]]}, "log"),
        ({"log": [[1, 10**400, 3.0, 4.0]]}, "log"),
    ],
)
def test_damage__impossible_counters_are_named(saved, changes, name):
    damaged(saved, counters=counters(saved) | changes)
    assert refusal(saved) == f"{saved} is damaged: its counters hold an impossible {name}"


@pytest.mark.parametrize("changes", [{"epoch": True}, {"seconds": 1}, {"log": None}, {"best_bpc": "3"}])
def test_damage__counters_of_another_kind_are_named(saved, changes):
    damaged(saved, counters=counters(saved) | changes)
    assert f"its counters lack {next(iter(changes))}, or hold something else there" in refusal(saved)


def test_resume__of_a_run_without_seconds(tmp_path):
    path = tmp_path / "run.npz"
    train(TEXT, checkpoint=path, **OPTIONS)
    damaged(path, counters=counters(path) | {"seconds": 0.0})
    assert train(TEXT, checkpoint=path, resume=True, **OPTIONS).bytes_per_second is None


def test_checkpoint__is_there_after_a_second_and_then_now_and_then(tmp_path, monkeypatch):
    """The clock moves by 0.3 s at each look: one save after a second, none before ten more, one at the end."""
    path, ticks, looks = tmp_path / "run.npz", itertools.count(0, 0.3), []
    monkeypatch.setattr("umrnn.rnn.run.time.monotonic", lambda: next(ticks))

    class Look(Progress):
        def advance(self, amount, **figures):
            looks.append(path.exists())
            path.unlink(missing_ok=True)

    train(TEXT, checkpoint=path, progress=Look(), **(OPTIONS | {"epochs": 30}))
    assert looks.index(True) == 4
    assert sum(looks) == 1
    assert path.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bptt": 21}, "was made with bptt=20, this run has bptt=21"),
        ({"hidden": 6}, "was made with hidden=5, this run has hidden=6"),
        ({"seed": 1}, "was made with initial="),
        ({"optimizer": "adam"}, "was made with optimizer=sgd, this run has optimizer=adam"),
        ({"dtype": np.float64}, "was made with dtype=float32, this run has dtype=float64"),
    ],
)
def test_resume__refuses_another_recipe(saved, options, message):
    assert message in refusal(saved, **options)


def test_resume__refuses_another_corpus(saved):
    assert "was made with corpus=" in refusal(saved, corpus=TEXT.slice(1))


def test_resume__refuses_a_missing_file(tmp_path):
    assert "does not exist" in refusal(tmp_path / "none.npz")


def test_checkpoint__of_an_unwritable_place(tmp_path):
    with pytest.raises(InputError, match="must be a file, got the directory"):
        train(TEXT, checkpoint=tmp_path, **OPTIONS)
