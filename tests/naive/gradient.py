"""Predictions followed back, one position and one neuron at a time; weights are a dict of arrays."""

from typing import Any

import numpy as np

from tests.naive import network


def prediction(weights: Any, state: Any, target: int) -> Any:
    """Derivative of ln p(target) by the state."""
    p = network.probabilities(weights, state)
    return weights["W_y"][target] - sum(p[o] * weights["W_y"][o] for o in range(len(p)))


def followed(weights: Any, states: Any, t: int, target: int, depth: int) -> list[Any]:
    """g_{t→t}, g_{t→t-1}, … to ``depth`` or to the first state."""
    out = [prediction(weights, states[t], target)]
    for k in range(1, min(depth, t) + 1):
        later = states[t - k + 1]
        out.append(weights["W_h"].T @ ((1 - later**2) * out[-1]))
    return out


def looked_at(weights: Any, data: Any, states: Any, t: int, path: list[Any]) -> list[tuple[float, ...]]:
    """Of each gradient of ``path``: squared norm, attribution, the same through the gate of the input step, mass."""
    out = []
    for k, g in enumerate(path):
        column, gate = weights["W_x"][:, int(data[t - k])], 1 - states[t - k] ** 2
        out.append((float(g @ g), float(column @ g), float(column @ (gate * g)), float(np.abs(column * g).sum())))
    return out


def figures(weights: Any, data: Any, states: Any, t: int, depth: int) -> list[tuple[float, ...]]:
    """The same of each lag."""
    return looked_at(weights, data, states, t, followed(weights, states, t, int(data[t + 1]), depth))


def surprise(weights: Any, columns: Any, before: Any, target: int) -> float:
    """ln p(target) after the inputs ``columns``, one row per step, from the state ``before``."""
    state = before
    for column in columns:
        state = np.tanh(column + weights["W_h"] @ state + weights["b_h"])
    return float(np.log(network.probabilities(weights, state)[target]))


def used(weights: Any, data: Any, states: Any, t: int, depth: int, threshold: float) -> tuple[set[Any], set[Any]]:
    """Recurrent patterns (i, j) and input patterns (j, byte) that prediction t uses above the threshold."""
    recurrent, inputs = set(), set()
    path = followed(weights, states, t, int(data[t + 1]), depth)
    for k, g in enumerate(path):
        x = int(data[t - k])
        for i in range(len(g)):
            if abs(weights["W_x"][i, x] * g[i]) > threshold:
                inputs.add((i, x))
            for j in range(len(g)):
                if k < min(depth, t) and abs((1 - states[t - k][i] ** 2) * g[i] * weights["W_h"][i, j]) > threshold:
                    recurrent.add((i, j))
    return recurrent, inputs
