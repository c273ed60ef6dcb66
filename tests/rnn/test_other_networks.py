"""Networks as other people save them: which array is which, and the same logits as the framework's own program."""

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rnn.model_files import random_model, refused, same
from tests.training import train
from umrnn.corpus import Corpus
from umrnn.errors import CheckFailed, InputError, ModelError
from umrnn.rnn.convert import convert
from umrnn.rnn.formats import Roles, describe, load, save
from umrnn.rnn.verify import LogitCheck, logits, pytorch_logits
from umrnn.rnn.weights import Elman

TEXT = Corpus.siteinfo().slice(0, 80)
RNG = np.random.default_rng(8)


def drawn(*shape: int) -> np.ndarray[Any, Any]:
    return (RNG.normal(size=shape) * 0.3).astype(np.float32)


def recurrent(width: int, hidden: int, prefix: str = "rnn.", suffix: str = "_l0") -> dict[str, Any]:
    return {
        f"{prefix}weight_ih{suffix}": drawn(hidden, width),
        f"{prefix}weight_hh{suffix}": drawn(hidden, hidden),
        f"{prefix}bias_ih{suffix}": drawn(hidden),
        f"{prefix}bias_hh{suffix}": drawn(hidden),
    }


def linear(hidden: int, prefix: str = "out.") -> dict[str, Any]:
    return {f"{prefix}weight": drawn(256, hidden), f"{prefix}bias": drawn(256)}


def npz(path: Path, arrays: dict[str, Any]) -> Path:
    np.savez(path, **arrays)
    return path


def five(arrays: dict[str, Any], suffix: str = "_l0", prefix: str = "rnn.") -> list[Any]:
    """W_x, W_h, b_h as PyTorch means them."""
    ih, hh, one, other = (arrays[f"{prefix}{n}{suffix}"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    return [ih, hh, (one.astype(np.float64) + other).astype(np.float32)]


# State dicts, in npz


def test_state_dict__embedding_before_the_network(tmp_path: Path) -> None:
    arrays = {"emb.weight": drawn(256, 5), **recurrent(5, 4), **linear(4)}
    W_ih, W_h, b_h = five(arrays)
    W_x = (W_ih.astype(np.float64) @ arrays["emb.weight"].T.astype(np.float64)).astype(np.float32)
    model = load(npz(tmp_path / "m.npz", arrays))
    assert same(model, Elman(W_x, W_h, b_h, arrays["out.weight"], arrays["out.bias"]))


@pytest.mark.parametrize(("width", "hidden"), [(4, 4), (256, 4), (256, 256)])
@pytest.mark.parametrize("bias", [True, False])
def test_state_dict__embedding_and_readout_of_one_shape(tmp_path: Path, width: int, hidden: int, bias: bool) -> None:
    arrays = {"tok_emb.weight": drawn(256, width), **recurrent(width, hidden), **linear(hidden, "head.")}
    if not bias:
        del arrays["head.bias"]
    file = describe(npz(tmp_path / "m.npz", arrays))
    assert (file.roles.embedding, file.roles.W_y) == (("tok_emb.weight",), ("head.weight",))
    np.testing.assert_array_equal(file.model.W_y, arrays["head.weight"])
    assert np.any(file.model.b_y) == bias


@pytest.mark.parametrize("names", [["table.weight"], ["table.weight", "out.weight"]])
def test_state_dict__tied_weights(tmp_path: Path, names: list[str]) -> None:
    shared = drawn(256, 4)
    arrays = {**recurrent(4, 4), "out.bias": drawn(256)} | {name: shared for name in names}
    if len(names) == 1:  # safetensors keeps one of two shared tensors, and the bias under the other's name
        del arrays["out.bias"]
    model = load(npz(tmp_path / "m.npz", arrays))
    np.testing.assert_array_equal(model.W_y, shared)
    np.testing.assert_allclose(model.W_x, five(arrays)[0] @ shared.T, rtol=0, atol=1e-6)


def test_state_dict__cell_and_fewer_biases(tmp_path: Path) -> None:
    cell = {**recurrent(256, 3, "cell.", ""), **linear(3)}
    model = load(npz(tmp_path / "cell.npz", cell))
    assert same(model, Elman(*five(cell, "", "cell."), cell["out.weight"], cell["out.bias"]))
    for missing in (["rnn.bias_hh_l0"], ["rnn.bias_ih_l0"], ["rnn.bias_ih_l0", "rnn.bias_hh_l0"]):
        arrays = {name: array for name, array in {**recurrent(256, 3), **linear(3)}.items() if name not in missing}
        b_h = sum([arrays[n] for n in arrays if "bias_" in n], np.zeros(3, np.float32))
        np.testing.assert_array_equal(load(npz(tmp_path / "m.npz", arrays)).b_h, b_h)


def test_state_dict__one_layer_of_several(tmp_path: Path) -> None:
    below, above = recurrent(256, 3), recurrent(3, 3, suffix="_l1")
    back = {f"{name}_reverse": drawn(*array.shape) for name, array in below.items()}
    stack = npz(tmp_path / "stack.npz", {**below, **above, **linear(3)})
    both = npz(tmp_path / "both.npz", {**below, **back, **linear(6)})
    refused(stack, "has more than one recurrent layer")
    refused(both, "is a bidirectional network")
    for path, layer, W_x in (
        (stack, "0", below["rnn.weight_ih_l0"]),
        (both, "0", below["rnn.weight_ih_l0"]),
        (both, "0-reverse", back["rnn.weight_ih_l0_reverse"]),
    ):
        model = load(path, layer=layer)
        np.testing.assert_array_equal(model.W_x, W_x)
        assert not np.any(model.W_y)  # the read-out reads what is above
    refused(stack, "layer 1 reads the states of layer 0, not bytes", layer="1")
    refused(stack, "layer must be one of 0, 1, got 7", InputError, layer="7")


def test_state_dict__what_cannot_be_told(tmp_path: Path) -> None:
    arrays = {"a.weight": drawn(256, 4), "b.weight": drawn(256, 4), **recurrent(4, 4)}
    refused(npz(tmp_path / "m.npz", arrays), "must hold one Linear .* got 2 among")
    names = Roles.named(
        {
            "W_x": "rnn.weight_ih_l0",
            "W_h": "rnn.weight_hh_l0",
            "b_h": ["rnn.bias_ih_l0", "rnn.bias_hh_l0"],
            "W_y": "b.weight",
            "embedding": "a.weight",
        }
    )
    np.testing.assert_array_equal(load(tmp_path / "m.npz", names=names).W_y, arrays["b.weight"])
    norm = {"norm.weight": drawn(4), **recurrent(256, 4), **linear(4)}
    refused(npz(tmp_path / "m.npz", norm), "no place for: norm.weight")
    refused(
        npz(tmp_path / "m.npz", {"emb.weight": drawn(64, 5), **recurrent(5, 4), **linear(4)}), "one column per byte"
    )


# Names given


def test_names__of_flax_arrays(tmp_path: Path) -> None:
    arrays = {"params/i/kernel": drawn(256, 3), "params/i/bias": drawn(3), "params/h/kernel": drawn(3, 3)}
    arrays |= {"params/out/kernel": drawn(3, 256), "params/out/bias": drawn(256), "step": np.array(7)}
    given = {"W_x": "params/i/kernel.T", "W_h": "params/h/kernel.T", "b_h": "params/i/bias"}
    given |= {"W_y": "params/out/kernel.T", "b_y": "params/out/bias"}
    (tmp_path / "map.json").write_text(json.dumps(given))
    model = load(npz(tmp_path / "m.npz", arrays), names=Roles.in_file(tmp_path / "map.json"))
    h = np.zeros(3)
    for t, byte in enumerate(TEXT.data):  # h' = tanh(x W_i + b_i + h W_h), as flax has it
        h = np.tanh(arrays["params/i/kernel"][byte] + arrays["params/i/bias"] + h @ arrays["params/h/kernel"])
        expected = h @ arrays["params/out/kernel"] + arrays["params/out/bias"]
        np.testing.assert_allclose(logits(model, TEXT)[t], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ([], "must be an object with keys among W_x"),
        ({"W_z": "a"}, "must be an object with keys among W_x"),
        ({"W_x": "a", "W_h": "b"}, "must name W_y"),
        ({"W_x": 3, "W_h": "b", "W_y": "c"}, "must give W_x a name, a list of names or null, got 3"),
        ({"W_x": ["a", 1], "W_h": "b", "W_y": "c"}, "must give W_x a name"),
    ],
)
def test_names__that_are_no_map(tmp_path: Path, given: Any, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        Roles.named(given)
    (tmp_path / "map.json").write_text(json.dumps(given))
    with pytest.raises(InputError, match=f"map.json: .*{rule}"):
        Roles.in_file(tmp_path / "map.json")
    (tmp_path / "map.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        Roles.in_file(tmp_path / "map.json")


def test_names__that_are_not_there_or_do_not_fit(tmp_path: Path) -> None:
    path = npz(
        tmp_path / "m.npz", {"a": drawn(256, 3), "h": drawn(3, 3), "o": drawn(256, 3), "n": np.zeros((3, 256), int)}
    )
    for names, rule in (
        ({"W_x": "missing", "W_h": "h", "W_y": "o"}, "lacks the array missing; found a, h, n, o"),
        ({"W_x": "a", "W_h": "h", "W_y": "o"}, r"a must be \(3, 256\) as W_x, got \(256, 3\)"),
        ({"W_x": "a.T", "W_h": "a", "W_y": "o"}, r"a must be \(H, H\), got \(256, 3\)"),
        ({"W_x": "n", "W_h": "h", "W_y": "o"}, "weights must be floating point, got int64 in n"),
    ):
        refused(path, rule, names=Roles.named(names))
    refused(
        save(random_model(2), tmp_path / "m.bin"), "layer, names and alphabet must be left out", InputError, layer="0"
    )


# Half and mixed precision


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_precision__half_is_widened_and_mixed_takes_the_wider(tmp_path: Path, suffix: str) -> None:
    arrays = random_model(2, np.float64).arrays()
    path = tmp_path / f"m.{suffix}"

    def written(kinds: dict[str, Any]) -> Elman:
        given = {name: array.astype(kinds.get(name, np.float16)) for name, array in arrays.items()}
        if suffix == "npz":
            np.savez(path, **given)
        else:
            pytest.importorskip("safetensors.numpy").save_file(given, path)
        return load(path)

    half = written({})
    assert half.dtype == np.float32
    np.testing.assert_array_equal(half.W_h, arrays["W_h"].astype(np.float16).astype(np.float32))
    mixed = written({"W_y": np.float64, "b_h": np.float32})
    assert mixed.dtype == np.float64
    np.testing.assert_array_equal(mixed.W_y, arrays["W_y"])


def brain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The upper halves of float32: bfloat16 without rounding."""
    return (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def test_precision__bfloat16_in_npz_and_safetensors(tmp_path: Path) -> None:
    halves = {name: brain(array) for name, array in random_model(2).arrays().items()}
    expected = Elman(*((half.astype(np.uint32) << 16).view(np.float32) for half in halves.values()))
    np.savez(tmp_path / "m.npz", **{name: half.view("V2") for name, half in halves.items()})  # as JAX's arrays come out
    assert same(load(tmp_path / "m.npz"), expected)
    pytest.importorskip("safetensors")
    header, data = {}, b""
    for name, half in halves.items():
        header[name] = {"dtype": "BF16", "shape": half.shape, "data_offsets": [len(data), len(data) + half.nbytes]}
        data += half.tobytes()
    text = json.dumps(header).encode()
    (tmp_path / "m.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    assert same(load(tmp_path / "m.safetensors"), expected)


# Claims that would take memory


def deflated(path: Path, shapes: dict[str, tuple[int, ...]], dtype: str = "<f4") -> Path:
    """An npz whose arrays are zeros of any size, which deflate to nothing."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, shape in shapes.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
                left = int(np.prod(shape)) * np.dtype(dtype).itemsize
                while left:
                    stream.write(bytes(min(left, 1 << 20)))
                    left -= min(left, 1 << 20)
    return path


def peak_of(work: Any) -> int:
    import tracemalloc

    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_claims__are_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    H = 6000
    shapes = {"W_x": (H, 256), "W_h": (H, H), "b_h": (H,), "W_y": (256, H), "b_y": (256,)}
    path = deflated(tmp_path / "m.npz", shapes)
    rule = r"claims H = 6000, whose weights would take 0.3 GB, in a file of [0-9]+ bytes"
    assert peak_of(lambda: refused(path, rule)) < 1 << 23
    small = {"W_x": (2, 256), "W_h": (2, 2), "b_h": (2,), "W_y": (256, 2), "b_y": (256,)}
    wide = deflated(tmp_path / "n.npz", {**small, "W_h": (H, H)})
    assert peak_of(lambda: refused(wide, "claims H = 2, whose weights would take")) < 1 << 23
    header = deflated(tmp_path / "h.npz", {**small, "header": (1 << 26,)}, "|u1")
    assert peak_of(lambda: refused(header, "its header must be at most 16777216 bytes, got 67108864")) < 1 << 23


def test_claims__what_is_not_wanted_is_never_unpacked(tmp_path: Path) -> None:
    small = {"W_x": (2, 256), "W_h": (2, 2), "b_h": (2,), "W_y": (256, 2), "b_y": (256,), "history": (1 << 26,)}
    path = deflated(tmp_path / "m.npz", small)
    assert peak_of(lambda: load(path)) < 1 << 23


def test_claims__too_many_neurons_say_what_they_would_take(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        for name, shape in {"W_x": (40000, 0), "W_h": (0, 40000), "b_h": (40000,), "W_y": (0,), "b_y": (0,)}.items():
            with archive.open(f"{name}.npy", "w") as stream:
                np.lib.format.write_array(stream, np.zeros(shape, np.float32))
    refused(tmp_path / "m.npz", "H must be at most 32768, got 40000")


# Checkpoints of training


def test_checkpoint__is_a_model(tmp_path: Path) -> None:

    corpus = Corpus.from_bytes(b"counting " * 40, "text")
    result = train(corpus, hidden=3, optimizer="adam", epochs=3, checkpoint=tmp_path / "c.npz")
    file = describe(tmp_path / "c.npz")
    assert same(file.model, result.model)
    assert file.fitted_to().corpus["sha256"] == corpus.sha256
    content = dict(np.load(tmp_path / "c.npz"))
    np.savez(tmp_path / "short.npz", **{**content, "best": content["best"][:-1]})
    refused(tmp_path / "short.npz", "is a damaged checkpoint: its best weights are not those of 3 neurons")


# Logits of the framework


def checked(model: Elman, tmp_path: Path, expected: Any, tolerance: float = 1e-3) -> LogitCheck:
    np.save(tmp_path / "logits.npy", expected)
    (tmp_path / "bytes").write_bytes(TEXT.data.tobytes())
    return LogitCheck.in_files(tmp_path / "logits.npy", tmp_path / "bytes", tolerance)


def test_check__passes_within_the_tolerance_and_nothing_is_written_beyond(tmp_path: Path) -> None:
    model = load(npz(tmp_path / "m.npz", {**recurrent(256, 4), **linear(4)}))
    theirs = logits(model, TEXT).astype(np.float32)
    result = convert(tmp_path / "m.npz", tmp_path / "out.npz", check=checked(model, tmp_path, theirs[None]))
    assert 0 < result.max_abs_framework_difference < 1e-5
    assert result.headline()["activation"] == "taken as tanh"
    theirs[7, 3] += 0.01
    with pytest.raises(CheckFailed, match=r"differ by 0.01, after byte 7 by 0.01, where 0.001 is allowed"):
        convert(tmp_path / "m.npz", tmp_path / "other.npz", check=checked(model, tmp_path, theirs))
    assert not (tmp_path / "other.npz").exists()
    theirs[7, 3] = np.nan
    with pytest.raises(InputError, match="must hold finite numbers only"):
        checked(model, tmp_path, theirs)
    theirs[7, 3] = 0
    for wrong in (theirs[:-1], theirs.astype(int), theirs[:, :9]):
        with pytest.raises(InputError, match=r"must hold floating-point logits of shape \(80, 256\)"):
            checked(model, tmp_path, wrong)
    (tmp_path / "logits.npy").write_bytes(b"no array")
    with pytest.raises(InputError, match=r"logits.npy cannot be read: it is no npy file"):
        LogitCheck.in_files(tmp_path / "logits.npy", tmp_path / "bytes")


def test_check__a_relu_network_is_named(tmp_path: Path) -> None:
    model = load(npz(tmp_path / "m.npz", {**recurrent(256, 4), **linear(4)}))
    theirs = logits(model, TEXT, lambda values: np.maximum(values, 0))
    with pytest.raises(CheckFailed) as caught:
        convert(tmp_path / "m.npz", tmp_path / "out.npz", check=checked(model, tmp_path, theirs))
    assert "relu network" in str(caught.value.hint)


# PyTorch's own program


def modules() -> dict[str, Any]:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(3)
    tied = nn.ModuleDict({"emb": nn.Embedding(256, 6), "rnn": nn.RNN(6, 6), "out": nn.Linear(6, 256, bias=False)})
    tied["out"].weight = tied["emb"].weight
    return {
        "plain": nn.ModuleDict({"rnn": nn.RNN(256, 6), "out": nn.Linear(6, 256)}),
        "no biases": nn.ModuleDict({"rnn": nn.RNN(256, 6, bias=False), "out": nn.Linear(6, 256, bias=False)}),
        "embedding": nn.ModuleDict({"emb": nn.Embedding(256, 5), "rnn": nn.RNN(5, 6), "out": nn.Linear(6, 256)}),
        "square": nn.ModuleDict({"emb": nn.Embedding(256, 6), "rnn": nn.RNN(6, 6), "out": nn.Linear(6, 256)}),
        "tied": tied,
        "wrapped": nn.ModuleDict({"module": nn.ModuleDict({"rnn": nn.RNN(256, 6), "head": nn.Linear(6, 256)})}),
        "half": nn.ModuleDict({"rnn": nn.RNN(256, 6).bfloat16(), "out": nn.Linear(6, 256)}),
        "double": nn.ModuleDict({"rnn": nn.RNN(256, 6).double(), "out": nn.Linear(6, 256)}),
    }


KINDS = ["plain", "no biases", "embedding", "square", "tied", "wrapped", "half", "double"]


def their_logits(module: Any) -> Any:
    """What the module itself gives for TEXT, run as its owner would run it, in float64."""
    torch = pytest.importorskip("torch")
    whole = copy.deepcopy(module).double()
    parts = dict(whole["module"].items() if "module" in whole else whole.items())
    codes = torch.tensor(TEXT.data.astype(np.int64))
    with torch.no_grad():
        read = parts["emb"](codes) if "emb" in parts else torch.nn.functional.one_hot(codes, 256).double()
        states, _ = parts["rnn"](read)
        return (parts.get("out") or parts["head"])(states).numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_pytorch__same_logits_as_the_module(tmp_path: Path, kind: str) -> None:
    module = modules()[kind]
    torch = pytest.importorskip("torch")
    torch.save(module.state_dict(), tmp_path / "m.pt")
    file = describe(tmp_path / "m.pt")
    assert np.abs(logits(file.model, TEXT) - their_logits(module)).max() < 2e-6
    assert pytorch_logits(file, TEXT).difference(file.model) < 1e-6
    if kind != "tied":  # which cannot be saved twice
        pytest.importorskip("safetensors.torch").save_file(module.state_dict(), tmp_path / "m.safetensors")
        assert load(tmp_path / "m.safetensors").sha256 == load(tmp_path / "m.pt").sha256 or kind == "double"


def test_pytorch__the_cell(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    cell, out, h = torch.nn.RNNCell(256, 5), torch.nn.Linear(5, 256), torch.zeros(1, 5)
    torch.save(torch.nn.ModuleDict({"cell": cell, "out": out}).state_dict(), tmp_path / "m.pt")
    rows = []
    with torch.no_grad():
        for byte in TEXT.data:
            h = cell(torch.nn.functional.one_hot(torch.tensor([int(byte)]), 256).float(), h)
            rows.append(out(h)[0].numpy())
    assert np.abs(logits(load(tmp_path / "m.pt"), TEXT) - np.array(rows)).max() < 1e-5


def test_pytorch__a_network_goes_home_under_its_own_names(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    module = modules()["wrapped"]
    torch.save(module.state_dict(), tmp_path / "theirs.pt")
    before = their_logits(module)
    convert(tmp_path / "theirs.pt", tmp_path / "same.pt")
    convert(tmp_path / "theirs.pt", tmp_path / "ours.npz")
    convert(tmp_path / "ours.npz", tmp_path / "home.pt", names=describe(tmp_path / "theirs.pt").roles)
    for path in ("same.pt", "home.pt"):
        module.load_state_dict(torch.load(tmp_path / path, weights_only=True))
        assert np.abs(their_logits(module) - before).max() < 1e-6
    torch.save(modules()["embedding"].state_dict(), tmp_path / "emb.pt")
    with pytest.raises(InputError, match="cannot be written under its own names"):
        convert(tmp_path / "ours.npz", tmp_path / "new.pt", names=describe(tmp_path / "emb.pt").roles)


def test_pytorch__views_that_would_take_memory(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    H = 20_000
    state = {name: torch.zeros(1).expand(*array.shape) for name, array in {**linear(2)}.items()}
    state |= {
        "rnn.weight_ih_l0": torch.zeros(1).expand(H, 256),
        "rnn.weight_hh_l0": torch.zeros(1).expand(H, H),
        "out.weight": torch.zeros(1).expand(256, H),
    }
    torch.save(state, tmp_path / "m.pt")
    assert peak_of(lambda: refused(tmp_path / "m.pt", "claims H = 20000, whose weights would take 3.3 GB")) < 1 << 26


# Keras


def keras_weights(path: Path, *, legacy: bool, embedding: bool = False) -> dict[str, Any]:
    """A file of weights as Keras lays it out, by h5py alone."""
    h5py = pytest.importorskip("h5py")
    width = 5 if embedding else 256
    arrays = {
        "kernel": drawn(width, 3),
        "recurrent": drawn(3, 3),
        "bias": drawn(3),
        "out": drawn(3, 256),
        "b": drawn(256),
    }
    names = {
        "kernel": "rnn/rnn/simple_rnn_cell/kernel:0" if legacy else "layers/simple_rnn/cell/vars/0",
        "recurrent": "rnn/rnn/simple_rnn_cell/recurrent_kernel:0" if legacy else "layers/simple_rnn/cell/vars/1",
        "bias": "rnn/rnn/simple_rnn_cell/bias:0" if legacy else "layers/simple_rnn/cell/vars/2",
        "out": "dense/dense/kernel:0" if legacy else "layers/dense/vars/0",
        "b": "dense/dense/bias:0" if legacy else "layers/dense/vars/1",
    }
    if embedding:
        arrays["table"], names["table"] = drawn(256, 5), "layers/embedding/vars/0"
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[names[name]] = array
    return arrays


@pytest.mark.parametrize(("legacy", "embedding"), [(True, False), (False, False), (False, True)])
def test_keras__weights(tmp_path: Path, legacy: bool, embedding: bool) -> None:
    given = keras_weights(tmp_path / "m.weights.h5", legacy=legacy, embedding=embedding)
    file = describe(tmp_path / "m.weights.h5")
    assert (file.format, file.activation) == ("keras", None)
    read = given["table"] @ given["kernel"] if embedding else given["kernel"]
    np.testing.assert_allclose(file.model.W_x, read.T, rtol=0, atol=1e-6)
    for array, name in ((file.model.W_h, "recurrent"), (file.model.W_y, "out")):
        np.testing.assert_array_equal(array, given[name].T)
    np.testing.assert_array_equal(file.model.b_h, given["bias"])
    np.testing.assert_array_equal(file.model.b_y, given["b"])


def keras_archive(path: Path, activation: str) -> Path:
    keras_weights(path.with_suffix(".h5"), legacy=False)
    layer = {"class_name": "SimpleRNN", "config": {"name": "simple_rnn", "activation": activation}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}}))
        archive.write(path.with_suffix(".h5"), "model.weights.h5")
    return path


def test_keras__a_whole_model_says_its_activation(tmp_path: Path) -> None:
    assert describe(keras_archive(tmp_path / "m.keras", "tanh")).activation == "tanh"
    refused(keras_archive(tmp_path / "r.keras", "relu"), "a SimpleRNN with the activation relu: an Elman has tanh")


def test_keras__rejects(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["layers/lstm/cell/vars/0"], file["layers/lstm/cell/vars/1"] = drawn(256, 12), drawn(3, 12)
    refused(path, "must hold one SimpleRNN layer, got 0")
    keras_weights(path, legacy=False)
    with h5py.File(path, "a") as file:
        file["layers/other/vars/0"] = drawn(7)
    refused(path, "must hold an Embedding .* a SimpleRNN and a Dense of 256")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ModelError, match="cannot be read as Keras weights"):
        load(path)


@pytest.mark.filterwarnings("ignore")  # Keras's own
def test_keras__its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    layers = keras.layers
    for name in ("m.keras", "m.h5", "m.weights.h5"):
        stack = [layers.Embedding(256, 5), layers.SimpleRNN(4, return_sequences=True), layers.Dense(256)]
        model = keras.Sequential([layers.Input((None,), dtype="int32"), *stack])
        (model.save_weights if "weights" in name else model.save)(tmp_path / name)
        theirs = np.asarray(keras.ops.convert_to_numpy(model(TEXT.data[None].astype(np.int32))))[0]
        file = describe(tmp_path / name)
        assert np.abs(logits(file.model, TEXT) - theirs).max() < 1e-5
        assert file.activation == (None if "weights" in name else "tanh")
