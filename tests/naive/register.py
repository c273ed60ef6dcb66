"""Shift registers and their closed forms, as slowly and plainly as they can be written."""

import math
from typing import Any

import numpy as np

MASK = 0xFFFFFFFF


def mixed_sign(byte: int, number: int) -> int:
    """Sign ``number`` of ``byte`` in arithmetic of Python integers, cut to 32 bits."""

    def mix(h: int) -> int:
        h = (((h >> 4) ^ h) * 0x45D9F3B) & MASK
        return h ^ (h >> 16)

    h = mix((mix(byte) + number * 2654435761) & MASK)
    return 1 if h & 1 else -1


def states(codes: Any, groups: int, data: Any) -> Any:
    """The network run step by step: tanh of 10 times the code of the byte, and of 5 times the group before."""
    bits = codes.shape[1]
    rows, h = [], np.zeros(groups * bits)
    for x in data:
        z = np.concatenate((10.0 * codes[int(x)], 5.0 * h[: (groups - 1) * bits]))
        h = np.tanh(z)
        rows.append(h)
    return np.array(rows)


def signs(codes: Any, groups: int, data: Any) -> Any:
    """The codes of the last bytes, 0 before the corpus."""
    rows = []
    for t in range(len(data)):
        held = [codes[int(data[t - g])] if t >= g else np.zeros(codes.shape[1]) for g in range(groups)]
        rows.append(np.concatenate(held))
    return np.array(rows, np.float64)


def share(count: float, total: float, alpha: float) -> float:
    return (count + alpha) / (total + 256 * alpha)


def pairs(data: Any, targets: Any, lag: int) -> list[tuple[int, int]]:
    """(byte at the lag, target) of every position that has both."""
    return [(int(data[t - lag]), int(targets[t])) for t in range(lag, len(targets))]


def log_ratio(codes: Any, groups: int, data: Any, targets: Any, alpha: float) -> Any:
    bits = codes.shape[1]
    W = np.zeros((256, groups * bits))
    for g in range(groups):
        seen = pairs(data, targets, g)
        for j in range(bits):
            plus = [y for x, y in seen if codes[x, j] > 0]
            minus = [y for x, y in seen if codes[x, j] < 0]
            for o in range(256):
                W[o, g * bits + j] = math.log(share(plus.count(o), len(plus), alpha)) - math.log(
                    share(minus.count(o), len(minus), alpha)
                )
    return W


def naive_bayes(groups: int, data: Any, targets: Any, alpha: float) -> Any:
    """log P(target | byte in the group) - log P(byte), with the smoothed shares of all bytes."""
    tables = np.zeros((groups, 256, 256))
    marginal = [(np.sum(np.asarray(data) == o) + 0.5) / (len(data) + 128) for o in range(256)]
    for g in range(groups):
        seen = pairs(data, targets, g)
        for x in range(256):
            after = [y for b, y in seen if b == x]
            for o in range(256):
                tables[g, x, o] = math.log(share(after.count(o), len(after), alpha)) - math.log(marginal[o])
    return tables


def fourier(codes: Any, groups: int, data: Any, targets: Any, epsilon: float) -> Any:
    bits, tables = codes.shape[1], naive_bayes(groups, data, targets, epsilon)
    W = np.zeros((256, groups * bits))
    for g in range(groups):
        seen = pairs(data, targets, g)
        for x, _ in seen:
            for j in range(bits):
                W[:, g * bits + j] += codes[x, j] * tables[g, x] / len(seen)
    return W


def pseudo_inverse(codes: Any, groups: int, data: Any, targets: Any, first: int, last: int, ridge: float) -> Any:
    """(XᵀX + ridge)⁻¹ Xᵀ(Y - marginal) over the positions first … last, transposed."""
    X = signs(codes, groups, data)[first : last + 1]
    marginal = (np.bincount(data, minlength=256) + 0.5) / (len(data) + 128)
    Y = np.eye(256)[np.asarray(targets[first : last + 1])] - marginal
    return np.linalg.solve(X.T @ X + ridge * np.eye(X.shape[1]), X.T @ Y).T


def additive(tables: Any, data: Any, t: int) -> Any:
    """Sum over groups of the row of the byte each holds."""
    return sum(tables[g, int(data[t - g])] for g in range(len(tables)) if t >= g)


def decoded(codes: Any, groups: int, row: Any, t: int) -> list[int]:
    """Smallest byte whose signs each group shows, -1 if none, -2 before the corpus."""
    bits, out = codes.shape[1], []
    for g in range(groups):
        shown = np.sign(row[g * bits : (g + 1) * bits])
        fits = [byte for byte in range(len(codes)) if np.array_equal(np.where(codes[byte] > 0, 1, -1), shown)]
        out.append(-2 if t < g else min(fits, default=-1))
    return out
