"""Projection pursuit as its definitions say, position by position."""

import numpy as np


def moments(before, read, deltas, mean, spread):
    """Per byte: sums of s e' and s s', with s the standardised state before and a 1."""
    cross, square = {}, {}
    for state, byte, delta in zip(before, read.tolist(), deltas):
        s = np.append((state - mean) / spread, 1.0)
        cross[byte] = cross.get(byte, 0) + np.outer(s, delta)
        square[byte] = square.get(byte, 0) + np.outer(s, s)
    return cross, square


def gain(gate, direction, before, read, deltas):
    """|sum of feature * e|^2 over the sum of its squares, the feature a(x) v.s; ``before`` has its 1 already."""
    feature = gate[read] * (before @ direction)
    explained = feature @ deltas
    return float(explained @ explained / (feature @ feature))
