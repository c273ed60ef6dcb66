"""Canonical correlation of past and future bytes, and the shift of its state, from windows written out."""

from typing import Any

import numpy as np


def windows(data: Any, lags: Any, beyond: int) -> Any:
    """One-hot bytes less their shares at the lags of each time t (negative: ahead), zero beyond either end.

    A row for every t from ``beyond`` before the text to ``beyond`` after it; columns only for bytes that occur.
    """
    seen = np.unique(data)
    shares = np.array([np.mean(data == x) for x in seen])
    rows = []
    for t in range(-beyond, len(data) + beyond):
        parts = []
        for lag in lags:
            inside = 0 <= t - lag < len(data)
            parts.append((seen == data[t - lag]) - shares if inside else np.zeros(len(seen)))
        rows.append(np.concatenate(parts))
    return np.array(rows)


def root(square: Any, power: float) -> Any:
    values, vectors = np.linalg.eigh(square)
    return (vectors * values**power) @ vectors.T


def canonical(data: Any, hidden: int, past: int, future: int, floor: float) -> tuple[Any, Any]:
    """Canonical correlations, and the state s_t from past + future before the text on, each up to its sign."""
    lags = [*range(past), *(-k for k in range(1, future + 1))]
    both = windows(data, lags, past + future)
    cut = past * len(np.unique(data))
    before, ahead = both[:, :cut], both[:, cut:]
    n = len(data)
    white = root(before.T @ before / n + floor * np.eye(cut), -0.5)
    black = root(ahead.T @ ahead / n + floor * np.eye(ahead.shape[1]), -0.5)
    left, values, _ = np.linalg.svd(white @ (before.T @ ahead / n) @ black)
    return values[:hidden], before @ white @ left[:, :hidden]


def shift(state: Any, byte: Any, length: int, floor: float, ridge: float) -> tuple[Any, Any, float]:
    """F, G and the share of variance kept, by least squares of s_t on (s_{t-1}, x_t) with rows for the penalties."""
    hidden = state.shape[1]
    inputs = np.hstack((np.vstack((np.zeros(hidden), state[:-1])), byte))
    penalty = np.diag(np.sqrt(length * np.repeat((ridge, floor), (hidden, byte.shape[1]))))
    wide = np.vstack((state, np.zeros((len(penalty), hidden))))
    both = np.linalg.lstsq(np.vstack((inputs, penalty)), wide, rcond=None)[0].T
    kept = np.sum((inputs @ both.T) * state) / np.sum(state**2)
    return both[:, :hidden], both[:, hidden:], float(kept)


def recurrence(F: Any, G: Any, p: Any, data: Any) -> Any:
    """States from 0, a row per byte."""
    state, rows = np.zeros(len(F)), []
    for x in data:
        state = F @ state + G @ ((np.arange(len(p)) == int(x)) - p)
        rows.append(state)
    return np.array(rows)
