"""Sums of each neuron over many states, of all or of each class, and their spread. H = neurons."""

import numpy as np

from umrnn._jit import kernel

__all__ = ["add_by_class", "add_squares", "add_states"]


@kernel
def add_states(states, total):
    """total[j] += sum over t of states[t, j]. states (m, H); total (H,) float64."""
    for t in range(states.shape[0]):
        for j in range(total.shape[0]):
            total[j] += np.float64(states[t, j])


@kernel
def add_squares(states, centre, rest, squares, moved):
    """rest[j] += sum of states[t, j] - centre[j]; squares[j] += sum of its square; moved[j] = 1 if it ever changes.

    states (m, H); centre (H,) of the same dtype; rest, squares (H,) float64; moved (H,) uint8.
    """
    for t in range(states.shape[0]):
        for j in range(rest.shape[0]):
            difference = np.float64(states[t, j]) - np.float64(centre[j])
            rest[j] += difference
            squares[j] += difference * difference
            moved[j] |= np.uint8(states[t, j] != states[0, j])


@kernel
def add_by_class(h, labels, sums):
    """sums[labels[t], j] += h[t, j]. h (T, H), labels (T,) int32, sums (C, H) float64."""
    for t in range(h.shape[0]):
        label = np.int64(labels[t])
        for j in range(h.shape[1]):
            sums[label, j] += np.float64(h[t, j])
