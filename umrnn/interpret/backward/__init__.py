"""Predictions followed back through time: gradients by lag, weights used, chains of weights, shares of past bytes."""

from umrnn.interpret.backward.chains import Chain, Link, chain_positions, chains, weights_touched
from umrnn.interpret.backward.follow import (
    Followed,
    Follower,
    Stretch,
    checked_depth,
    checked_position,
    in_stretches,
    shuffle_bytes,
    states_at,
    usual_null,
)
from umrnn.interpret.backward.integrated import Baseline, PastByte, PastBytes, Sharing, past_bytes
from umrnn.interpret.backward.sparsity import ActiveWeights, Depth, Sparsity, sparsity

__all__ = [
    "ActiveWeights",
    "Baseline",
    "Chain",
    "Depth",
    "Followed",
    "Follower",
    "Link",
    "PastByte",
    "PastBytes",
    "Sharing",
    "Sparsity",
    "Stretch",
    "chain_positions",
    "chains",
    "checked_depth",
    "checked_position",
    "in_stretches",
    "past_bytes",
    "shuffle_bytes",
    "sparsity",
    "states_at",
    "usual_null",
    "weights_touched",
]
