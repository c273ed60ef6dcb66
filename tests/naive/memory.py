"""Memory depth by its definitions, one context after another."""

import math
from typing import Any

import numpy as np

from tests.naive import network

Weights = dict[str, Any]


def spread(p: Any, label: Any, stratum: Any) -> float:
    """Mean over groups of |group mean - mean of the group means of its stratum|²."""
    rows = list(zip(np.asarray(p, np.float64), np.asarray(stratum).tolist(), np.asarray(label).tolist()))
    groups = sorted({(s, g) for _, s, g in rows})
    means = {key: np.mean([q for q, s, g in rows if (s, g) == key], axis=0) for key in groups}
    centres = {s: np.mean([means[key] for key in groups if key[0] == s], axis=0) for s in {s for s, _ in groups}}
    return float(np.mean([((means[key] - centres[key[0]]) ** 2).sum() for key in groups]))


def predicted(weights: Weights, context: Any) -> Any:
    """The distribution after a context read from h = 0."""
    _, h = network.run(weights, context, np.zeros(len(weights["b_h"])))
    return network.probabilities(weights, h[-1])


def divergence(p: Any, q: Any) -> float:
    """KL(p || q) in bits."""
    return sum(a * math.log2(a / b) for a, b in zip(p.tolist(), q.tolist()) if a > 0)


def unseen_change(weights: Weights, contexts: Any, k: int) -> tuple[float, float]:
    """Mean KL and mean distance when the byte at -k becomes x + 128."""
    changes = []
    for context in contexts:
        other = [int(byte) for byte in context]
        other[-k] = (other[-k] + 128) % 256
        p, q = predicted(weights, context), predicted(weights, other)
        changes.append((divergence(p, q), math.sqrt(((p - q) ** 2).sum())))
    return tuple(np.mean(changes, axis=0).tolist())


def group_variance(weights: Weights, contexts: Any, k: int) -> float:
    """Method 2: the spread of predictions between bytes at -k that have five contexts or more."""
    bytes_at = [int(context[-k]) for context in contexts]
    kept = [i for i, byte in enumerate(bytes_at) if bytes_at.count(byte) >= 5]
    p = [predicted(weights, contexts[i]) for i in kept]
    return spread(p, [bytes_at[i] for i in kept], [0] * len(kept))
