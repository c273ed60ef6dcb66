"""Estimates of weights by definition, from whole arrays of states; s = +1 where h >= 0, else -1."""

import math
from typing import Any

import numpy as np


def signs(states: Any) -> Any:
    return np.where(np.asarray(states) >= 0, 1, -1)


def covariance(states: Any) -> Any:
    """cov(h_j(t - 1), h_i(t)) at [i, j]."""
    before, after = states[:-1], states[1:]
    return (after - after.mean(axis=0)).T @ (before - before.mean(axis=0)) / len(before)


def sign_correlation(states: Any) -> Any:
    s = signs(states)
    return np.array([[2 * np.mean(s[:-1, j] == s[1:, i]) - 1 for j in range(s.shape[1])] for i in range(s.shape[1])])


def flips(W_h: Any, h: Any, z: Any) -> Any:
    """How often negating h_j changes the sign of z_i one step on, [i, j]; h and z are rows side by side."""
    out = np.zeros(W_h.shape, np.int64)
    for state, after in zip(h, z):
        for i in range(len(W_h)):
            for j in range(len(W_h)):
                two = state.dtype.type(2)
                out[i, j] += (after[i] - two * W_h[i, j] * state[j] >= 0) != (after[i] >= 0)
    return out


def mean_given(states: Any, labels: Any, size: int) -> Any:
    """Mean of h where the label is x, less the mean of all; 0 where none is. Rows are labels."""
    out = np.zeros((size, states.shape[1]))
    for x in range(size):
        if (labels == x).any():
            out[x] = states[labels == x].mean(axis=0) - states.mean(axis=0)
    return out


def sign_split(states: Any, labels: Any, size: int) -> Any:
    """log (c+ + 1/2) / (n+ + 128) - log (c- + 1/2) / (n- + 128) of each label and neuron."""
    s = signs(states)
    out = np.zeros((size, s.shape[1]))
    for x in range(size):
        for j in range(s.shape[1]):
            parts = [np.sum((labels == x) & (s[:, j] == sign)) for sign in (1, -1)]
            wholes = [np.sum(s[:, j] == sign) for sign in (1, -1)]
            out[x, j] = math.log((parts[0] + 0.5) / (wholes[0] + 128)) - math.log((parts[1] + 0.5) / (wholes[1] + 128))
    return out


def log_odds(states: Any) -> Any:
    share = (signs(states) == 1).mean(axis=0)
    return np.array([math.log(max(f, 1e-6) / (1 - f + 1e-6)) for f in share])


def log_marginal(labels: Any, size: int) -> Any:
    return np.array([math.log((np.sum(labels == x) + 0.5) / (len(labels) + 128)) for x in range(size)])


def pointwise_input(read: Any, following: Any, W_y: Any, demoted: bool) -> Any:
    """Sum over the five outputs with the largest, and the five with the smallest W_y[o, j], of W_y[o, j] PMI(x, o)."""
    size, hidden = W_y.shape
    out = np.zeros((hidden, size))
    for j in range(hidden):
        order = sorted(range(size), key=lambda o, j=j: -W_y[o, j])
        for x in range(size):
            for o in order[:5] + (order[-5:] if demoted else []):
                both = np.mean((read == x) & (following == o))
                if both:
                    information = math.log2(both / (np.mean(read == x) * np.mean(following == o)))
                    out[j, x] += W_y[o, j] * information
    return out


def matches(weights: Any, estimate: Any, chosen: Any) -> list[float]:
    """Sums over the chosen cells of 1, w, w², e, e², w e, [w e != 0], [w e > 0]."""
    pairs = [(weights[c], estimate[c]) for c in np.ndindex(*weights.shape) if chosen[c]]
    return [
        len(pairs), sum(w for w, _ in pairs), sum(w * w for w, _ in pairs), sum(e for _, e in pairs),
        sum(e * e for _, e in pairs), sum(w * e for w, e in pairs), sum(w * e != 0 for w, e in pairs),
        sum(w * e > 0 for w, e in pairs),
    ]  # fmt: skip
