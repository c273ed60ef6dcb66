"""How many positions a descent of a read-out sees: no more than make its steps as cheap as on the published text."""

import numpy as np

from umrnn.corpus import Corpus
from umrnn.rnn.weights import ALPHABET

__all__ = ["CHEAP", "outputs_of"]

CHEAP = 55_000
"""Positions x outputs of a descent in a command that makes many; of the published text 1,023 x 53."""


def outputs_of(text: Corpus, latest: int) -> int:
    """Outputs that a softmax tells apart on the latest positions: the bytes that occur there, and all others as one.

    Examples
    --------
    >>> outputs_of(Corpus.from_bytes(b"abab"), 2)
    3
    """
    return min(ALPHABET, len(np.unique(text.data[-latest:])) + 1)
