"""The definition of a read-out without dynamics, one position after another."""

import math
from typing import Any

import numpy as np


def features(data: Any, t: int, offsets: Any, codes: Any) -> Any:
    """What stands at the offsets before byte t + 1; zeros before the text begins."""
    parts = []
    for i, offset in enumerate(offsets):
        place = t + 1 - offset
        parts.append(codes[i][int(data[place])] if place >= 0 else np.zeros(codes.shape[2]))
    return np.concatenate(parts)


def rectified(x: Any, W: Any, b: Any) -> Any:
    return np.array([max(0.0, float(np.dot(row, x)) + float(bias)) for row, bias in zip(W, b)])


def bits(data: Any, offsets: Any, arrays: dict[str, Any]) -> Any:
    """-log2 p(x_{t+1}) for each byte but the last."""
    out = []
    for t in range(len(data) - 1):
        y = features(data, t, offsets, arrays["codes"])
        if "W_1" in arrays:
            y = rectified(y, arrays["W_1"], arrays["b_1"])
        logits = arrays["W_y"] @ y + arrays["b_y"]
        top = logits.max()
        out.append((top + math.log(np.exp(logits - top).sum()) - logits[int(data[t + 1])]) / math.log(2))
    return np.array(out)
