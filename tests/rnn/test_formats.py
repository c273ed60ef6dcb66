"""Model files: bit for bit out and in again, one clear line for everything that is not a model."""

import datetime
import importlib
import io
import json
import pickle
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from umrnn.corpus import Corpus
from umrnn.errors import InputError, MissingExtra, ModelError
from umrnn.rnn.convert import _logits, convert
from umrnn.rnn.formats import FORMATS, READABLE, describe, format_of, load, save
from umrnn.rnn.shipped import shipped
from umrnn.rnn.weights import Elman

shipped_module = importlib.import_module("umrnn.rnn.shipped")  # the package exports the function of that name

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
properties = hypothesis.settings(deadline=None, database=None, derandomize=True, max_examples=60)

SUFFIXES = {"npz": ".npz", "raw": ".bin", "safetensors": ".safetensors", "torch": ".pt", "c-header": ".h"}
LIBRARIES = {"safetensors": "safetensors", "torch": "torch"}


def random_model(hidden: int, dtype: Any = np.float32, seed: int = 0) -> Elman:
    rng = np.random.default_rng(seed)
    shapes = ((hidden, 256), (hidden, hidden), (hidden,), (256, hidden), (256,))
    return Elman(*(rng.normal(size=shape).astype(dtype) for shape in shapes))


def need(name: str) -> str:
    if name in LIBRARIES:
        pytest.importorskip(LIBRARIES[name])
    return name


def same(a: Elman, b: Elman) -> bool:
    return a.dtype == b.dtype and all(a.arrays()[name].tobytes() == b.arrays()[name].tobytes() for name in a.arrays())


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def valid_file(name: str, hidden: int = 2) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return save(random_model(hidden), Path(folder) / f"m{SUFFIXES[name]}").read_bytes()


def refused(path: Path, pattern: str, error: type[Exception] = ModelError, **options: Any) -> None:
    with pytest.raises(error, match=pattern) as caught:
        load(path, **options)
    assert "\n" not in str(caught.value)
    if error is ModelError:
        assert path.name in str(caught.value)


# Round trips


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_save_load__bit_for_bit(tmp_path: Path, name: str, dtype: Any) -> None:
    model = random_model(3, dtype)
    written = save(model, tmp_path / f"model{SUFFIXES[need(name)]}")
    expected = model.astype(np.float32) if name == "raw" else model
    file = describe(written)
    assert same(file.model, expected)
    assert (file.format, file.bytes) == (name, written.stat().st_size)


@properties
@hypothesis.given(
    hidden=st.integers(1, 5),
    double=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    name=st.sampled_from([name for name in READABLE if name != "torch"]),
)
def test_save_load__bit_for_bit_always(hidden: int, double: bool, seed: int, name: str) -> None:
    need(name)
    rng = np.random.default_rng(seed)
    width, unsigned = (8, np.uint64) if double else (4, np.uint32)
    bits = rng.integers(0, 256, size=width * Elman.zeros(hidden).b_y.size * (3 * hidden + 1), dtype=np.uint8)
    noise = bits.view(unsigned).view(np.float64 if double else np.float32)
    noise = np.where(np.isfinite(noise), noise, noise.dtype.type(0))  # any finite bits: subnormal, -0.0, the largest
    shapes = ((hidden, 256), (hidden, hidden), (hidden,), (256, hidden), (256,))
    model = Elman(*(np.resize(noise[i:], shape) for i, shape in enumerate(shapes)))
    if name == "raw" and double:
        model = random_model(hidden, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        assert same(load(save(model, Path(folder) / f"m{SUFFIXES[name]}")), model)


@pytest.mark.parametrize("name", ["npz", "raw", "c-header"])
def test_save__same_input_same_bytes(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = save(random_model(2), tmp_path / f"a{SUFFIXES[name]}", metadata={"b": 1, "a": 2}).read_bytes()
    later = datetime.datetime(2031, 5, 6).timestamp()
    monkeypatch.setattr("time.time", lambda: later)
    second = save(random_model(2), tmp_path / f"b{SUFFIXES[name]}", metadata={"a": 2, "b": 1}).read_bytes()
    assert first == second


def test_describe__metadata(tmp_path: Path) -> None:
    about = {"command": "umrnn train", "epochs": 3, "format": "mine", "range": [0, 1024]}
    file = describe(save(random_model(2), tmp_path / "m.npz", metadata=about))
    assert file.metadata == about
    assert repr(file).startswith("ModelFile('m.npz', format=npz, bytes=")
    assert file.provenance()["sha256"] == file.model.sha256
    need("safetensors")
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items()}
    assert describe(save(random_model(2), tmp_path / "m.safetensors", metadata=about)).metadata == texts
    assert describe(save(random_model(2), tmp_path / "m.bin", metadata=about)).metadata == {}


def test_load__ignores_the_name(tmp_path: Path) -> None:
    model = random_model(2)
    for name in READABLE:
        assert same(load(save(model, tmp_path / f"{name}.txt", format=need(name))), model)


def test_save__rejects(tmp_path: Path) -> None:
    model = random_model(2)
    with pytest.raises(InputError, match=r"format must be one of npz, raw, .* got the suffix of .*m\.onnx"):
        save(model, tmp_path / "m.onnx")
    with pytest.raises(InputError, match=r"format must be one of .* got 'onnx'"):
        save(model, tmp_path / "m.npz", format="onnx")
    with pytest.raises(InputError, match="the model cannot be written: the directory"):
        save(model, tmp_path / "none" / "m.npz")
    for value in (float("nan"), {1, 2}, np.int64(1)):
        with pytest.raises(InputError, match="metadata must be what JSON can hold"):
            save(model, tmp_path / "m.npz", metadata={"x": value})
    assert list(tmp_path.iterdir()) == []


def test_format_of__suffixes() -> None:
    found = {format_of(f"m{suffix}") for suffix in (".npz", ".bin", ".RAW", ".safetensors", ".pt", ".pth", ".h")}
    assert found == set(FORMATS)


# npz


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_load_npz__without_a_header(tmp_path: Path) -> None:
    model = random_model(2, np.float64)
    big_endian = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in model.arrays().items()}
    assert same(load(npz(tmp_path / "a.npz", **model.arrays())), model)
    assert same(load(npz(tmp_path / "b.npz", **big_endian)), model)
    np.savez_compressed(tmp_path / "c.npz", **{n: np.asfortranarray(a) for n, a in model.arrays().items()})
    assert same(load(tmp_path / "c.npz"), model)


@pytest.mark.parametrize("joint", [".", "/"])
@pytest.mark.parametrize("as_text", [True, False])
def test_load_npz__best_of_a_checkpoint(tmp_path: Path, joint: str, as_text: bool) -> None:
    best, last = random_model(2, seed=1), random_model(2, seed=2)
    text = json.dumps({"kind": "checkpoint", "version": 7})
    header = np.array(text) if as_text else np.frombuffer(text.encode(), np.uint8)
    arrays = {f"best{joint}{name}": array for name, array in best.arrays().items()}
    assert same(load(npz(tmp_path / "a.npz", header=header, **arrays)), best)
    assert same(load(npz(tmp_path / "b.npz", header=header, **arrays, **last.arrays())), best)
    assert same(load(npz(tmp_path / "c.npz", **arrays, **last.arrays())), last)


def test_load_npz__rejects(tmp_path: Path) -> None:
    arrays: dict[str, Any] = random_model(2).arrays()
    path = tmp_path / "m.npz"
    refused(npz(path, **{**arrays, "W_h": np.zeros((2, 3), np.float32)}), r"m.npz: W_h must be \(2, 2\) float32")
    refused(npz(path, **{**arrays, "b_h": arrays["b_h"] * np.float32("nan")}), "b_h must hold finite numbers only")
    refused(npz(path, **{**arrays, "b_y": arrays["b_y"].astype(np.float64)}), "b_y must be .* float32, got .* float64")
    refused(npz(path, **{name: array.astype(np.int32) for name, array in arrays.items()}), "must be float32 or float64")
    refused(npz(path, **{**arrays, "W_x": np.array([{}, []], dtype=object)}), "Object arrays cannot be loaded")
    refused(
        npz(path, **{name: array for name, array in arrays.items() if name != "W_h"}), "lacks the array W_h: .* b_h"
    )
    refused(npz(path), "lacks the array W_x: .* found nothing")
    for header, rule in (
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"version": 2}', "version .* must be 1"),
    ):
        refused(npz(path, header=np.frombuffer(header, np.uint8), **arrays), rule)
    with zipfile.ZipFile(path, "w") as archive:
        for name in arrays:
            archive.writestr(f"{name}.npy", b"no array")
    refused(path, "m.npz: W_x is not an array")


def test_load_npz__absurd_shape(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 10**6)})
    path = tmp_path / "m.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in random_model(1).arrays():
            archive.writestr(f"{name}.npy", buffer.getvalue())
    refused(path, "m.npz cannot be read as npz")


# Raw float32


def test_load_raw__published_layout(tmp_path: Path) -> None:
    model = random_model(3)
    flat = np.concatenate([array.ravel() for array in model.arrays().values()])
    path = put(tmp_path / "m.bin", flat.astype("<f4").tobytes())
    assert same(load(path), model)
    assert save(model, tmp_path / "n.raw").read_bytes() == path.read_bytes()


def test_load_raw__older_layout(tmp_path: Path) -> None:
    model = random_model(3)
    order = (model.W_x, model.b_h, model.W_h, model.W_y, model.b_y)
    path = put(tmp_path / "m.bin", b"".join(array.astype("<f4").tobytes() for array in order))
    assert same(load(path, layout="older"), model)
    assert not same(load(path), model)
    refused(path, "layout must be one of published, older, got 'new'", InputError, layout="new")
    refused(save(model, tmp_path / "m.npz"), "layout must be left out .* this one is npz", InputError, layout="older")


def test_load_raw__other_sizes(tmp_path: Path) -> None:
    content = save(random_model(2), tmp_path / "m.bin").read_bytes()
    assert len(content) == 4 * (2 * 256 + 2 * 2 + 2 + 256 * 2 + 256)
    sizes = r"5143 bytes fit no raw .*, so it is truncated or of another shape \(H = 1 takes 3080, H = 2 takes 5144\)"
    refused(put(tmp_path / "short.bin", content[:-1]), sizes)
    refused(put(tmp_path / "tiny.bin", b"abc"), r"3 bytes fit no raw float32 file, .* \(H = 1 takes 3080\)")
    refused(put(tmp_path / "inf.bin", content[:-4] + struct.pack("<f", np.inf)), "b_y must hold finite numbers only")


def test_save_raw__beyond_float32(tmp_path: Path) -> None:
    model = Elman(np.full((1, 256), 1e300), *list(Elman.zeros(1, np.float64).arrays().values())[1:])
    for suffix in (".bin", ".h"):
        with pytest.raises(ModelError, match="W_x must hold finite numbers only"):
            save(model, tmp_path / f"m{suffix}")
    assert list(tmp_path.iterdir()) == []


# What is not a model


def test_load__rejects_what_is_no_model_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.npz", "none.npz does not exist")
    refused(tmp_path, "is a directory: a model is one file")
    refused(put(tmp_path / "empty.npz", b""), "empty.npz is empty")
    refused(put(tmp_path / "note.txt", b"hello, world"), "note.txt is of no known format: .* 12 bytes")
    refused(put(tmp_path / "cut.npz", valid_file("npz")[:300]), "cut.npz cannot be read as a zip archive")
    refused(save(random_model(1), tmp_path / "m.h"), "m.h is a C header: written, never read")
    with pytest.raises(ModelError, match=r"cannot be read: .*null"):
        load("a\0b")


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_load__never_unpickles(tmp_path: Path, protocol: int) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    content = pickle.dumps(Trap(), protocol)
    refused(put(tmp_path / "m.pkl", content), "m.pkl is a pickle: never loaded")
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        archive.writestr("m/data.pkl", content)
        archive.writestr("m/version", "3\n")
    if _has("torch"):
        refused(tmp_path / "m.pt", "m.pt cannot be read as a PyTorch state dict")
    arrays = {**random_model(1).arrays(), "W_x": np.array([Trap()], dtype=object)}
    np.savez(tmp_path / "m.npz", **arrays)
    refused(tmp_path / "m.npz", "Object arrays cannot be loaded")
    assert not (tmp_path / "ran").exists()


def _has(library: str) -> bool:
    try:
        __import__(library)
    except ImportError:
        return False
    return True


def load_or_model_error(content: bytes) -> None:
    """Anything but an Elman or a ModelError of one line is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        path = put(Path(folder) / "m.bin", content)
        try:
            assert isinstance(load(path), Elman)
        except ModelError as problem:
            assert "\n" not in problem.message  # noqa: PT017  either outcome is right
            assert str(path) in problem.message  # noqa: PT017
        except MissingExtra:
            assert not all(map(_has, LIBRARIES.values()))


STARTS = (b"", b"PK\x03\x04", b"PK\x05\x06", b"\x80\x04\x95", b"\x93NUMPY", struct.pack("<Q", 40) + b'{"')


@properties
@hypothesis.given(start=st.sampled_from(STARTS), rest=st.binary(max_size=400))
def test_load__arbitrary_bytes(start: bytes, rest: bytes) -> None:
    load_or_model_error(start + rest)


@pytest.mark.parametrize("name", READABLE)
def test_load__any_damage(name: str) -> None:
    content = valid_file(need(name), hidden=1)

    @hypothesis.settings(properties, max_examples=40 if name == "torch" else 200)
    @hypothesis.given(place=st.integers(0, len(content) - 1), byte=st.integers(0, 255), cut=st.booleans())
    def damaged(place: int, byte: int, cut: bool) -> None:
        load_or_model_error(content[:place] + (b"" if cut else bytes([byte]) + content[place + 1 :]))

    damaged()


# safetensors


def test_load_safetensors__rejects(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    arrays = dict(random_model(2).arrays())
    path = tmp_path / "m.safetensors"
    library.save_file({"weight": arrays["W_x"]}, path)
    refused(path, "holds neither W_x, W_h, b_h, W_y, b_y nor a recurrent layer; found weight")
    library.save_file({**arrays, "W_h": np.zeros((3, 3), np.float32)}, path)
    refused(path, r"W_h must be \(2, 2\)")
    refused(put(path, struct.pack("<Q", 10**7) + b'{"W_x":'), "cannot be read as safetensors")


def test_load_safetensors__takes_a_state_dict(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    model = random_model(2)
    library.save_file(state_of(model), tmp_path / "m.safetensors")
    assert same(load(tmp_path / "m.safetensors"), model)


# PyTorch


def state_of(model: Elman, prefix: str = "") -> dict[str, Any]:
    return {
        f"{prefix}rnn.weight_ih_l0": model.W_x,
        f"{prefix}rnn.weight_hh_l0": model.W_h,
        f"{prefix}rnn.bias_ih_l0": model.b_h,
        f"{prefix}rnn.bias_hh_l0": np.zeros_like(model.b_h),
        f"{prefix}out.weight": model.W_y,
        f"{prefix}out.bias": model.b_y,
    }


def torch_file(path: Path, content: Any) -> Path:
    torch = pytest.importorskip("torch")

    def tensors(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: tensors(item) for key, item in value.items()}
        return torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value

    torch.save(tensors(content), path)
    return path


def module_of(hidden: int, **options: Any) -> Any:
    torch = pytest.importorskip("torch")
    torch.manual_seed(hidden)
    parts = {"rnn": torch.nn.RNN(256, hidden, batch_first=True, **options), "readout": torch.nn.Linear(hidden, 256)}
    return torch.nn.ModuleDict(parts)


def logits_of(module: Any) -> np.ndarray[Any, Any]:
    torch = pytest.importorskip("torch")
    codes = torch.tensor(Corpus.siteinfo().data.tolist())
    with torch.no_grad():
        weight = module["rnn"].weight_ih_l0
        states, _ = module["rnn"](torch.nn.functional.one_hot(codes, 256).to(weight.dtype)[None])
        return np.asarray(module["readout"](states)[0].numpy())


@pytest.mark.parametrize("options", [{}, {"bias": False}])
def test_load_torch__same_logits(tmp_path: Path, options: dict[str, Any]) -> None:
    module = module_of(6, **options)
    pytest.importorskip("torch").save(module.state_dict(), tmp_path / "m.pt")
    model = load(tmp_path / "m.pt")
    assert np.abs(_logits(model, Corpus.siteinfo()) - logits_of(module)).max() < 1e-5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_save_torch__same_logits(tmp_path: Path, dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    model = random_model(2, dtype)
    model = Elman(*(array * dtype(0.25) for array in model.arrays().values()))
    module = module_of(2).to(torch.float64 if dtype == np.float64 else torch.float32)
    state = torch.load(save(model, tmp_path / "m.pth"), weights_only=True)
    assert {name for name in state} == set(module.state_dict())
    module.load_state_dict(state)
    bound = 1e-12 if dtype == np.float64 else 1e-5
    assert np.abs(_logits(model, Corpus.siteinfo()) - logits_of(module)).max() < bound


def test_load_torch__prefixes_and_nesting(tmp_path: Path) -> None:
    model = random_model(2)
    state = state_of(model, "module.net.")
    assert same(load(torch_file(tmp_path / "a.pt", state)), model)
    training = {"epoch": 3, "model": {"state_dict": state}, "optimizer": {"state": {0: {"exp_avg": model.W_x}}}}
    assert same(load(torch_file(tmp_path / "b.pt", training)), model)
    # H = 256: only the bias tells the read-out from any other square matrix
    wide = random_model(256)
    assert same(load(torch_file(tmp_path / "c.pt", state_of(wide))), wide)


def test_load_torch__half_precision_is_widened(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    state = {name: tensor.bfloat16() for name, tensor in module_of(2).state_dict().items()}
    torch.save(state, tmp_path / "m.pt")
    model = load(tmp_path / "m.pt")
    assert model.dtype == np.float32
    np.testing.assert_array_equal(model.W_x, state["rnn.weight_ih_l0"].float().numpy())


def test_load_torch__other_networks(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "m.pt"

    def other(recurrent: Any, *more: Any, readout: Any = None) -> Path:
        torch.save(torch.nn.ModuleList([recurrent, readout or torch.nn.Linear(4, 256), *more]).state_dict(), path)
        return path

    refused(other(torch.nn.LSTM(256, 4)), "is an LSTM: an Elman has one tanh layer")
    refused(other(torch.nn.LSTM(256, 4, proj_size=2)), "is an LSTM with a projection")
    refused(other(torch.nn.GRU(256, 4)), "is a GRU: an Elman has one tanh layer")
    refused(other(torch.nn.RNN(256, 4, num_layers=2)), "has more than one recurrent layer")
    refused(other(torch.nn.RNN(256, 4, bidirectional=True)), "is a bidirectional network")
    refused(other(torch.nn.RNN(64, 4)), r"weight_ih_l0 must be \(4, 256\), one column per byte, got \(4, 64\)")
    refused(other(torch.nn.RNN(256, 4), torch.nn.RNN(256, 4)), "holds more than one recurrent network")
    refused(other(torch.nn.RNN(256, 4), torch.nn.Embedding(256, 256)), "no place for: 2.weight")
    refused(other(torch.nn.RNN(256, 4), torch.nn.Linear(4, 256)), "must hold one Linear .* got 2 among")
    refused(other(torch.nn.RNN(256, 4), readout=torch.nn.Linear(4, 64)), "must hold one Linear .* got 0 among")


def test_load_torch__rejects(tmp_path: Path) -> None:
    path, model = tmp_path / "m.pt", random_model(2)
    state = state_of(model)
    torch = pytest.importorskip("torch")
    refused(torch_file(path, [1, 2]), "holds no state dict .* found list")
    refused(torch_file(path, {"a": 1}), "holds no state dict .* found a")
    refused(torch_file(path, {"a": state, "b": state}), "holds 2 state dicts with a recurrent layer")
    refused(torch_file(path, {**state, "epoch": 3}), "epoch must be a tensor, got int")
    refused(torch_file(path, {n: a for n, a in state.items() if "_hh_" not in n}), "nor a tensor named …weight_hh_l0")
    refused(torch_file(path, {**state, "rnn.weight_hh_l0": model.b_h}), r"weight_hh_l0 must be \(H, H\), got \(2,\)")
    refused(torch_file(path, {**state, "rnn.weight_hh_l0": model.W_x}), "has no square recurrent matrix")
    refused(torch_file(path, {**state, "rnn.bias_ih_l0": model.b_y}), r"biases must be \(2,\)")
    refused(torch_file(path, {**state, "out.bias": model.b_y.astype(np.int64)}), "weights must be floating point")
    refused(torch_file(path, {**state, "out.bias": model.b_y * np.float32("inf")}), "b_y must hold finite numbers only")
    sparse = {**{n: torch.from_numpy(a.copy()) for n, a in state.items()}, "out.weight": torch.eye(4).to_sparse()}
    torch.save(sparse, path)
    refused(path, "out.weight is not a dense tensor of real numbers")
    torch.save(module_of(2), path)
    refused(path, "holds more than tensors; save model.state_dict()")
    torch.save(sparse, path, _use_new_zipfile_serialization=False)
    refused(path, "m.pt is a pickle: never loaded")


@pytest.mark.parametrize("name", LIBRARIES)
def test_save__missing_extra(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"m{SUFFIXES[name]}"
    content = valid_file(need(name))
    for module in [key for key in sys.modules if key.partition(".")[0] == LIBRARIES[name]]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, LIBRARIES[name], None)
    with pytest.raises(MissingExtra, match="is not installed"):
        save(random_model(1), path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MissingExtra, match="is not installed"):
        load(put(path, content))


# C header

C_PROGRAM = r"""
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "model.h"

static void dump(const float *values, int count) {
    for (int i = 0; i < count; i++) { unsigned bits; memcpy(&bits, values + i, 4); printf("%08x\n", bits); }
}

int main(void) {
    double h[UMRNN_HIDDEN] = {0}, next[UMRNN_HIDDEN];
    dump(&W_x[0][0], UMRNN_HIDDEN * UMRNN_ALPHABET);
    dump(&W_h[0][0], UMRNN_HIDDEN * UMRNN_HIDDEN);
    dump(b_h, UMRNN_HIDDEN);
    dump(&W_y[0][0], UMRNN_ALPHABET * UMRNN_HIDDEN);
    dump(b_y, UMRNN_ALPHABET);
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        for (int i = 0; i < UMRNN_HIDDEN; i++) {
            double z = (double)W_x[i][byte] + b_h[i];
            for (int j = 0; j < UMRNN_HIDDEN; j++) z += W_h[i][j] * h[j];
            next[i] = tanh(z);
        }
        memcpy(h, next, sizeof h);
        for (int y = 0; y < UMRNN_ALPHABET; y++) {
            double logit = b_y[y];
            for (int i = 0; i < UMRNN_HIDDEN; i++) logit += W_y[y][i] * h[i];
            printf("%.17g\n", logit);
        }
    }
    return 0;
}
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc: the header cannot be compiled")
def test_save_c_header__compiles_to_the_same_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    drawn = random_model(3).arrays()
    odd = np.array([1.0, -0.0, 1e-45, 3.4028235e38, 0.1], np.float32)  # whole, signed zero, subnormal, largest
    model = Elman(**{**drawn, "W_x": np.where(rng.random((3, 256)) < 0.5, drawn["W_x"], np.resize(odd, (3, 256)))})
    save(model, tmp_path / "model.h", metadata={"evil": "*/ #error /* ??/", "line": "a\nb\\"})
    (tmp_path / "main.c").write_text(C_PROGRAM)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"]
    subprocess.run(["gcc", *flags, "main.c", "-o", "main", "-lm"], cwd=tmp_path, check=True)
    corpus = Corpus.from_bytes(bytes(range(256)) + Corpus.siteinfo().data[:64].tobytes())
    run = subprocess.run([tmp_path / "main"], input=corpus.data.tobytes(), capture_output=True, check=True)
    lines = run.stdout.decode().split()
    count = sum(array.size for array in drawn.values())
    bits = np.concatenate([array.ravel() for array in model.arrays().values()]).view(np.uint32)
    assert [int(line, 16) for line in lines[:count]] == bits.tolist()
    logits = np.array([float(line) for line in lines[count:]]).reshape(len(corpus), 256)
    np.testing.assert_allclose(logits, _logits(model, corpus), rtol=0, atol=1e-9)


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


def test_convert__onto_itself_and_older_layout(tmp_path: Path) -> None:
    model = random_model(3)
    order = (model.W_x, model.b_h, model.W_h, model.W_y, model.b_y)
    path = put(tmp_path / "m.bin", b"".join(array.tobytes() for array in order))
    assert convert(path, path, layout="older").max_abs_logit_difference == 0.0
    assert same(load(path), model)


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
