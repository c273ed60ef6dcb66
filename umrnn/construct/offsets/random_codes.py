"""Random sign codes of the bytes at several offsets, read out by plain gradient steps: one design, one text."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from umrnn._validate import contiguous
from umrnn.construct.offsets.design import OffsetDesign
from umrnn.construct.offsets.fit import OffsetFit
from umrnn.construct.offsets.latest import check_size, first_position, seen
from umrnn.construct.readout.gradient import descend, rates_falling
from umrnn.construct.readout.perceptron import descend_layers, draw_layers
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.study import Lesson
from umrnn.corpus import Corpus
from umrnn.rnn.kernels.records import Bytes, Floats
from umrnn.rnn.readout import Readout, byte_features
from umrnn.rnn.score import bits_after
from umrnn.rnn.weights import ALPHABET

__all__ = ["RandomCodes", "features_of", "sign_codes"]

_RATE, _HALVED = 0.5, (300, 600, 800)
_LAYER_RATE, _LAYER_HALVED = 0.1, (500, 1000, 1500)


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


@dataclass(frozen=True)
class RandomCodes:
    """Fits a design to a lesson, with the random codes of the lesson's draw.

    The positions fitted are t >= max(offsets), the ``latest`` of them: as published, the first that has a full context
    is left out.

    Parameters
    ----------
    places : which offsets are read of each text
    latest : positions that steps see
    seed : of codes and layers
    """

    design: OffsetDesign
    places: Mapping[Corpus, tuple[int, ...]]
    latest: int
    seed: int

    def __call__(self, lesson: Lesson) -> OffsetFit:
        """The read-out after its steps."""
        began, text = time.perf_counter(), lesson.corpus
        generator = np.random.default_rng((self.seed, lesson.draw))
        offsets = self.places[text]
        codes = sign_codes(len(offsets), self.design.features // len(offsets), generator)
        first = first_position(text, max(offsets), self.latest)
        rows, targets = features_of(text, offsets, codes, first), lesson.targets_from(first)
        fit = self._layers if self.design.neurons else self._linear
        arrays, bits = fit(rows, targets, generator, lesson)
        model = Readout(offsets, codes, *arrays)
        detail = self.design.shown(offsets) + seen(text, self.latest)
        return OffsetFit(model, offsets, bits, time.perf_counter() - began, partial(bits_after, model), detail)

    def _linear(
        self, rows: Floats, targets: Bytes, _: np.random.Generator, lesson: Lesson
    ) -> tuple[list[Floats], float]:
        """W_y and b_y, from 0 on."""
        zero = Linear(np.zeros((ALPHABET, rows.shape[1])), np.zeros(ALPHABET))
        rates = list(rates_falling(_RATE, self.design.steps, _HALVED, 0.5))
        end = descend(Regression(rows, targets, zero, threads=1), zero, rates, progress=lesson.work.progress)
        return [array.astype(np.float32) for array in (end.weights.W, end.weights.b)], end.bits[-1]

    def _layers(
        self, rows: Floats, targets: Bytes, generator: np.random.Generator, lesson: Lesson
    ) -> tuple[list[Floats], float]:
        """W_y, b_y, W_1 and b_1, from random ones on."""
        start = draw_layers(rows.shape[1], self.design.neurons, generator)
        rates = list(rates_falling(_LAYER_RATE, self.design.steps, _LAYER_HALVED, 0.5))
        end, bits = descend_layers(rows, targets, start, rates, progress=lesson.work.progress)
        return [array.astype(np.float32) for array in (end.W_y, end.b_y, end.W_1, end.b_1)], bits
