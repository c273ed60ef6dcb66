"""Counting as a construction: what the bytes at fixed offsets were followed by, interpolated with shorter contexts."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from umrnn.construct.offsets.fit import OffsetFit
from umrnn.construct.study import Lesson
from umrnn.corpus import Corpus
from umrnn.um.predict import bits_from, in_sample_bits

__all__ = ["CountedContexts"]


@dataclass(frozen=True)
class CountedContexts:
    """Counts the contexts of a lesson: interpolated Witten-Bell, as :mod:`umrnn.um.predict` has it.

    Parameters
    ----------
    places : of each text, the offsets of a context, in the order in which they are chosen
    detail : what a table says of it; default: the offsets
    """

    places: Mapping[Corpus, tuple[int, ...]]
    detail: str = ""

    def __call__(self, lesson: Lesson) -> OffsetFit:
        """The counts, as what they predict."""
        began = time.perf_counter()
        offsets = self.places[lesson.corpus]
        bpc = in_sample_bits(lesson.corpus, offsets, lesson.targets if lesson.order else None)
        detail = self.detail or f"offsets {','.join(map(str, offsets)) or 'none found'}"
        score = partial(_bits_after, lesson.corpus, offsets)
        return OffsetFit(None, offsets, bpc, time.perf_counter() - began, score, detail)


def _bits_after(counted: Corpus, offsets: tuple[int, ...], corpus: Corpus, first: int) -> float:
    """Mean bits of the bytes from ``first`` on; a text that does not begin with what was counted is read after it."""
    length = len(counted)
    if first >= length and np.array_equal(corpus.data[:length], counted.data):
        return bits_from(corpus, offsets, length, first)
    joined = Corpus.from_bytes(np.concatenate((counted.data, corpus.data)))
    return bits_from(joined, offsets, length, length + first)
