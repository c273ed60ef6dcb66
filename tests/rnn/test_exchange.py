"""Networks carried to and from other libraries: safetensors, PyTorch, a C compiler."""

import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rnn.model_files import LIBRARIES, SUFFIXES, need, put, random_model, refused, same, valid_file
from umrnn.corpus import Corpus
from umrnn.errors import MissingExtra
from umrnn.rnn.formats import load, save
from umrnn.rnn.verify import logits
from umrnn.rnn.weights import Elman

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
properties = hypothesis.settings(deadline=None, database=None, derandomize=True, max_examples=60)

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
    assert np.abs(logits(model, Corpus.siteinfo()) - logits_of(module)).max() < 1e-5


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
    assert np.abs(logits(model, Corpus.siteinfo()) - logits_of(module)).max() < bound


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
    refused(other(torch.nn.RNN(256, 4), torch.nn.Embedding(256, 7)), "no place for: 2.weight")
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
    theirs = np.array([float(line) for line in lines[count:]]).reshape(len(corpus), 256)
    np.testing.assert_allclose(theirs, logits(model, corpus), rtol=0, atol=1e-9)
