"""Predictor: whatever says how likely each byte of a corpus is, given those before it."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["Predictor", "Surprises", "surprises"]

Surprises = Iterator[tuple[int, NDArray[np.float64]]]
"""Blocks of a corpus in their order: a position t, and -log2 P(x_{t+1}), -log2 P(x_{t+2}), … from there on."""


class Predictor(Protocol):
    """Anything that gives each byte of a corpus but the first a probability, such as a read-out of past bytes.

    A network gives them too, in :func:`surprises`: its class holds weights and knows no run.
    """

    def surprises(self, corpus: Corpus) -> Surprises:
        """Bits of every byte but the first, block by block."""
        ...


def surprises(model: Elman | Predictor, corpus: Corpus) -> Surprises:
    """Bits of every byte of ``corpus`` but the first as ``model`` reads it, block by block; a network from h_{-1} = 0.

    Examples
    --------
    >>> [(start, bits.tolist()) for start, bits in surprises(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"))]
    [(0, [8.0, 8.0])]
    """
    if isinstance(model, Elman):
        return ((block.start, block.bits) for block in trace(model, corpus))
    return model.surprises(corpus)
