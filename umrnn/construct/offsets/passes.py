"""Random codes of the bytes at several offsets, read out in a few passes: for texts of any length."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from umrnn.construct.offsets.fit import OffsetFit
from umrnn.construct.offsets.random_codes import sign_codes
from umrnn.construct.readout.features import Features
from umrnn.construct.readout.regression import Linear
from umrnn.construct.study import Lesson
from umrnn.corpus import Corpus
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.readout import Readout, byte_features

__all__ = ["PassedCodes"]


@dataclass(frozen=True)
class PassedCodes:
    """Fits the read-out of random signs to a lesson.

    Parameters
    ----------
    hidden : signs in all
    places : of each text, the offsets that are read
    searched : seconds that finding them took
    seed : of signs, and of the order of the passes
    """

    hidden: int
    places: Mapping[Corpus, tuple[int, ...]]
    searched: float
    seed: int

    def __call__(self, lesson: Lesson) -> OffsetFit:
        """The read-out; of shuffled targets too."""
        began, text = time.perf_counter(), lesson.corpus
        offsets = self.places[text]
        codes = sign_codes(len(offsets), self.hidden // len(offsets), np.random.default_rng(self.seed))
        features = _features(text, offsets, codes, 0, lesson.work)
        targets = lesson.targets if lesson.order else None
        weights = features.read_out(targets=targets, seed=self.seed)
        seconds = time.perf_counter() - began + self.searched
        model = Readout(offsets, codes, *(array.astype(np.float32) for array in (weights.W, weights.b)))
        score = partial(_bits_after, offsets, codes, weights, lesson.work.silent())
        detail = f"greedy {','.join(map(str, offsets))}, softmax in two passes"
        return OffsetFit(model, offsets, features.bits(weights, targets), seconds, score, detail)


def _features(text: Corpus, offsets: tuple[int, ...], codes: Floats, first: int, work: Work) -> Features:
    """Those of the positions from ``first`` on that have a byte after them."""
    return Features(byte_features(text, offsets, codes, first, len(text) - 1), text, work=work)


def _bits_after(
    offsets: tuple[int, ...], codes: Floats, weights: Linear, work: Work, corpus: Corpus, first: int
) -> float:
    return _features(corpus, offsets, codes, first - 1, work).bits(weights)
