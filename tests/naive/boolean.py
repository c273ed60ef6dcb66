"""The Boolean automaton of a network, as plainly as it can be written; a state is a list of 0 and 1."""

import math
from typing import Any


def preactivation(weights: Any, sigma: list[int], x: int) -> list[float]:
    """z = b_h + W_x[x] + sum of s_k W_h[:, k], added in this order in float64."""
    sums = []
    for i in range(len(sigma)):
        z = float(weights["b_h"][i]) + float(weights["W_x"][i, x])
        for k, bit in enumerate(sigma):
            z += (2 * bit - 1) * float(weights["W_h"][i, k])
        sums.append(z)
    return sums


def step(weights: Any, sigma: list[int], x: int) -> list[int]:
    return [int(z >= 0) for z in preactivation(weights, sigma, x)]


def run(weights: Any, sigma: list[int], data: Any) -> list[list[int]]:
    states = []
    for x in data:
        sigma = step(weights, sigma, int(x))
        states.append(sigma)
    return states


def packed(sigma: list[int]) -> list[int]:
    """Words of 64 bits; neuron j is bit j % 64 of word j // 64."""
    number = sum(bit << j for j, bit in enumerate(sigma))
    return [(number >> (64 * w)) % 2**64 for w in range(-(-len(sigma) // 64))]


def influence(weights: Any, states: list[list[int]], data: Any) -> list[list[int]]:
    """Cell [j][i]: samples in which flipping neuron j flips neuron i one step on; every step taken anew."""
    hidden = len(states[0])
    counts = [[0] * hidden for _ in range(hidden)]
    for sigma, x in zip(states, data):
        after = step(weights, sigma, int(x))
        for j in range(hidden):
            flipped = [bit ^ (k == j) for k, bit in enumerate(sigma)]
            for i, bit in enumerate(step(weights, flipped, int(x))):
                counts[j][i] += bit != after[i]
    return counts


def cycle(weights: Any, sigma: list[int], x: int, limit: int) -> tuple[int, int]:
    """Steps before the first state that comes back, and its period; (-1, -1) if none does in ``limit`` steps."""
    history = [sigma]
    for _ in range(limit):
        sigma = step(weights, sigma, x)
        if sigma in history:
            return history.index(sigma), len(history) - history.index(sigma)
        history.append(sigma)
    return -1, -1


def ternary(weights: Any, data: Any, dead: float) -> list[list[int]]:
    """States -1, 0, +1 from all 0: 0 where abs(tanh z) < dead."""
    hidden = len(weights["b_h"])
    state, states = [0] * hidden, []
    for x in data:
        after = []
        for i in range(hidden):
            z = float(weights["b_h"][i]) + float(weights["W_x"][i, int(x)])
            for k in range(hidden):
                z += state[k] * float(weights["W_h"][i, k])
            after.append(0 if abs(math.tanh(z)) < dead else 1 if z >= 0 else -1)
        state = after
        states.append(state)
    return states


def transitions(states: list[int], data: Any) -> tuple[int, int, float]:
    """Distinct (state, byte) pairs, those met twice or more, and the share of pairs with one successor."""
    after: dict[tuple[int, int], list[int]] = {}
    for t in range(len(states) - 1):
        after.setdefault((states[t], int(data[t + 1])), []).append(states[t + 1])
    single = sum(len(set(found)) == 1 for found in after.values())
    return len(after), sum(len(found) > 1 for found in after.values()), single / len(after)


def held_out(states: list[int], data: Any) -> tuple[float, float]:
    """Share of steps into the second half whose pair the first half knows, and whose commonest successor is right."""
    known: dict[tuple[int, int], list[int]] = {}
    boundary, seen, right, steps = len(states) // 2, 0, 0, 0
    for t in range(1, len(states)):
        pair = states[t - 1], int(data[t])
        if t < boundary:
            known.setdefault(pair, []).append(states[t])
            continue
        steps += 1
        if pair in known:
            seen += 1
            met = known[pair]
            right += max(dict.fromkeys(met), key=met.count) == states[t]
    return seen / steps, right / steps
