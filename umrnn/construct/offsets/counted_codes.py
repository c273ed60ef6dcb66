"""Features of past bytes written from counts, or drawn as hashes to compare with; their read-out by gradient steps."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous
from umrnn.construct.offsets.fit import OffsetFit
from umrnn.construct.offsets.latest import check_size
from umrnn.construct.offsets.random_codes import features_of, sign_codes
from umrnn.construct.readout.features import log_shares
from umrnn.construct.readout.gradient import descend
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.study import Lesson
from umrnn.corpus import Corpus
from umrnn.rnn.kernels.records import Bytes, Floats
from umrnn.rnn.readout import Readout
from umrnn.rnn.score import bits_after
from umrnn.rnn.weights import ALPHABET
from umrnn.um.pairs import pair_table

__all__ = [
    "STEPS",
    "PairHash",
    "Places",
    "Written",
    "WrittenCodes",
    "difference_codes",
    "log_ratio_codes",
    "random_codes",
]

STEPS = 499  # the published figure is the loss printed before the 500th step
_RATE = 0.5
_BYTES = 16  # commonest bytes, each a neuron at every offset
_EPSILON, _CLIP, _SCALE = 0.001, 3.0, 10.0
_BLOCK = 1 << 14  # positions scored together

Written = Callable[[Corpus, Bytes, tuple[int, ...], np.random.Generator], Floats]
"""Codes (D, V, K) for the bytes at D offsets of a corpus, whose byte t is followed by ``targets[t]``."""
Places = Mapping[Corpus, tuple[tuple[int, ...], int]]
"""Of each text, which offsets are read, and the first position that is fitted."""
Signs = NDArray[np.int8]


def _frequencies(text: Corpus, targets: Bytes, offsets: tuple[int, ...]) -> tuple[Floats, Floats]:
    """P(y | byte at the offset), (D, V, 16), and P(y) of the 16 commonest bytes y; .001 is added to every count."""
    counts = np.bincount(text.data, minlength=ALPHABET)
    common = np.argsort(-counts, kind="stable")[:_BYTES]
    given = np.empty((len(offsets), ALPHABET, _BYTES))
    for i, offset in enumerate(offsets):
        table = pair_table(text.data[: len(text) - offset], targets[offset - 1 :])
        given[i] = (table[:, common] + _EPSILON) / (table.sum(1, keepdims=True) + ALPHABET * _EPSILON)
    return given, (counts[common] + _EPSILON) / (len(text) + ALPHABET * _EPSILON)


def log_ratio_codes(text: Corpus, targets: Bytes, offsets: tuple[int, ...], _: np.random.Generator) -> Floats:
    """Natural logarithm of P(y | byte at the offset) / P(y), kept within ±3."""
    given, alone = _frequencies(text, targets, offsets)
    return contiguous(np.clip(np.log(given / alone), -_CLIP, _CLIP))


def difference_codes(text: Corpus, targets: Bytes, offsets: tuple[int, ...], _: np.random.Generator) -> Floats:
    """10 (P(y | byte at the offset) - P(y))."""
    given, alone = _frequencies(text, targets, offsets)
    return contiguous(_SCALE * (given - alone))


def random_codes(
    _: Corpus, __: Bytes, offsets: tuple[int, ...], generator: np.random.Generator, *, width: int = _BYTES
) -> Floats:
    """Random signs, which know nothing of the text."""
    return sign_codes(len(offsets), width, generator).astype(np.float64)


@dataclass(frozen=True)
class WrittenCodes:
    """Writes codes for a lesson and fits their read-out; what they are counted from are the lesson's targets.

    Parameters
    ----------
    written : writes the codes
    places : of each text, which offsets are read, and the first position that is fitted
    seed : of codes that are drawn, with the lesson's draw
    """

    written: Written
    places: Places
    seed: int

    def __call__(self, lesson: Lesson) -> OffsetFit:
        """The read-out after its steps."""
        began = time.perf_counter()
        text, targets = lesson.corpus, contiguous(lesson.targets)
        offsets, first = self.places[text]
        codes = self.written(text, targets, offsets, np.random.default_rng((self.seed, lesson.draw)))
        weights, bits = _read_out(lesson, features_of(text, offsets, codes, first), targets[first:])
        model = Readout(offsets, codes, weights.W, weights.b)
        return OffsetFit(model, offsets, bits, time.perf_counter() - began, partial(bits_after, model))


@dataclass(frozen=True)
class PairHash:
    """The same for ``width`` random signs of a pair of bytes, which no :class:`Readout` can hold."""

    places: Places
    width: int
    seed: int

    def __call__(self, lesson: Lesson) -> OffsetFit:
        """The read-out after its steps."""
        began = time.perf_counter()
        text, targets = lesson.corpus, contiguous(lesson.targets)
        (a, b), first = self.places[text]
        generator = np.random.default_rng((self.seed, lesson.draw))
        signs = (2 * generator.integers(0, 2, (ALPHABET * ALPHABET, self.width)) - 1).astype(np.int8)
        check_size((len(text) - 1 - first) * self.width * 8)
        rows = _pair_rows(text, (a, b), signs, first, len(text) - 1)
        weights, bits = _read_out(lesson, rows, targets[first:])
        score = partial(_pair_bits, (a, b), signs, weights)
        return OffsetFit(None, (a, b), bits, time.perf_counter() - began, score)


def _read_out(lesson: Lesson, rows: Floats, targets: Bytes) -> tuple[Linear, float]:
    """W = 0 and b = ln (count + ½) / (n + 128) after 499 steps of rate ½, and the mean loss in bits there."""
    start = Linear(np.zeros((ALPHABET, rows.shape[1])), log_shares(lesson.corpus))
    problem = Regression(rows, contiguous(targets), start, threads=1)
    end = descend(problem, start, [_RATE] * STEPS, progress=lesson.work.progress)
    return end.weights, end.bits[-1]


def _pair_rows(corpus: Corpus, pair: tuple[int, int], signs: Signs, first: int, last: int) -> Floats:
    """Signs of the bytes at two offsets; zero where one of them lies before the text."""
    places = np.arange(first, last) + 1 - np.array(pair)[:, None]
    a, b = corpus.data[np.maximum(places, 0)].astype(np.int64)
    rows: Floats = signs[a * ALPHABET + b].astype(np.float64)
    rows[(places < 0).any(0)] = 0
    return rows


def _pair_bits(pair: tuple[int, int], signs: Signs, weights: Linear, corpus: Corpus, boundary: int) -> float:
    """Mean loss on the bytes from ``boundary`` on, a block of positions at a time."""
    total = 0.0
    for start in range(boundary - 1, len(corpus) - 1, _BLOCK):
        stop = min(start + _BLOCK, len(corpus) - 1)
        block = _pair_rows(corpus, pair, signs, start, stop)
        problem = Regression(block, contiguous(corpus.data[start + 1 : stop + 1]), weights, threads=1)
        total += float(problem.bits(problem.gathered(weights)).sum())
    return total / (len(corpus) - boundary)
