"""States of one stretch of a text, run from zero a little before it."""

from typing import Any

import numpy as np

from tests.naive import network


def stretch(weights: network.Weights, data: Any, start: int, warm: int, steps: int) -> Any:
    """States after bytes start … start + steps - 1 that the text has, of a run that begins warm bytes earlier."""
    first = max(0, start - warm)
    _, h = network.run(weights, data[first : start + steps], np.zeros(len(weights["b_h"])))
    return h[start - first :]
