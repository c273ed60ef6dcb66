"""The definitions of the factor map, one position and one neuron at a time."""

from itertools import combinations
from typing import Any

import numpy as np


def cells(data: Any, lags: Any, first: int, last: int) -> dict[tuple[int, ...], list[int]]:
    """Positions ``first`` to ``last`` (not included) by the bytes at the lags."""
    found: dict[tuple[int, ...], list[int]] = {}
    for t in range(first, last):
        found.setdefault(tuple(int(data[t - d]) for d in lags), []).append(t)
    return found


def means(values: Any, groups: dict[Any, list[int]]) -> Any:
    """Each value replaced by the mean of its cell."""
    out = np.array(values, dtype=float)
    for members in groups.values():
        out[members] = np.mean([float(values[t]) for t in members])
    return out


def r2(values: Any, predicted: Any) -> float:
    """1 - SSE / SST; NaN where nothing varies."""
    values = np.asarray(values, dtype=float)
    total = float(np.sum((values - values.mean()) ** 2))
    return 1 - float(np.sum((values - predicted) ** 2)) / total if total else float("nan")


def in_sample(data: Any, h: Any, lags: Any, first: int) -> float:
    """R² of one neuron, cells of the bytes at ``lags``, positions from ``first``."""
    groups = cells(data, lags, first, len(data))
    return r2(h[first:], means(h, groups)[first:])


def leave_one_out(data: Any, h: Any, lags: Any, first: int) -> float:
    """Each position is predicted by the others of its cell, a lone one by all others."""
    predicted = np.zeros(len(h))
    for members in cells(data, lags, first, len(data)).values():
        for t in members:
            others = [s for s in members if s != t] or [s for s in range(first, len(data)) if s != t]
            predicted[t] = np.mean([float(h[s]) for s in others])
    return r2(h[first:], predicted[first:])


def held_out(data: Any, h: Any, lags: Any, first: int, boundary: int) -> float:
    """Means of the positions before ``boundary`` predict those after; an unseen cell gets the mean of all before.

    The reference of R² is that mean too, so that knowing nothing scores 0.
    """
    groups = cells(data, lags, first, boundary)
    grand = float(np.mean([float(v) for v in h[first:boundary]]))
    error = total = 0.0
    for t in range(boundary, len(data)):
        members = groups.get(tuple(int(data[t - d]) for d in lags))
        guess = float(np.mean([float(h[s]) for s in members])) if members else grand
        error += (float(h[t]) - guess) ** 2
        total += (float(h[t]) - grand) ** 2
    return 1 - error / total if total else float("nan")


def best_pair(data: Any, h: Any, lags: Any, first: int) -> tuple[tuple[int, int], float]:
    """The pair of lags with the largest R², the earlier one among equals (within 1e-12)."""
    best, score = (lags[0], lags[1]), -1.0
    for pair in combinations(lags, 2):
        value = in_sample(data, h, pair, first)
        if value > score + 1e-12:
            best, score = pair, value
    return best, score


def votes(data: Any, signs: Any, lags: Any, first: int, boundary: int | None = None) -> tuple[float, float, float]:
    """Share of positions told right by the commoner sign of their cell: itself included, left out, held out."""
    last = len(data) if boundary is None else boundary
    groups = cells(data, lags, first, last)

    def majority(members: Any, everyone: Any) -> bool:
        lead = sum(1 if signs[t] else -1 for t in members)
        return lead > 0 if lead else sum(1 if signs[t] else -1 for t in everyone) >= 0

    seen, late = range(first, last), range(last, len(data))
    right = others = 0
    for members in groups.values():
        positive = sum(bool(signs[t]) for t in members)
        right += max(positive, len(members) - positive)
        for t in members:
            guess = majority([s for s in members if s != t], [s for s in seen if s != t])
            others += guess == bool(signs[t])
    told = [majority(groups.get(tuple(int(data[t - d]) for d in lags), ()), seen) == bool(signs[t]) for t in late]
    return right / len(seen), others / len(seen), float(np.mean(told)) if told else float("nan")


def vote_mi_bits(data: Any, signs: Any, lags: Any, first: int) -> float:
    """Mutual information of cell and sign over the positions from ``first``."""
    groups, count = cells(data, lags, first, len(data)), len(data) - first
    share = {s: sum(bool(signs[t]) == s for t in range(first, len(data))) / count for s in (False, True)}
    total = 0.0
    for members in groups.values():
        for s in (False, True):
            joint = sum(bool(signs[t]) == s for t in members) / count
            if joint:
                total += joint * float(np.log2(joint / (share[s] * len(members) / count)))
    return total
