"""Random numbers. n = numbers wanted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._jit import kernel

__all__ = ["additive_feedback"]


@kernel
def additive_feedback(words: NDArray[Any]) -> None:
    """words[i] = words[i - 3] + words[i - 31] modulo 2^32, for i from 34. words (n,) int64, the first 34 given."""
    for i in range(34, words.shape[0]):
        words[i] = (words[i - 3] + words[i - 31]) & np.int64(0xFFFFFFFF)
