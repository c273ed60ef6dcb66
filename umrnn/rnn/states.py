"""States: the rows a reading explains, from a run of a network or from a user's own file."""

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umrnn._validate import contiguous
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Work
from umrnn.rnn.kernels import moments as kernels
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.trace import room_for_states, trace
from umrnn.rnn.weights import Elman

__all__ = ["Explained", "States", "opened_states"]

_ROWS = 1 << 16  # rows looked at together
_PLAIN = 40  # binary exponents within which squares of float32, and their sums, keep their precision


@dataclass(frozen=True, eq=False)
class States:
    """One state per byte of a corpus: row t is the state after byte t was read.

    Parameters
    ----------
    rows : shape (n, H), float32 or float64, C-contiguous and finite; may be mapped from a file
    mapped : whether ``rows`` lie in a file, so that they are best read in their order
    name : the file they are from, if any
    """

    rows: Floats
    mapped: bool = False
    name: str | None = None

    @property
    def neurons(self) -> int:
        """H, the width of a state."""
        return int(self.rows.shape[1])

    @classmethod
    def of(cls, model: Elman, corpus: Corpus, *, work: Work = Work()) -> "States":
        """States of ``model`` reading ``corpus``; what exceeds a gibibyte goes to a temporary file."""
        rows, mapped = room_for_states(len(corpus), model)
        work.progress.start("run the network", len(corpus), "B")
        for block in trace(model, corpus):
            rows[block.start : block.start + len(block.h)] = block.h
            work.progress.advance(len(block.h))
        work.progress.finish()
        return cls(contiguous(rows), mapped)

    @classmethod
    def given(cls, array: ArrayLike, corpus: Corpus) -> "States":
        """States of any recurrent network, one row per byte of ``corpus``.

        Raises
        ------
        InputError
            If the array is not two-dimensional, has another number of rows, or holds anything but finite numbers.

        Examples
        --------
        >>> States.given(np.zeros((3, 2)), Corpus.from_bytes(b"abc")).neurons
        2
        """
        rows = np.asarray(array)
        if rows.ndim != 2 or rows.dtype.kind not in "fiu" or rows.shape[1] < 1:
            raise InputError(f"states must be numbers of shape (n, H) with H >= 1, got {rows.dtype} of {rows.shape}")
        if len(rows) != len(corpus):
            raise InputError(
                f"states must have one row per byte, got {len(rows)} rows for {len(corpus)} bytes",
                hint="row t is the state after byte t was read; --corpus and --range name the bytes",
            )
        kind = np.float32 if rows.dtype.kind == "f" and rows.dtype.itemsize <= 4 else np.float64
        for start in range(0, len(rows), _ROWS):
            bad = ~np.isfinite(rows[start : start + _ROWS])
            if bad.any():
                t, j = np.argwhere(bad)[0]
                raise InputError(f"states must be finite, got {rows[start + t, j]} at row {start + t}, neuron {j}")
        exponents = np.frexp(_largest(rows))[1]
        if (np.abs(exponents) > _PLAIN).any():  # squares would overflow, or vanish; R² does not depend on the scale
            return cls(contiguous(np.ldexp(rows.astype(np.float64), -exponents)))
        return cls(contiguous(rows, kind), isinstance(array, np.memmap))

    @classmethod
    def open(cls, path: str | os.PathLike[str], corpus: Corpus) -> "States":
        """Map the ``.npy`` file at ``path``; errors as in :meth:`given`, and where it is no such file."""
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            raise InputError(f"{path} does not exist", hint="check the path given as --states") from None
        except (OSError, ValueError, EOFError):
            array = None
        if not isinstance(array, np.ndarray):
            hint = "save states with numpy.save, as one array of shape (n, H)"
            raise InputError(f"{path} cannot be read as a .npy array of numbers", hint=hint)
        return replace(cls.given(array, corpus), name=str(path))

    def facts(self) -> dict[str, Any]:
        """What a result says about the states it measured."""
        return {
            "name": self.name or "states",
            "format": "states",
            "neurons": self.neurons,
            "dtype": str(self.rows.dtype),
        }

    def moments(self, first: int, stop: int) -> tuple[Floats, NDArray[np.float64], NDArray[np.float64]]:
        """Mean of each neuron over the rows ``[first, stop)`` and the sum of squares about it, all (H,).

        The mean comes rounded to the dtype of the rows, with what the rounding left; a neuron that never changes has a
        sum of squares of exactly 0.
        """
        count, rows = stop - first, self.rows[first:stop]
        total, rest, squares = np.zeros((3, self.neurons))
        kernels.add_states(rows, total)
        centre = (total / count).astype(rows.dtype)
        moved = np.zeros(self.neurons, np.uint8)
        kernels.add_squares(rows, centre, rest, squares, moved)
        rest /= count
        return centre, rest, np.where(moved > 0, np.maximum(squares - count * rest**2, 0.0), 0.0)


@dataclass(frozen=True)
class Explained:
    """What a reading of states looks at: a network still to be run, or states; and what its result says of it."""

    source: "Elman | States"
    facts: dict[str, Any]

    @property
    def neurons(self) -> int:
        """H, the width of a state."""
        return self.source.neurons if isinstance(self.source, States) else self.source.hidden

    @property
    def model(self) -> Elman | None:
        """The network, if there is one."""
        return self.source if isinstance(self.source, Elman) else None

    def run(self, corpus: Corpus, work: Work = Work()) -> States:
        """The states, those of a network after running it."""
        return self.source if isinstance(self.source, States) else States.of(self.source, corpus, work=work)


def opened_states(source: "Elman | ModelFile | States", corpus: Corpus) -> Explained:
    """The network or the states that a reading of states is given.

    Raises
    ------
    InputError
        If there is not one state per byte of ``corpus``.
    """
    if not isinstance(source, States):
        return Explained(*opened(source)[:2])
    if len(source.rows) != len(corpus):
        raise InputError(f"states must have one row per byte, got {len(source.rows)} rows for {len(corpus)} bytes")
    return Explained(source, source.facts())


def _largest(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Largest |value| of each neuron, (H,); 1 for neurons that are always 0."""
    blocks = (np.abs(rows[start : start + _ROWS]).max(axis=0) for start in range(0, len(rows), _ROWS))
    largest = np.maximum.reduce([block.astype(np.float64) for block in blocks])
    return np.where(largest > 0, largest, 1.0)
