"""How many positions a descent of a read-out sees: no more than make its steps as cheap as on the published text."""

import numpy as np

from umrnn.corpus import Corpus
from umrnn.rnn.weights import ALPHABET

__all__ = ["CHEAP", "affordable", "outputs_of"]

CHEAP = 55_000
"""Positions x outputs of a descent in a command that makes many; of the published text 1,023 x 53."""
_USUAL = 64  # outputs that a text has, nearly; where there are more, all costs more


def outputs_of(text: Corpus, latest: int) -> int:
    """Outputs that a softmax tells apart on the latest positions: the bytes that occur there, and all others as one.

    Examples
    --------
    >>> outputs_of(Corpus.from_bytes(b"abab"), 2)
    3
    """
    return min(ALPHABET, len(np.unique(text.data[-latest:])) + 1)


def affordable(positions: int, outputs: int) -> int:
    """So many positions, or fewer where the outputs are more than the 64 of a usual text: their product is the work.

    Examples
    --------
    >>> affordable(200_000, 53), affordable(200_000, 256)
    (200000, 50000)
    """
    return min(positions, positions * _USUAL // outputs)
