"""Directions of state space along which a feature of the text can be read, taken out, and written in."""

from umrnn.interpret.directions.feature_sums import FeatureSums
from umrnn.interpret.directions.feature_values import feature_names, feature_values
from umrnn.interpret.directions.measures import (
    LINEAR,
    READS,
    SPAN,
    WRITTEN,
    DirectionMeasures,
    DirectionRead,
    Intervened,
)
from umrnn.interpret.directions.vectors import open_direction, unit

__all__ = [
    "LINEAR",
    "READS",
    "SPAN",
    "WRITTEN",
    "DirectionMeasures",
    "DirectionRead",
    "FeatureSums",
    "Intervened",
    "feature_names",
    "feature_values",
    "open_direction",
    "unit",
]
