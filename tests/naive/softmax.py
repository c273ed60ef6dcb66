"""Softmax regression on fixed features, one position after another."""

import math
from typing import Any

import numpy as np


def probabilities(W: Any, b: Any, row: Any) -> Any:
    logits = W @ row + b
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def bits(W: Any, b: Any, rows: Any, targets: Any) -> list[float]:
    """-log2 p(target) at each position."""
    return [-math.log2(probabilities(W, b, row)[int(y)]) for row, y in zip(rows, targets)]


def loss(W: Any, b: Any, rows: Any, targets: Any) -> float:
    """Summed loss in nats."""
    return sum(bits(W, b, rows, targets)) * math.log(2)


def gradient(W: Any, b: Any, rows: Any, targets: Any) -> tuple[Any, Any]:
    """Derivative of the summed loss by W and by b."""
    by_W, by_b = np.zeros(W.shape), np.zeros(b.shape)
    for row, y in zip(rows, targets):
        error = probabilities(W, b, row)
        error[int(y)] -= 1
        by_W += np.outer(error, row)
        by_b += error
    return by_W, by_b


def deltas(W: Any, b: Any, rows: Any, targets: Any) -> Any:
    """Derivative of the summed loss by the logits, a row per position."""
    return np.array([probabilities(W, b, row) - (np.arange(len(b)) == int(y)) for row, y in zip(rows, targets)])


def curvature(W: Any, b: Any, rows: Any, U: Any, c: Any) -> tuple[Any, Any]:
    """Second derivative of the summed loss along (U, c): with u = U x + c, (diag p - p pᵀ) u at each position."""
    by_W, by_b = np.zeros(W.shape), np.zeros(b.shape)
    for row in rows:
        p = probabilities(W, b, row)
        change = (np.diag(p) - np.outer(p, p)) @ (U @ row + c)
        by_W += np.outer(change, row)
        by_b += change
    return by_W, by_b


def descend(W: Any, b: Any, rows: Any, targets: Any, rates: Any) -> tuple[Any, Any]:
    """Steps along the gradient of the mean loss in nats."""
    for rate in rates:
        by_W, by_b = gradient(W, b, rows, targets)
        W, b = W - rate * by_W / len(rows), b - rate * by_b / len(rows)
    return W, b


def minimum(rows: Any, targets: Any, outputs: int, ridge: float, steps: int = 40) -> float:
    """Least mean loss + ridge/2 |W|² in nats, by Newton's method with the whole second derivative written out."""
    count, inner = len(rows), rows.shape[1] + 1
    wide = np.column_stack((rows, np.ones(count)))
    weights = np.zeros((outputs, inner))
    penalty = np.tile([ridge] * (inner - 1) + [1e-12], outputs)  # a constant for all outputs changes nothing

    def value(V: Any) -> float:
        fit = loss(V[:, :-1], V[:, -1], rows, targets) / count
        return fit + 0.5 * ridge * float(np.sum(V[:, :-1] ** 2))

    for _ in range(steps):
        slope, bend = np.zeros((outputs, inner)), np.zeros((outputs * inner, outputs * inner))
        for row, y in zip(wide, targets):
            p = probabilities(weights[:, :-1], weights[:, -1], row[:-1])
            error = p - (np.arange(outputs) == int(y))
            slope += np.outer(error, row) / count
            bend += np.kron(np.diag(p) - np.outer(p, p), np.outer(row, row)) / count
        slope[:, :-1] += ridge * weights[:, :-1]
        move = np.linalg.solve(bend + np.diag(penalty), slope.ravel()).reshape(weights.shape)
        length = 1.0
        while value(weights - length * move) > value(weights) and length > 1e-9:
            length /= 2
        weights = weights - length * move
    return value(weights)
