"""Memory depth: many short contexts run side by side, the spread of their predictions, runs in fewer mantissa bits."""

from umrnn.interpret.contexts.batches import Contexts, divergence, other_seen
from umrnn.interpret.contexts.depths import FALSE_DISCOVERIES, first_below, last_discovery
from umrnn.interpret.contexts.precision_depth import Deviation, PrecisionDepth, depth_limits
from umrnn.interpret.contexts.spread import Spread, group_spread

__all__ = [
    "FALSE_DISCOVERIES",
    "Contexts",
    "Deviation",
    "PrecisionDepth",
    "Spread",
    "depth_limits",
    "divergence",
    "first_below",
    "group_spread",
    "last_discovery",
    "other_seen",
]
