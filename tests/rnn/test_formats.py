"""Model files: bit for bit out and in again, one clear line for everything that is not a model."""

import datetime
import io
import json
import pickle
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rnn.model_files import LIBRARIES, SUFFIXES, need, put, random_model, refused, same, valid_file
from umrnn.errors import InputError, MissingExtra, ModelError
from umrnn.rnn.formats import FORMATS, READABLE, describe, format_of, load, save
from umrnn.rnn.weights import Elman

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
properties = hypothesis.settings(deadline=None, database=None, derandomize=True, max_examples=60)

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
    refused(
        npz(path, **{**arrays, "b_y": arrays["b_y"].astype(np.int64)}), "W_x must|b_y must be .* float32, got .*int64"
    )
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
        with pytest.raises(ModelError, match=r"W_x holds numbers that float32 cannot: 256 beyond 3.403e[+]38 in size"):
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
