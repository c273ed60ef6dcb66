"""The definitions of the network, as slowly and plainly as they can be written; weights are a dict of arrays."""

import math
from typing import Any

import numpy as np

Weights = dict[str, Any]
NAMES = ("W_x", "W_h", "b_h", "W_y", "b_y")


def random_weights(alphabet: int, hidden: int, seed: int = 0, scale: float = 0.7, dtype: Any = np.float64) -> Weights:
    rng = np.random.default_rng(seed)
    shapes = ((hidden, alphabet), (hidden, hidden), (hidden,), (alphabet, hidden), (alphabet,))
    return {name: (scale * rng.standard_normal(shape)).astype(dtype) for name, shape in zip(NAMES, shapes)}


def run(weights: Weights, data: Any, before: Any) -> tuple[Any, Any]:
    """Pre-activations and states, one row per byte."""
    z, h = [], [np.asarray(before)]
    for x in data:
        z.append(weights["W_x"][:, int(x)] + weights["W_h"] @ h[-1] + weights["b_h"])
        h.append(np.tanh(z[-1]))
    return np.array(z), np.array(h[1:])


def probabilities(weights: Weights, state: Any) -> Any:
    logits = weights["W_y"] @ state + weights["b_y"]
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def bits(weights: Weights, data: Any, before: Any) -> Any:
    """-log2 p(x_{t+1}) for each byte but the last."""
    _, h = run(weights, data, before)
    return np.array([-math.log2(probabilities(weights, h[t])[int(data[t + 1])]) for t in range(len(data) - 1)])


def loss(weights: Weights, data: Any, before: Any) -> float:
    """Summed loss in nats."""
    return float(bits(weights, data, before).sum()) * math.log(2)


def gradient(weights: Weights, data: Any, before: Any) -> Weights:
    """Gradient of ``loss`` by back-propagation through time, one position after another."""
    _, h = run(weights, data[:-1], before)
    slope = {name: np.zeros_like(array) for name, array in weights.items()}
    later = np.zeros(len(weights["b_h"]))
    for t in range(len(data) - 2, -1, -1):
        error = probabilities(weights, h[t])
        error[int(data[t + 1])] -= 1
        slope["W_y"] += np.outer(error, h[t])
        slope["b_y"] += error
        dz = (1 - h[t] ** 2) * (weights["W_y"].T @ error + later)
        slope["W_x"][:, int(data[t])] += dz
        slope["W_h"] += np.outer(dz, h[t - 1] if t else before)
        slope["b_h"] += dz
        later = weights["W_h"].T @ dz
    return slope


def norm(slope: Weights) -> float:
    return math.sqrt(sum(float((array**2).sum()) for array in slope.values()))


def clipped(slope: Weights, clip: float) -> Weights:
    factor = min(1.0, clip / norm(slope))
    return {name: factor * array for name, array in slope.items()}


def chunks(data: Any, bptt: int) -> list[Any]:
    """Pieces of ``bptt`` targets; each begins with the last byte of the one before."""
    return [data[first : first + bptt + 1] for first in range(0, len(data) - 1, bptt)]


def held(slope: Weights, kept: Weights | None) -> Weights:
    """The gradient by the weights that are trained."""
    return slope if kept is None else {name: kept[name] * array for name, array in slope.items()}


def sgd(
    weights: Weights, data: Any, bptt: int, rate: float, clip: float, kept: Weights | None = None
) -> tuple[Weights, list[float], list[float]]:
    """Weights after one epoch, and of each chunk the loss in nats and the gradient norm before clipping."""
    weights, before = dict(weights), np.zeros(len(weights["b_h"]))
    losses, norms = [], []
    for chunk in chunks(data, bptt):
        slope = held(gradient(weights, chunk, before), kept)
        losses.append(loss(weights, chunk, before))
        norms.append(norm(slope))
        before = run(weights, chunk[:-1], before)[1][-1]
        weights = {name: weights[name] - rate * step for name, step in clipped(slope, clip).items()}
    return weights, losses, norms


def adam(
    weights: Weights, data: Any, bptt: int, rate: float, clip: float, epochs: int, kept: Weights | None = None
) -> Weights:
    """Weights after ``epochs`` epochs with beta = (0.9, 0.999), epsilon = 1e-8."""
    weights, k = dict(weights), 0
    first = {name: np.zeros_like(array) for name, array in weights.items()}
    second = {name: np.zeros_like(array) for name, array in weights.items()}
    for _ in range(epochs):
        before = np.zeros(len(weights["b_h"]))
        for chunk in chunks(data, bptt):
            k += 1
            slope = clipped(held(gradient(weights, chunk, before), kept), clip)
            before = run(weights, chunk[:-1], before)[1][-1]
            for name, g in slope.items():
                first[name] = 0.9 * first[name] + 0.1 * g
                second[name] = 0.999 * second[name] + 0.001 * g**2
                m, v = first[name] / (1 - 0.9**k), second[name] / (1 - 0.999**k)
                weights[name] = weights[name] - rate * m / (np.sqrt(v) + 1e-8)
    return weights


def draw(weights: Weights, state: Any, temperature: float, uniforms: Any) -> list[int]:
    """Bytes drawn by inverting the cumulative distribution."""
    out = []
    for u in uniforms:
        logits = (weights["W_y"] @ state + weights["b_y"]) / temperature
        p = np.exp(logits - logits.max())
        out.append(int(np.searchsorted(np.cumsum(p / p.sum()), u, side="right")))
        state = run(weights, out[-1:], state)[1][-1]
    return out


def c_random(seed: int, count: int) -> list[int]:
    """``rand`` of glibc after ``srand(seed)``, in the words of its documentation."""
    signed = seed or 1
    signed -= 2**32 if signed >= 2**31 else 0
    r = [signed]
    for _ in range(30):
        quotient = abs(r[-1]) // 127773 * (-1 if r[-1] < 0 else 1)
        word = 16807 * (r[-1] - 127773 * quotient) - 2836 * quotient
        r.append(word + 2147483647 if word < 0 else word)
    for i in range(31, 34):
        r.append(r[i - 31])
    for i in range(34, 344 + count):
        r.append((r[i - 31] + r[i - 3]) % 2**32)
    return [word % 2**32 // 2 for word in r[344:]]
