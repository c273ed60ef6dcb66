"""Initial weights as the published trainer drew them: with the random numbers of the C library.

The trainer calls ``srand(42)`` and takes ``u = rand() / 2^31`` for each weight in turn. ``rand`` of glibc is an
additive feedback generator: r_i = r_{i-3} + r_{i-31} modulo 2^32, seeded by the minimal standard generator; the
first 310 sums are dropped, and each number is r_i without its lowest bit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.rnn.kernels.generator import additive_feedback
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["c_random", "initial"]

_WARM_UP = 344  # seed words and dropped sums before the first number
LARGEST_HIDDEN = 2048


def c_random(seed: int, count: int) -> NDArray[np.int64]:
    """What ``srand(seed)`` and ``count`` calls of ``rand()`` of glibc give: integers in [0, 2^31).

    Examples
    --------
    >>> c_random(42, 3).tolist()
    [71876166, 708592740, 1483128881]
    """
    seed = integer("seed", seed, 0, 2**32 - 1)
    words = np.zeros(_WARM_UP + integer("count", count, 0, None), np.int64)
    word = (seed or 1) - (2**32 if seed >= 2**31 else 0)  # the C library holds it in a signed integer
    words[0] = word % 2**32
    for i in range(1, 31):
        quotient = int(word / 127773)  # C division rounds towards zero; both are exact in float64
        word = 16807 * (word - quotient * 127773) - 2836 * quotient
        word += 2147483647 if word < 0 else 0
        words[i] = word
    words[31:34] = words[:3]
    additive_feedback(words)
    return words[_WARM_UP:] >> 1


def initial(hidden: int = 128, seed: int = 42, dtype: Any = np.float32) -> Elman:
    """Untrained network: every weight (u - 0.5) / H with u uniform in [0, 1), biases 0.

    Numbers are drawn in the order of the published trainer: for each neuron its row of W_x, then its row of W_h;
    after all neurons the rows of W_y.

    Parameters
    ----------
    hidden : H, neurons, in [1, 2048]
    seed : seed of the C library's generator, in [0, 2^32)
    dtype : float32 or float64

    Examples
    --------
    >>> initial(hidden=4)
    Elman(hidden=4, dtype=float32, parameters=2324)
    """
    hidden = integer("hidden", hidden, 1, LARGEST_HIDDEN)
    rows = hidden * (ALPHABET + hidden)
    u = c_random(seed, rows + ALPHABET * hidden) / 2**31
    weights = ((u - 0.5) / hidden).astype(dtype)
    recurrent = weights[:rows].reshape(hidden, ALPHABET + hidden)
    return Elman(
        W_x=recurrent[:, :ALPHABET],
        W_h=recurrent[:, ALPHABET:],
        b_h=np.zeros(hidden, dtype),
        W_y=weights[rows:].reshape(ALPHABET, hidden),
        b_y=np.zeros(ALPHABET, dtype),
    )
