"""Which array of a file is which of a network: found by a format, or named by the user; and the network they make.

A **role** is filled by the name of an array, ``NAME.T`` for its transpose, or a list of names for their sum:

    {"W_x": "i/kernel.T", "W_h": "h/kernel.T", "b_h": ["i/bias", "h/bias"], "W_y": "out/kernel.T", "b_y": "out/bias"}

``embedding`` (256, E) is what stands before the recurrent layer: then W_x is given as (H, E), and becomes W_x Eᵀ. A
bias that is not named is 0.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import InputError, ModelError
from umrnn.rnn.formats.arrays import FLOATS, NAMES, Contents, check_claim, text_of, widened
from umrnn.rnn.weights import ALPHABET

__all__ = ["Roles"]

Names = tuple[str, ...]
_TRANSPOSED = ".T"


@dataclass(frozen=True)
class Roles:
    """Names of the arrays that fill each role; several are summed, none is zeros (of W_y and b_y: no read-out).

    Examples
    --------
    >>> Roles.named({"W_x": "i.T", "W_h": "h.T", "b_h": ["a", "b"], "W_y": "o", "b_y": None}).b_h
    ('a', 'b')
    """

    W_x: Names
    W_h: Names
    b_h: Names = ()
    W_y: Names = ()
    b_y: Names = ()
    embedding: Names = ()

    @classmethod
    def named(cls, given: Any) -> "Roles":
        """From a mapping as it stands in a JSON file.

        Raises
        ------
        InputError
            If it is not a mapping of roles to names.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(given, Mapping) or not given.keys() <= set(known):
            raise InputError(f"a map of names must be an object with keys among {', '.join(known)}")
        found: dict[str, Names] = {}
        for role, names in given.items():
            listed = [names] if isinstance(names, str) else [] if names is None else names
            if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
                raise InputError(f"a map of names must give {role} a name, a list of names or null, got {names!r}")
            found[role] = tuple(listed)
        missing = [role for role in ("W_x", "W_h", "W_y") if not found.get(role)]
        if missing:
            raise InputError(f"a map of names must name {missing[0]}")
        return cls(**found)

    @classmethod
    def in_file(cls, path: str | os.PathLike[str]) -> "Roles":
        """From a JSON file."""
        try:
            return cls.named(json.loads(Path(path).read_bytes()))
        except (OSError, ValueError, RecursionError) as problem:
            if isinstance(problem, InputError):
                raise InputError(f"{path}: {problem.message}") from None
            raise InputError(f"{path} cannot be read as JSON: {' '.join(str(problem).split())}") from None

    def all_names(self) -> list[str]:
        """Every array that fills a role, once, without marks of transposition."""
        named = (getattr(self, field.name) for field in fields(self))
        return list(dict.fromkeys(name.removesuffix(_TRANSPOSED) for names in named for name in names))

    def arrays(self, contents: Contents, size: int = ALPHABET) -> dict[str, NDArray[Any]]:
        """The five arrays of the network, in float32, or float64 where the file holds any; checked before unpacking.

        ``size`` is V, the symbols that the network reads and predicts.

        Raises
        ------
        ModelError
            If an array is missing, of another shape, or no floating-point number.
        """
        self._check_there(contents)
        hidden = self._hidden(contents)
        check_claim(contents, self.all_names(), hidden)
        self._check_shapes(contents, hidden, size)
        kept: dict[str, NDArray[Any]] = {}
        for name in self.all_names():
            kept[name] = contents.read(name)
        dtype = widened(kept.values())[0].dtype
        shapes = {"b_h": (hidden,), "W_y": (size, hidden), "b_y": (size,)}
        found = {role: _summed(getattr(self, role), kept, shapes.get(role)) for role in NAMES}
        if self.embedding:
            with np.errstate(all="ignore"):  # what overflows is refused by name
                E = _summed(self.embedding, kept, None).astype(np.float64)
                found["W_x"] = found["W_x"].astype(np.float64) @ E.T
        with np.errstate(all="ignore"):
            return {role: array.astype(dtype, copy=False) for role, array in found.items()}

    def _check_there(self, contents: Contents) -> None:
        for name in self.all_names():
            if name not in contents.arrays:
                raise ModelError(f"{contents.path} lacks the array {name}; found {text_of(dict(contents.arrays))}")
            if contents.arrays[name].dtype not in (*FLOATS, "object"):
                got = contents.arrays[name].dtype
                raise ModelError(f"{contents.path}: weights must be floating point, got {got} in {name}")

    def _hidden(self, contents: Contents) -> int:
        shape = _shape(contents, self.W_h[0])
        if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 1:
            raise ModelError(f"{contents.path}: {self.W_h[0]} must be (H, H), got {shape}")
        return shape[0]

    def _check_shapes(self, contents: Contents, hidden: int, size: int) -> None:
        width = size
        if self.embedding:
            shape = _shape(contents, self.embedding[0])
            width = shape[1] if len(shape) == 2 else -1
        expected = {
            **{"W_x": (hidden, width), "W_h": (hidden, hidden), "b_h": (hidden,), "W_y": (size, hidden)},
            **{"b_y": (size,), "embedding": (size, width)},
        }
        for role, shape in expected.items():
            for name in getattr(self, role):
                if (got := _shape(contents, name)) != shape:
                    raise ModelError(f"{contents.path}: {name} must be {shape} as {role}, got {got}")


def _shape(contents: Contents, name: str) -> tuple[int, ...]:
    shape = contents.arrays[name.removesuffix(_TRANSPOSED)].shape
    return shape[::-1] if name.endswith(_TRANSPOSED) else shape


def _summed(names: Names, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, ...] | None) -> NDArray[Any]:
    if not names:
        return np.zeros(shape or (), np.float32)
    found = [arrays[n.removesuffix(_TRANSPOSED)].T if n.endswith(_TRANSPOSED) else arrays[n] for n in names]
    if len(found) == 1:
        return found[0]
    with np.errstate(all="ignore"):
        return np.asarray(np.sum([array.astype(np.float64) for array in found], axis=0))
