"""Tables of pairs of bytes from two columns, one of which may have been shuffled."""

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import ALPHABET

__all__ = ["pair_table"]

_BLOCK = 1 << 22  # pairs counted together


def pair_table(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often ``after`` is y where ``before`` is x, in cell [x, y]: (V, V).

    Examples
    --------
    >>> table = pair_table(np.frombuffer(b"aab", np.uint8), np.frombuffer(b"abb", np.uint8))
    >>> table[97, 97:99].tolist(), table[98, 97:99].tolist()
    ([1, 1], [0, 1])
    """
    counts = np.zeros(ALPHABET * ALPHABET, np.int64)
    for start in range(0, len(before), _BLOCK):
        keys = before[start : start + _BLOCK].astype(np.int64) * ALPHABET + after[start : start + _BLOCK]
        counts += np.bincount(keys, minlength=ALPHABET * ALPHABET)
    return counts.reshape(ALPHABET, ALPHABET)
