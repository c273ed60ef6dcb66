"""Runs of a network after one byte is replaced by another, and how they differ from the run as it was."""

from umrnn.interpret.replaced.effects import PositionEffects, WholeEffects, position_effects, whole_effects
from umrnn.interpret.replaced.runs import Replacement, checked_positions, other_kind, replacements

__all__ = [
    "PositionEffects",
    "Replacement",
    "WholeEffects",
    "checked_positions",
    "other_kind",
    "position_effects",
    "replacements",
    "whole_effects",
]
