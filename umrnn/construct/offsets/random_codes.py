"""Random sign codes of the bytes at several offsets, read out by plain gradient steps: one design, one text."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from umrnn._validate import contiguous, integer, offset_tuple
from umrnn.construct.readout.gradient import descend, rates_falling
from umrnn.construct.readout.perceptron import descend_layers, draw_layers
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.study.trials import Fit, Shuffle
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import SILENT, Progress
from umrnn.rnn.evaluate import bits_after
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.readout import FARTHEST, Readout, byte_features
from umrnn.rnn.weights import ALPHABET
from umrnn.um.search import greedy_steps

__all__ = ["OffsetDesign", "check_size", "features_of", "first_position", "fit_design", "seen", "sign_codes"]

_STEPS, _RATE, _HALVED = 1000, 0.5, (300, 600, 800)
_LAYER_STEPS, _LAYER_RATE, _LAYER_HALVED = 2000, 0.1, (500, 1000, 1500)
_MAX_OFFSET = 30  # that the greedy search looks at
_MOST = 1 << 14  # features, and neurons
_LARGEST = 1 << 30  # bytes of features held at once


@dataclass(frozen=True)
class OffsetDesign:
    """Which offsets are read, by how many random signs in all, and by how many rectified neurons.

    ``offsets`` are given, or, where there are none, ``greedy`` of them chosen by counting on the text that is fitted.
    """

    offsets: tuple[int, ...] = ()
    greedy: int = 0
    neurons: int = 0
    features: int = 128

    def __post_init__(self) -> None:
        if self.offsets:
            if max(self.offsets) > FARTHEST:
                raise InputError(f"every offset must be at most {FARTHEST}, got {max(self.offsets)}")
            offset_tuple(self.offsets, FARTHEST + 1)
        wanted = len(self.offsets) or integer("greedy", self.greedy, 1)
        integer("neurons", self.neurons, 0, _MOST)
        if integer("features", self.features, 1, _MOST) < wanted:
            raise InputError(f"features must be at least one for each of {wanted} offsets, got {self.features}")

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
                f"every offset must leave a byte to predict: {max(offsets)} needs {max(offsets) + 2} bytes to fit, "
                f"got {len(text)}",
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
        hidden = f", {self.neurons} rectified" if self.neurons else ""
        return f"{'offsets' if self.offsets else 'greedy'} {text}{hidden}"


def sign_codes(count: int, width: int, generator: np.random.Generator) -> Floats:
    """Signs, each with probability ½: (count, V, width), float32.

    Examples
    --------
    >>> sign_codes(2, 3, np.random.default_rng(0)).shape
    (2, 256, 3)
    """
    return contiguous(generator.choice((-1.0, 1.0), (count, ALPHABET, width)), np.float32)


def features_of(text: Corpus, offsets: tuple[int, ...], codes: Floats, first: int) -> Floats:
    """Features of all positions from ``first`` on that have a byte after them, (T, F)."""
    last = len(text) - 1
    check_size((last - first) * len(offsets) * codes.shape[2] * codes.itemsize)
    return byte_features(text, offsets, codes, first, last)


def check_size(size: int) -> None:
    """Refuse features of more than 1 GiB."""
    if size > _LARGEST:
        raise InputError(
            f"the features of all positions must not exceed {_LARGEST} bytes, got {size}",
            hint="every step reads all positions: name fewer bytes with --range START:STOP",
        )


def fit_design(
    design: OffsetDesign,
    places: Mapping[Corpus, tuple[int, ...]],
    latest: int,
    seed: int,
    text: Corpus,
    draw: int,
    shuffle: Shuffle | None = None,
    progress: Progress = SILENT,
) -> Fit:
    """Fit ``design`` to ``text`` with the random codes of ``draw``, or to its targets in the order ``shuffle`` gives.

    The positions fitted are t >= max(offsets), the ``latest`` of them: as published, the first that has a full context
    is left out. ``places`` says for each text which offsets are read.
    """
    began, generator = time.perf_counter(), np.random.default_rng((seed, draw))
    offsets = places[text]
    codes = sign_codes(len(offsets), design.features // len(offsets), generator)
    first = first_position(text, max(offsets), latest)
    rows, targets = features_of(text, offsets, codes, first), contiguous(text.data[first + 1 :])
    targets = contiguous(shuffle(targets)) if shuffle else targets
    if design.neurons:
        layers = draw_layers(rows.shape[1], design.neurons, generator)
        rates = list(rates_falling(_LAYER_RATE, _LAYER_STEPS, _LAYER_HALVED, 0.5))
        layers, bits = descend_layers(rows, targets, layers, rates, progress=progress)
        single = [array.astype(np.float32) for array in (layers.W_y, layers.b_y, layers.W_1, layers.b_1)]
    else:
        zero = Linear(np.zeros((ALPHABET, rows.shape[1])), np.zeros(ALPHABET))
        rates = list(rates_falling(_RATE, _STEPS, _HALVED, 0.5))
        end = descend(Regression(rows, targets, zero, threads=1), zero, rates, progress=progress)
        bits, single = end.bits[-1], [end.weights.W.astype(np.float32), end.weights.b.astype(np.float32)]
    model = Readout(offsets, codes, *single)
    whole = first == max(offsets) or not design.offsets  # the search for offsets counts all of it
    read = len(text) - (0 if whole else first + 1 - max(offsets))
    return Fit(model, offsets, bits, time.perf_counter() - began, read, partial(bits_after, model))


def seen(text: Corpus, latest: int) -> str:
    """What a table adds where steps are made on a part of ``text``.

    Examples
    --------
    >>> seen(Corpus.siteinfo(), 100), seen(Corpus.siteinfo(), 4096)
    (', latest 100 bytes', '')
    """
    return f", latest {latest} bytes" if len(text) - 1 > latest else ""


def first_position(text: Corpus, least: int, latest: int) -> int:
    """The first of the ``latest`` positions t >= ``least`` that have a byte after them."""
    return max(least, len(text) - 1 - latest)
