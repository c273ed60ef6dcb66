"""How much states move: a neuron that hardly does is explained by anything, and that explains nothing."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Movement", "movement"]

_STILL = 0.01  # spread below which a neuron counts as not moving: a hundredth of the range of tanh on either side
_SATURATED = 0.95  # mean |h| from which a neuron is called saturated
_BLOCK = 1 << 14  # positions at a time


class Movement(NamedTuple):
    """Standard deviation of a state, and the mean of its size."""

    spread: float
    mean_abs_state: float

    @property
    def flag(self) -> str | None:
        """``still`` or ``saturated``; None for a neuron that is neither.

        Examples
        --------
        >>> Movement(0.001, 0.999).flag, Movement(0.98, 0.97).flag, Movement(0.5, 0.6).flag
        ('still', 'saturated', None)
        """
        if self.spread < _STILL:
            return "still"
        return "saturated" if self.mean_abs_state >= _SATURATED else None


def movement(rows: NDArray[np.floating]) -> list[Movement]:
    """The movement of each column of ``rows`` (m, H), in float64.

    Examples
    --------
    >>> movement(np.array([[1.0, 0.5], [-1.0, 0.5]]))
    [Movement(spread=1.0, mean_abs_state=1.0), Movement(spread=0.0, mean_abs_state=0.5)]
    """
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(rows), _BLOCK)]
    mean = sum((rows[block].sum(axis=0, dtype=np.float64) for block in blocks), np.zeros(rows.shape[1])) / len(rows)
    squares, sizes = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for block in blocks:
        squares += np.square(rows[block] - mean).sum(axis=0)
        sizes += np.abs(rows[block]).sum(axis=0, dtype=np.float64)
    spread = np.sqrt(squares / len(rows))
    return [Movement(float(s), float(a)) for s, a in zip(spread, sizes / len(rows))]
