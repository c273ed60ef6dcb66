"""Models and files of models that the tests of file formats share."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from umrnn.errors import ModelError
from umrnn.rnn.formats import load, save
from umrnn.rnn.weights import Elman

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


def absent(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """As if ``library`` were not installed."""
    for module in [key for key in sys.modules if key.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, library, None)
