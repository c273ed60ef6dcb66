"""Readout: its definition, its file, and what commands that need states say about it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.naive import readout as naive
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError, ModelError
from umrnn.nulls import Null
from umrnn.rnn.formats import describe, describe_predictor, save
from umrnn.rnn.readout import Readout


def random_readout(offsets: tuple[int, ...] = (1, 4), width: int = 3, neurons: int = 0, dtype: Any = float) -> Readout:
    rng = np.random.default_rng(len(offsets) + neurons)
    inner = len(offsets) * width
    shapes = {"codes": (len(offsets), 256, width), "W_y": (256, neurons or inner), "b_y": (256,)}
    if neurons:
        shapes |= {"W_1": (neurons, inner), "b_1": (neurons,)}
    return Readout(offsets, **{name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()})


def refused(readout: Readout, **changes: Any) -> str:
    with pytest.raises(ModelError) as caught:
        Readout(**{"offsets": readout.offsets, **readout.arrays(), **changes})
    return str(caught.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("neurons", [0, 5])
def test_readout__scores_as_defined(neurons: int, dtype: Any) -> None:
    readout, corpus = random_readout((1, 7, 3), 2, neurons, dtype), Corpus.siteinfo().slice(0, 60)
    wide = {name: array.astype(float) for name, array in readout.arrays().items()}
    expected = naive.bits(corpus.data, readout.offsets, wide)
    found = np.concatenate([bits for _, bits in readout.surprises(corpus)])
    np.testing.assert_allclose(found, expected, atol=1e-4 if dtype == np.float32 else 1e-12)
    assert rnn.bits_per_byte(readout, corpus) == pytest.approx(expected.mean(), abs=1e-4)
    assert (readout.features, readout.neurons, readout.dtype) == (6, neurons, dtype)


@pytest.mark.needs_jit
def test_readout__blocks_join(monkeypatch: pytest.MonkeyPatch) -> None:
    readout, corpus = random_readout((1, 9)), Corpus.siteinfo().slice(0, 200)
    whole = np.concatenate([bits for _, bits in readout.surprises(corpus)])
    monkeypatch.setattr("umrnn.rnn.readout._BLOCK", 7)
    starts, parts = zip(*readout.surprises(corpus))
    assert starts == tuple(range(0, 199, 7))
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12)


def test_readout__says_which_array_is_wrong() -> None:
    readout = random_readout(neurons=4)
    assert "codes must be (2, 256, K)" in refused(readout, codes=np.zeros((3, 256, 1)))
    assert "codes must be (2, 256, K)" in refused(readout, codes=np.zeros((2, 256, 0)))
    assert "codes must be float32 or float64, got int64" in refused(readout, codes=np.zeros((2, 256, 3), np.int64))
    assert "W_y must be (256, 4) float64, got (256, 6)" in refused(readout, W_y=np.zeros((256, 6)))
    assert "b_y must be (256,) float64, got (256,) float32" in refused(readout, b_y=np.zeros(256, np.float32))
    assert "W_1 and b_1 must be given together" in refused(readout, W_1=None)
    assert "at least one neuron" in refused(readout, b_1=np.zeros(0))
    assert "W_1 must be (4, 6)" in refused(readout, W_1=np.zeros((4, 5)))
    assert "b_y must hold finite numbers only, got 256 others" in refused(readout, b_y=np.full(256, np.nan))
    assert "distinct" in refused(readout, offsets=(4, 4))
    with pytest.raises(InputError, match=r"every offset must be in \[1, 1048576\], got 0"):
        random_readout((0,))


def test_readout__is_frozen_and_hashed() -> None:
    readout = random_readout()
    with pytest.raises(ValueError, match="read-only"):
        readout.W_y[0, 0] = 1
    assert readout.sha256 == random_readout().sha256
    assert readout.sha256 != random_readout((1, 5)).sha256
    assert repr(readout) == "Readout(offsets=(1, 4), features=6, neurons=0, dtype=float64)"
    assert readout.facts()["offsets"] == [1, 4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("neurons", [0, 3])
def test_file__bit_for_bit(tmp_path: Path, neurons: int, dtype: Any) -> None:
    readout = random_readout(neurons=neurons, dtype=dtype)
    path = save(readout, tmp_path / "r.npz", metadata={"b": 1})
    file = describe_predictor(path)
    assert isinstance(file.model, Readout)
    assert file.model.sha256 == readout.sha256
    assert (file.metadata, file.bytes) == ({"b": 1}, path.stat().st_size)
    assert repr(file).startswith("ReadoutFile('r.npz', bytes=")
    assert path.read_bytes() == save(readout, tmp_path / "s.npz", metadata={"b": 1}).read_bytes()


def test_file__networks_are_read_the_same_way(tmp_path: Path) -> None:
    model = rnn.initial(2)
    assert describe_predictor(save(model, tmp_path / "m.npz")).model.sha256 == model.sha256
    assert describe_predictor(save(model, tmp_path / "m.bin")).model.sha256 == model.sha256


def test_file__other_formats_refuse(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a read-out must be written as npz, got raw"):
        save(random_readout(), tmp_path / "r.bin")
    with pytest.raises(ModelError, match=r"read-out of bytes at fixed offsets: it has no states"):
        describe(save(random_readout(), tmp_path / "r.npz"))


def rewritten(path: Path, **changes: Any) -> Path:
    """The archive at ``path`` with members replaced, or left out where the change is None; header as a dict."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with np.load(path) as arrays:
        header = json.loads(bytes(arrays["header"])) | changes.pop("header", {})
    changes = {"header": np.frombuffer(json.dumps(header).encode(), np.uint8), **changes}
    for name, value in changes.items():
        members.pop(f"{name}.npy", None)
        if isinstance(value, bytes):
            members[name] = value
        elif value is not None:
            buffer = io.BytesIO()
            np.save(buffer, value)
            members[f"{name}.npy"] = buffer.getvalue()
    out = path.with_name("changed.npz")
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codes": None}, "lacks the array codes"),
        ({"W_y": b"text"}, "W_y is not an array"),
        ({"W_y": np.zeros((256, 5))}, r"W_y must be \(256, 6\) float64"),
        ({"W_y": np.zeros((256, 6), complex)}, "W_y must be"),
        ({"header": {"offsets": "1"}}, "must hold the offsets, a list of integers"),
        ({"header": {"offsets": [True, 2]}}, "must hold the offsets, a list of integers"),
        ({"header": {"offsets": [0, 2]}}, "every offset must be in"),
        ({"header": {"offsets": [2]}}, "codes must be"),
        ({"header": {"version": 9}}, "version of the header must be 1, got 9"),
    ],
)
def test_file__damaged(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = rewritten(save(random_readout(), tmp_path / "r.npz"), **changes)
    with pytest.raises(ModelError, match=message):
        describe_predictor(path)


def test_file__byte_order_and_odd_metadata(tmp_path: Path) -> None:
    readout = random_readout()
    swapped = {name: array.astype(">f8") for name, array in readout.arrays().items()}
    path = rewritten(save(readout, tmp_path / "r.npz"), **swapped, header={"metadata": [1]})
    file = describe_predictor(path)
    assert (file.model.sha256, file.metadata) == (readout.sha256, {"metadata": [1]})


def test_evaluate__scores_a_readout_as_it_does_a_network(tmp_path: Path) -> None:
    corpus = Corpus.siteinfo().slice(0, 90)
    path = save(random_readout(), tmp_path / "r.npz", metadata={"corpus": corpus.provenance()})
    result = rnn.evaluate(describe_predictor(path), corpus, null=Null(2))
    assert (result.standing.scored, result.targets) == ("in_sample", 89)
    assert result.shuffled_bpc is not None
    assert result.provenance["model"]["name"] == str(path)
    assert rnn.evaluate(random_readout(), corpus, null=Null(0)).standing.scored == "unknown"
    assert rnn.evaluate(random_readout(), corpus, null=Null(0)).bpc == result.bpc
