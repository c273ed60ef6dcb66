"""``umrnn convert``: options of what goes in, and proof that it is the network that was trained."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.rnn.model_files import random_model
from umrnn.corpus import Corpus
from umrnn.rnn.formats import load, save
from umrnn.rnn.verify import logits

TEXT = Corpus.siteinfo().slice(0, 60)


def state_dict(path: Path) -> Path:
    model = random_model(3)
    names = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "out.weight", "out.bias")
    np.savez(path, **{name: array * np.float32(0.3) for name, array in zip(names, model.arrays().values())})
    return path


def headline(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)["headline"]


def test_convert__says_what_it_takes_for_granted(umrnn, tmp_path: Path) -> None:
    found = headline(umrnn("convert", str(state_dict(tmp_path / "theirs.npz")), str(tmp_path / "m.npz")))
    assert found["activation"] == "taken as tanh"
    assert headline(umrnn("convert", str(tmp_path / "m.npz"), str(tmp_path / "n.npz")))["activation"] == "tanh"
    assert (
        "taken as tanh"
        in umrnn("convert", str(tmp_path / "theirs.npz"), str(tmp_path / "m.bin"), "--format", "table").out
    )


def test_convert__check_of_a_framework(umrnn, tmp_path: Path) -> None:
    source, output = str(state_dict(tmp_path / "theirs.npz")), str(tmp_path / "m.npz")
    np.save(tmp_path / "logits.npy", logits(load(source), TEXT))
    (tmp_path / "bytes").write_bytes(TEXT.data.tobytes())
    check = ("--check", str(tmp_path / "logits.npy"), "--check-input", str(tmp_path / "bytes"))
    found = headline(umrnn("convert", source, output, *check))
    assert found["max_abs_framework_difference"] == 0
    assert found["framework"].endswith("logits.npy")
    np.save(tmp_path / "logits.npy", logits(load(source), TEXT, lambda values: np.maximum(values, 0)))
    refused = umrnn("convert", source, str(tmp_path / "other.npz"), *check)
    assert refused.code == 3
    assert "the logits are not those of" in refused.err
    assert "relu" in refused.err
    assert not (tmp_path / "other.npz").exists()
    assert (
        headline(umrnn("convert", source, output, *check, "--tolerance", "1e9"))["max_abs_framework_difference"] > 0.5
    )
    assert umrnn("convert", source, output, *check[:2]).code == 2
    assert umrnn("convert", source, output, *check, "--verify").code == 2


def test_convert__names_and_layer(umrnn, tmp_path: Path) -> None:
    source = state_dict(tmp_path / "theirs.npz")
    given = {"W_x": "rnn.weight_ih_l0", "W_h": "rnn.weight_hh_l0.T", "W_y": "out.weight"}
    (tmp_path / "map.json").write_text(json.dumps(given))
    assert umrnn("convert", str(source), str(tmp_path / "m.npz"), "--names", str(tmp_path / "map.json")).code == 0
    model = load(tmp_path / "m.npz")
    np.testing.assert_array_equal(model.W_h, load(source).W_h.T)
    assert not np.any(model.b_y)
    assert umrnn("convert", str(source), str(tmp_path / "l.npz"), "--layer", "0").code == 0
    assert umrnn("convert", str(source), str(tmp_path / "l.npz"), "--layer", "3").code == 1


def test_convert__over_files_that_are_there(umrnn, tmp_path: Path) -> None:
    source = save(random_model(2), tmp_path / "m.bin")
    outcome = umrnn("convert", str(source), str(source), "--force")
    assert outcome.code == 1
    assert "the destination must not be the source itself" in outcome.err
    other = tmp_path / "n.bin"
    other.write_bytes(b"mine")
    outcome = umrnn("convert", str(source), str(other))
    assert outcome.code == 1
    assert "--force" in outcome.err
    assert other.read_bytes() == b"mine"
    assert umrnn("convert", str(source), str(other), "--force").code == 0


def test_convert__verified_by_pytorch_and_back_under_its_names(umrnn, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.ModuleDict({"r": torch.nn.RNN(256, 4), "o": torch.nn.Linear(4, 256)})
    torch.save(module.state_dict(), tmp_path / "theirs.pt")
    source, ours, home = (str(tmp_path / name) for name in ("theirs.pt", "m.npz", "home.pt"))
    found = headline(umrnn("convert", source, ours, "--verify"))
    assert found["max_abs_framework_difference"] < 1e-6
    assert found["framework"].startswith("torch.nn.RNN of PyTorch")
    assert umrnn("convert", ours, home, "--names-from", source).code == 0
    module.load_state_dict(torch.load(home, weights_only=True))
