"""Memory depth: many short contexts run side by side, the spread of their predictions, runs in fewer mantissa bits."""

from umrnn.interpret.contexts.batches import Contexts, divergence, other_seen
from umrnn.interpret.contexts.precision_depth import Deviation, PrecisionDepth, depth_limits
from umrnn.interpret.contexts.spread import Spread, group_spread

__all__ = [
    "Contexts",
    "Deviation",
    "PrecisionDepth",
    "Spread",
    "depth_limits",
    "divergence",
    "group_spread",
    "other_seen",
]
