"""Trace: one run of a network over a corpus, block by block."""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umrnn._validate import contiguous
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.forward import bits_per_target, run_states
from umrnn.rnn.kernels.records import Floats, allocate
from umrnn.rnn.layout import parameters
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["LARGEST_ARRAY", "Block", "Trace", "room_for_states", "trace"]

LARGEST_ARRAY = 1 << 30  # bytes of a whole array on request: 2 million states of 128 neurons in float32
_LARGEST_BLOCK = 4096  # positions
_WORK = 500_000_000  # multiply-adds in a block: a tenth of a second where W_h exceeds the caches
_READ_OUT = 64  # positions whose logits stay in the second cache


@final
@dataclass(frozen=True, eq=False, repr=False)
class Block:
    """Consecutive positions of a trace; arrays are read-only.

    Parameters
    ----------
    start : index in the corpus of the byte that row 0 has just read
    z : shape (m, H), pre-activations, dtype of the model
    h : shape (m, H), states after reading, dtype of the model
    bits : shape (m,), float64, -log2 p(next byte); one shorter in the last block, whose last state predicts nothing
    """

    start: int
    z: Floats
    h: Floats
    bits: NDArray[np.float64]

    @property
    def positions(self) -> NDArray[np.int64]:
        """Index in the corpus of the byte each row has just read, shape (m,)."""
        return np.arange(self.start, self.start + len(self.h))

    def __repr__(self) -> str:
        return f"Block(positions {self.start}:{self.start + len(self.h)})"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """States and surprises of ``model`` reading ``corpus``; iterate for blocks, or ask for a whole array.

    Each iteration runs the network anew from ``before``, the state h_{-1}, so nothing but one block is held.
    """

    model: Elman
    corpus: Corpus
    before: Floats

    def __len__(self) -> int:
        return len(self.corpus)

    def __repr__(self) -> str:
        return f"Trace({self.model!r}, {self.corpus!r})"

    def __iter__(self) -> Iterator[Block]:
        hidden, dtype, data = self.model.hidden, self.model.dtype, self.corpus.data
        size = min(_LARGEST_BLOCK, max(1, _WORK // (hidden * (hidden + ALPHABET))), len(data))
        weights, state = parameters(self.model), self.before
        work = allocate(ALPHABET, hidden, min(_READ_OUT, size), dtype)
        work.W_h_transposed[:] = weights.W_h.T
        for start in range(0, len(data), size):
            stop = min(start + size, len(data))
            z, h = np.empty((stop - start, hidden), dtype), np.empty((stop - start + 1, hidden), dtype)
            targets = data[start + 1 : stop + 1]
            bits = np.empty(len(targets))
            h[0] = state
            with one_thread():
                run_states(data[start:stop], weights, work.W_h_transposed, z, h)
                bits_per_target(h[1 : len(targets) + 1], targets, weights, work, bits)
            state = h[-1]
            yield Block(start, contiguous(z), contiguous(h[1:]), contiguous(bits))

    def states(self) -> Floats:
        """All states h, shape (n, H): row t is the state after reading byte t."""
        return self._whole("h", len(self), self.model.hidden)

    def preactivations(self) -> Floats:
        """All pre-activations z, shape (n, H)."""
        return self._whole("z", len(self), self.model.hidden)

    def bits(self) -> NDArray[np.float64]:
        """-log2 p(x_{t+1}) for t = 0..n-2, shape (n - 1,), float64."""
        return self._whole("bits", len(self) - 1)

    def _whole(self, field: str, *shape: int) -> NDArray[Any]:
        dtype = np.dtype(np.float64) if field == "bits" else self.model.dtype
        size = math.prod(shape) * dtype.itemsize
        if size > LARGEST_ARRAY:
            raise InputError(
                f"a whole array must not exceed {LARGEST_ARRAY} bytes, {field} of {len(self)} bytes takes {size}",
                hint="iterate over the trace, or take a slice of the corpus",
            )
        out = np.empty(shape, dtype)
        for block in self:
            part = getattr(block, field)
            out[block.start : block.start + len(part)] = part
        return contiguous(out)


@reads_text
def trace(model: Elman, corpus: Corpus, *, before: ArrayLike | None = None) -> Trace:
    """Run ``model`` over ``corpus``.

        z_t = W_x[:, x_t] + W_h h_{t-1} + b_h        h_t = tanh(z_t)
        bits_t = -log2 softmax(W_y h_t + b_y)[x_{t+1}]

    Parameters
    ----------
    model : the network; states keep its dtype, bits are float64.
    corpus : at least one byte.
    before : shape (H,), the state h_{-1}; zero if left out.

    Raises
    ------
    InputError
        If ``before`` has another shape or is not finite.

    Examples
    --------
    >>> run = trace(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"))
    >>> run.bits().tolist(), run.states().shape
    ([8.0, 8.0], (3, 2))
    """
    state = np.zeros(model.hidden, model.dtype) if before is None else np.array(before, model.dtype)
    if state.shape != (model.hidden,) or not np.isfinite(state).all():
        raise InputError(f"before must be {model.hidden} finite numbers, got an array of shape {state.shape}")
    return Trace(model, corpus, contiguous(state))


def room_for_states(rows: int, model: Elman) -> tuple[Floats, bool]:
    """An array of ``rows`` states of ``model`` to be filled, and whether it lies in a file: what exceeds a gibibyte.

    The file is temporary and has no name any more, so it goes with the array.
    """
    shape, kind = (rows, model.hidden), model.dtype
    if math.prod(shape) * kind.itemsize <= LARGEST_ARRAY:
        return np.empty(shape, kind), False
    with tempfile.TemporaryFile() as file:  # the mapping outlives the name
        # A plain ndarray over the mapping: subclasses cost a second compilation of every kernel.
        return np.asarray(np.memmap(file, kind, "w+", shape=shape)).view(np.ndarray), True
