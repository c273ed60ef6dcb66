"""Conversion proves itself; the shipped model loads or says why not."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from tests.rnn.model_files import SUFFIXES, absent, need, put, random_model, same
from umrnn.errors import InputError, MissingExtra, ModelError
from umrnn.rnn.convert import convert
from umrnn.rnn.formats import FORMATS, describe, load, save
from umrnn.rnn.shipped import shipped
from umrnn.rnn.weights import Elman

shipped_module = importlib.import_module("umrnn.rnn.shipped")  # the package exports the function of that name

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
properties = hypothesis.settings(deadline=None, database=None, derandomize=True, max_examples=60)

# convert and the shipped model


@pytest.mark.parametrize("name", FORMATS)
def test_convert__reports_rounding(tmp_path: Path, name: str) -> None:
    source = save(random_model(3, np.float64), tmp_path / "in.npz", metadata={"note": "kept"})
    result = convert(source, tmp_path / f"out{SUFFIXES[need(name)]}")
    headline = result.headline()
    assert list(headline)[:4] == ["max_abs_logit_difference", "hidden", "dtype", "bytes_written"]
    assert (headline["source_format"], headline["destination_format"]) == ("npz", name)
    assert headline["bytes_written"] == (tmp_path / f"out{SUFFIXES[name]}").stat().st_size
    rounds = name in ("raw", "c-header")
    assert headline["dtype"] == ("float32" if rounds else "float64")
    assert (headline["max_abs_logit_difference"] > 0) == rounds
    table = result.tables()["arrays"]
    assert [row[0] for row in table.rows] == ["W_x", "W_h", "b_h", "W_y", "b_y"]
    assert all((row[-1] > 0) == rounds for row in table.rows)
    assert result.provenance["model"]["name"] == str(source)
    if name in ("npz", "safetensors"):
        assert describe(tmp_path / f"out{SUFFIXES[name]}").metadata == {"note": "kept"}


def test_convert__checks_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the destination cannot be written: the directory"):
        convert(tmp_path / "none.npz", tmp_path / "none" / "m.npz")
    with pytest.raises(InputError, match="format must be one of"):
        convert(tmp_path / "none.npz", tmp_path / "m.txt")
    with pytest.raises(ModelError, match=r"none\.npz does not exist"):
        convert(tmp_path / "none.npz", tmp_path / "m.npz")


@pytest.mark.parametrize(("suffix", "library"), [(".pt", "torch"), (".safetensors", "safetensors")])
def test_convert__probes_the_library_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, library: str
) -> None:
    absent(monkeypatch, library)
    with pytest.raises(MissingExtra, match="is not installed"):
        convert(tmp_path / "not even there.npz", tmp_path / f"m{suffix}")


def test_convert__older_layout(tmp_path: Path) -> None:
    model = random_model(3)
    order = (model.W_x, model.b_h, model.W_h, model.W_y, model.b_y)
    path = put(tmp_path / "m.bin", b"".join(array.tobytes() for array in order))
    assert convert(path, tmp_path / "n.bin", layout="older").max_abs_logit_difference == 0.0
    assert same(load(tmp_path / "n.bin"), model)


def test_convert__never_over_its_source(tmp_path: Path) -> None:
    path = save(random_model(3), tmp_path / "m.bin")
    (tmp_path / "link.npz").symlink_to(path)
    before = path.read_bytes()
    for destination in (path, tmp_path / "link.npz"):
        with pytest.raises(InputError, match="the destination must not be the source itself"):
            convert(path, destination, force=True)
    assert path.read_bytes() == before


def test_convert__over_a_file_that_umrnn_did_not_write(tmp_path: Path) -> None:
    source = save(random_model(2), tmp_path / "m.npz")
    theirs = put(tmp_path / "diary.npz", b"dear diary")
    foreign = tmp_path / "theirs.npz"
    np.savez(foreign, **random_model(3).arrays())
    for path in (theirs, foreign, save(random_model(1), tmp_path / "raw.bin")):
        before = path.read_bytes()
        with pytest.raises(InputError, match="is there, and is no model that umrnn wrote"):
            convert(source, path)
        assert path.read_bytes() == before
        assert convert(source, path, force=True).max_abs_logit_difference == 0.0
    for name in ("npz", "safetensors", "c-header"):
        ours = save(random_model(1), tmp_path / f"ours{SUFFIXES[need(name)]}")
        assert convert(source, ours).bytes_written > 0


def test_convert__weights_near_the_end_of_float64(tmp_path: Path) -> None:
    huge = Elman(*(np.full(array.shape, 1e300) for array in random_model(2).arrays().values()))
    found = convert(save(huge, tmp_path / "a.npz"), tmp_path / "b.npz")  # warnings are errors in these tests
    assert found.max_abs_logit_difference == 0.0


def test_load__published_checkpoint(reference: Path) -> None:
    model = load(reference / "sat-rnn-published.bin")
    assert model.hidden == 128
    # EXPERIMENTS section 6: max |W_x| 1.99, |W_h| 1.39, |W_y| 4.08; Frobenius norm of W_h 16.976
    largest = [round(float(np.abs(array).max()), 2) for array in (model.W_x, model.W_h, model.W_y)]
    assert largest == [1.99, 1.39, 4.08]
    assert float(np.linalg.norm(model.W_h)) == pytest.approx(16.976, abs=5e-4)


def test_shipped__reads_or_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    save(random_model(2), tmp_path / "data" / "sat-rnn.npz")
    monkeypatch.setattr(shipped_module, "files", lambda package: tmp_path)
    assert same(shipped(), random_model(2))
    monkeypatch.setattr(shipped_module, "_FILE", "absent.npz")
    with pytest.raises(ModelError, match=r"absent\.npz, the model that ships with umrnn, is not in this installation"):
        shipped()
