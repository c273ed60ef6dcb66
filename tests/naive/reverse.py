"""The definition of features written from counts, one number at a time."""

import math
from typing import Any

import numpy as np


def frequencies(data: Any, targets: Any, offset: int) -> tuple[Any, Any, list[int]]:
    """P(y | b), P(y) over all bytes, and the 16 commonest bytes; ``targets[t]`` follows byte t."""
    n = len(data)
    joint, alone = np.full((256, 256), 0.001), np.full(256, 0.001)
    for t in range(n):
        alone[int(data[t])] += 1
    for t in range(n - 1):
        if t + 1 - offset >= 0:
            joint[int(data[t + 1 - offset]), int(targets[t])] += 1
    counts = [int((np.asarray(data) == y).sum()) for y in range(256)]
    common = sorted(range(256), key=lambda y: (-counts[y], y))[:16]
    return joint / joint.sum(1, keepdims=True), alone / alone.sum(), common


def log_ratio(data: Any, targets: Any, offset: int) -> Any:
    given, alone, common = frequencies(data, targets, offset)
    return [[min(3.0, max(-3.0, math.log(given[b, y] / alone[y]))) for y in common] for b in range(256)]


def difference(data: Any, targets: Any, offset: int) -> Any:
    given, alone, common = frequencies(data, targets, offset)
    return [[10 * (given[b, y] - alone[y]) for y in common] for b in range(256)]


def descended(rows: Any, targets: Any, b: Any, steps: int, rate: float) -> float:
    """Mean loss in bits after plain steps from W = 0 and ``b``, over all 256 outputs."""
    W, hot = np.zeros((256, rows.shape[1])), np.eye(256)[np.asarray(targets)]
    for step in range(steps + 1):
        logits = rows @ W.T + b
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        if step == steps:
            break
        error = (p - hot) / len(rows)
        W, b = W - rate * error.T @ rows, b - rate * error.sum(0)
    return float(-np.log2(p[np.arange(len(rows)), np.asarray(targets)]).mean())
