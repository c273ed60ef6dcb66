"""Interventions by definition: one run, one direction, one position at a time; weights are a dict of arrays."""

import math
from typing import Any

import numpy as np

from tests.naive import network


def edited_run(weights: Any, data: Any, before: Any, edit: Any, place: str = "state") -> Any:
    """States of the run in which ``edit(t, vector)`` is applied to the state, to what W_h reads, or to what it writes.

    Whatever the place, the states that come back are those the read-out sees.
    """
    state, out = np.asarray(before), []
    for t, x in enumerate(data):
        read = edit(t, state) if place == "read" else state
        written = weights["W_h"] @ read
        if place == "written":
            written = edit(t, written)
        state = np.tanh(weights["W_x"][:, int(x)] + written + weights["b_h"])
        if place == "state":
            state = edit(t, state)
        out.append(state)
    return np.array(out)


def projection(directions: Any, targets: Any) -> Any:
    """An edit that sets the component along each of some orthonormal directions to ``targets[t]``."""

    def edit(t: int, vector: Any) -> Any:
        for d, target in zip(directions, targets[t]):
            vector = vector + (target - sum(a * b for a, b in zip(vector, d))) * np.asarray(d)
        return vector

    return edit


def bits(weights: Any, states: Any, data: Any) -> float:
    """Mean bits per byte when these states are read out."""
    chosen = [network.probabilities(weights, states[t])[int(data[t + 1])] for t in range(len(data) - 1)]
    return -sum(map(math.log2, chosen)) / (len(data) - 1)


def covariance_direction(states: Any, feature: Any) -> Any:
    """Sum of (h - mean h) (f - mean f) at length 1."""
    d = sum((h - states.mean(axis=0)) * (f - np.mean(feature)) for h, f in zip(states, feature))
    return d / np.linalg.norm(d)


def word_length(data: Any) -> list[int]:
    """Bytes since the last space, newline or tab."""
    out, length = [], 0
    for byte in data:
        length = 0 if int(byte) in b" \n\t" else length + 1
        out.append(length)
    return out


def class_means(states: Any, labels: Any) -> dict[int, Any]:
    """Mean state of each class."""
    return {k: np.mean([h for h, own in zip(states, labels) if own == k], axis=0) for k in set(labels)}


def patched(weights: Any, data: Any, states: Any, values: Any, lag: int, neurons: list[int]) -> Any:
    """Last state of a run whose state ``lag`` bytes before the end has some neurons at ``values``."""
    state = np.array(states[len(data) - 1 - lag])
    state[neurons] = np.asarray(values)[neurons]
    rest = data[len(data) - lag :]
    return network.run(weights, rest, state)[1][-1] if lag else state
