"""Keras: SimpleRNN and Dense, from ``model.save`` (.keras, .h5) or ``save_weights``. Needs the extra ``keras``.

Keras stores kernel (V, H), recurrent_kernel (H, H) and bias (H,), the transposes of an Elman's. A model saved whole
says its activation; weights alone do not. h5py reads the files; Keras itself is not needed.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from umrnn.errors import MissingExtra, ModelError
from umrnn.rnn.formats.arrays import Contents, Stored, reading, text_of
from umrnn.rnn.formats.roles import Roles
from umrnn.rnn.weights import ALPHABET

__all__ = ["CONFIG", "KIND", "WEIGHTS", "keras_roles", "library", "read"]

CONFIG, WEIGHTS = "config.json", "model.weights.h5"  # members of a .keras file
KIND = "Keras weights"
_LONGEST_CONFIG = 1 << 24  # bytes


def read(path: Path) -> Contents:
    """All data sets in the file by their path, and the activation of the recurrent layer where the file says it."""
    h5py = library()
    with reading(path, KIND), _opened(path) as (stream, config), h5py.File(stream, "r") as file:
        named = dict(_datasets(h5py, file))
        arrays = {n: Stored(tuple(d.shape), str(d.dtype), partial(_read, path, n)) for n, d in named.items()}
        text = file.attrs.get("model_config") if config is None else config
    return Contents(path, KIND, arrays, {}, _activation(path, text))


def keras_roles(contents: Contents, size: int = ALPHABET) -> Roles:
    """Which data set is which in a network of ``size`` symbols; refuses what an Elman has no place for."""
    arrays = {name: array for name, array in contents.arrays.items() if "optimizer" not in name.split("/")[0]}
    square = [name for name, array in arrays.items() if _is_recurrent(arrays, name, array)]
    if len(square) != 1:
        raise ModelError(
            f"{contents.path} must hold one SimpleRNN layer, got {len(square)} among {text_of(dict(arrays))}",
            hint="say which array is which with --names map.json",
        )
    (W_h,) = square
    hidden, cell = arrays[W_h].shape[0], W_h.rpartition("/")[0]
    own = {name: array for name, array in arrays.items() if name.rpartition("/")[0] == cell}
    kernels = [n for n, a in own.items() if len(a.shape) == 2 and n != W_h]
    biases = tuple(name for name, array in own.items() if array.shape == (hidden,))
    if len(kernels) != 1 or arrays[kernels[0]].shape[1] != hidden:
        raise ModelError(f"{contents.path} is not a SimpleRNN: an Elman has one tanh layer; found {text_of(dict(own))}")
    width = arrays[kernels[0]].shape[0]
    dense = [n for n, a in arrays.items() if n not in own and a.shape == (hidden, size)]
    embeddings = [n for n, a in arrays.items() if n not in own and a.shape == (size, width) and n not in dense]
    bias = [
        n
        for n, a in arrays.items()
        if dense and n.rpartition("/")[0] == dense[0].rpartition("/")[0] and a.shape == (size,)
    ]
    used = {*own, *dense, *bias, *embeddings}
    if len(dense) != 1 or len(embeddings) > 1 or used != set(arrays) or (width != size and not embeddings):
        raise ModelError(
            f"{contents.path} must hold an Embedding ({size}, E) or none, a SimpleRNN and a Dense of {size}; "
            f"found {text_of(dict(arrays))}",
            hint="say which array is which with --names map.json",
        )
    return Roles((f"{kernels[0]}.T",), (f"{W_h}.T",), biases, (f"{dense[0]}.T",), tuple(bias), tuple(embeddings))


def library() -> Any:
    """h5py, or the error that says how to install it."""
    try:
        return import_module("h5py")
    except ImportError:
        raise MissingExtra("h5py", "keras") from None


class _opened:
    """The weights as a stream, and the configuration, out of a .keras archive; a plain HDF5 file has both in one."""

    def __init__(self, path: Path) -> None:
        self._path, self._stream = path, path.open("rb")

    def __enter__(self) -> tuple[IO[bytes], str | None]:
        if not zipfile.is_zipfile(self._stream):
            self._stream.seek(0)
            return self._stream, None
        with zipfile.ZipFile(self._stream) as archive:
            sizes = {name: archive.getinfo(name).file_size for name in (CONFIG, WEIGHTS)}
            if sizes[CONFIG] > _LONGEST_CONFIG or sizes[WEIGHTS] > 4 * self._path.stat().st_size:
                raise ModelError(
                    f"{self._path} claims to hold {sum(sizes.values())} bytes: save it without compression"
                )
            return io.BytesIO(archive.read(WEIGHTS)), archive.read(CONFIG).decode()

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def _datasets(h5py: Any, group: Any) -> Iterator[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    group.visititems(lambda name, item: found.append((name, item)) if isinstance(item, h5py.Dataset) else None)
    yield from ((name, item) for name, item in found if item.shape != ())


def _read(path: Path, name: str) -> NDArray[Any]:
    with _opened(path) as (stream, _), library().File(stream, "r") as file:
        array: NDArray[Any] = file[name][()]
        return array


def _is_recurrent(arrays: Mapping[str, Stored], name: str, array: Stored) -> bool:
    """The second array of a cell (Keras 3) or the one called recurrent_kernel (before)."""
    folder, _, last = name.rpartition("/")
    if len(array.shape) != 2 or ("recurrent_kernel" not in last and not (last == "1" and "cell" in folder)):
        return False
    return array.shape[0] == array.shape[1]


def _activation(path: Path, text: Any) -> str | None:
    """What the configuration says of the recurrent layer; anything but tanh is refused."""
    if text is None:
        return None
    with reading(path, KIND, "its configuration is not JSON"):
        config = json.loads(text)
    found = {layer.get("activation") for kind, layer in _layers(config) if kind == "SimpleRNN"}
    if found - {"tanh"}:
        others = ", ".join(sorted(map(str, found - {"tanh"})))
        raise ModelError(f"{path} holds a SimpleRNN with the activation {others}: an Elman has tanh")
    return "tanh" if found else None


def _layers(config: Any, depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Class names and settings of all layers, wherever they stand in the configuration."""
    if depth > 12:
        return
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str) and isinstance(config.get("config"), dict):
            yield config["class_name"], config["config"]
        config = list(config.values())
    if isinstance(config, list):
        for item in config:
            yield from _layers(item, depth + 1)
