"""Random sign codes of the bytes at several offsets, read out by plain gradient steps: one design, one text."""

import time
from dataclasses import dataclass

import numpy as np

from umrnn._validate import contiguous
from umrnn.construct.descent import descend, rates_falling
from umrnn.construct.perceptron import descend_layers, draw_layers
from umrnn.construct.softmax import Regression, Weights
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import SILENT, Progress
from umrnn.rnn.kernels.records import Bytes, Floats
from umrnn.rnn.readout import FARTHEST, Readout, byte_features
from umrnn.rnn.weights import ALPHABET
from umrnn.um.search import greedy_steps

__all__ = ["Design", "Fit", "fit_design", "rows_and_targets", "sign_codes"]

_STEPS, _RATE, _HALVED = 1000, 0.5, (300, 600, 800)
_LAYER_STEPS, _LAYER_RATE, _LAYER_HALVED = 2000, 0.1, (500, 1000, 1500)
_MAX_OFFSET = 30  # that the greedy search looks at
_LARGEST = 1 << 30  # bytes of features held at once


@dataclass(frozen=True)
class Design:
    """Which offsets are read, by how many random signs in all, and by how many rectified neurons.

    ``offsets`` are given, or, where there are none, ``greedy`` of them chosen by counting on the text that is fitted.
    """

    offsets: tuple[int, ...] = ()
    greedy: int = 0
    neurons: int = 0
    features: int = 128

    def __post_init__(self) -> None:
        wanted = len(self.offsets) or self.greedy
        if self.features < wanted:
            raise InputError(f"features must be at least one for each of {wanted} offsets, got {self.features}")
        if self.offsets and max(self.offsets) > FARTHEST:
            raise InputError(f"every offset must be at most {FARTHEST}, got {max(self.offsets)}")

    def on(self, text: Corpus) -> tuple[int, ...]:
        """The offsets for ``text``, which must leave a byte to predict."""
        offsets = self.offsets
        if not offsets:
            farthest = min(_MAX_OFFSET, len(text) - 2)
            if farthest < 1:
                raise InputError(f"a search for offsets needs at least three bytes, got {len(text)}")
            found = greedy_steps(text, self.greedy, farthest, null=Null(0))
            offsets = tuple(step.offset for step in found) or (1,)  # where every byte is settled, any offset will do
        if max(offsets) + 2 > len(text):
            raise InputError(
                f"every offset must leave a byte to predict: {max(offsets)} needs {max(offsets) + 2} bytes, "
                f"got {len(text)} to fit",
                hint="name smaller offsets or a longer corpus",
            )
        return offsets

    @property
    def steps(self) -> int:
        """Gradient steps of a fit."""
        return _LAYER_STEPS if self.neurons else _STEPS

    def shown(self, offsets: tuple[int, ...]) -> str:
        """How a table names it: ``offsets 1-4``, ``greedy 1,8,20,3``."""
        run = len(offsets) > 2 and offsets == tuple(range(offsets[0], offsets[-1] + 1))
        text = f"{offsets[0]}-{offsets[-1]}" if run else ",".join(map(str, offsets))
        return f"{'offsets' if self.offsets else 'greedy'} {text}"


@dataclass(frozen=True, eq=False)
class Fit:
    """A design fitted to a text: the read-out, its mean loss on the positions fitted, and the time it took."""

    model: Readout
    bpc: float
    seconds: float


def sign_codes(count: int, width: int, generator: np.random.Generator) -> Floats:
    """Signs, each with probability ½: (count, V, width), float32.

    Examples
    --------
    >>> sign_codes(2, 3, np.random.default_rng(0)).shape
    (2, 256, 3)
    """
    return contiguous(generator.choice((-1.0, 1.0), (count, ALPHABET, width)), np.float32)


def rows_and_targets(text: Corpus, offsets: tuple[int, ...], codes: Floats) -> tuple[Floats, Bytes]:
    """Features of the positions t >= max(offsets) and the bytes that follow them.

    As published: the first position that has a full context is max(offsets) - 1, and it is left out.
    """
    first, last = max(offsets), len(text) - 1
    size = (last - first) * len(offsets) * codes.shape[2] * codes.itemsize
    if size > _LARGEST:
        raise InputError(
            f"the features of all positions must not exceed {_LARGEST} bytes, got {size}",
            hint="every step reads all positions: name fewer bytes with --range START:STOP",
        )
    return byte_features(text, offsets, codes, first, last), contiguous(text.data[first + 1 :])


def fit_design(
    design: Design,
    text: Corpus,
    offsets: tuple[int, ...],
    seed: tuple[int, ...],
    shuffle: tuple[Null, int] | None = None,
    progress: Progress = SILENT,
) -> Fit:
    """Fit ``design`` with ``offsets`` to ``text``; with ``shuffle``, to its targets in that random order."""
    began, generator = time.perf_counter(), np.random.default_rng(seed)
    codes = sign_codes(len(offsets), design.features // len(offsets), generator)
    rows, targets = rows_and_targets(text, offsets, codes)
    if shuffle:
        targets = contiguous(shuffle[0].shuffled(targets, shuffle[1]))
    if design.neurons:
        layers = draw_layers(rows.shape[1], design.neurons, generator)
        rates = list(rates_falling(_LAYER_RATE, _LAYER_STEPS, _LAYER_HALVED, 0.5))
        layers, bits = descend_layers(rows, targets, layers, rates, progress=progress)
        single = [array.astype(np.float32) for array in (layers.W_y, layers.b_y, layers.W_1, layers.b_1)]
    else:
        zero = Weights(np.zeros((ALPHABET, rows.shape[1])), np.zeros(ALPHABET))
        rates = list(rates_falling(_RATE, _STEPS, _HALVED, 0.5))
        end = descend(Regression(rows, targets, zero, threads=1), zero, rates, progress=progress)
        bits, single = end.bits[-1], [end.weights.W.astype(np.float32), end.weights.b.astype(np.float32)]
    return Fit(Readout(offsets, codes, *single), bits, time.perf_counter() - began)
