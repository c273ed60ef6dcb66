"""The definition of a rectified layer under a softmax: its summed loss in nats, and the gradient of that."""

from typing import Any

import numpy as np


def loss_and_gradient(rows: Any, targets: Any, W_1: Any, b_1: Any, W_y: Any, b_y: Any) -> tuple[float, dict[str, Any]]:
    loss = 0.0
    slope = {name: np.zeros(np.shape(a)) for name, a in (("W_1", W_1), ("b_1", b_1), ("W_y", W_y), ("b_y", b_y))}
    for x, target in zip(rows, targets):
        y = np.maximum(W_1 @ x + b_1, 0)
        logits = W_y @ y + b_y
        powers = np.exp(logits - logits.max())
        error = powers / powers.sum()
        loss -= float(np.log(error[int(target)]))
        error[int(target)] -= 1
        back = (W_y.T @ error) * (y > 0)
        slope["W_y"] += np.outer(error, y)
        slope["b_y"] += error
        slope["W_1"] += np.outer(back, x)
        slope["b_1"] += back
    return loss, slope


def descended(rows: Any, targets: Any, layers: Any, rates: Any) -> tuple[Any, float]:
    """Plain steps on the mean loss; weights, and their mean loss in bits."""
    for rate in rates:
        _, slope = loss_and_gradient(rows, targets, *layers)
        layers = [a - rate * slope[name] / len(rows) for name, a in zip(("W_1", "b_1", "W_y", "b_y"), layers)]
    return layers, loss_and_gradient(rows, targets, *layers)[0] / len(rows) / np.log(2)
