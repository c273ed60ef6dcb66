"""What fewer bits cost: states rounded, single bits flipped, and the rounding error followed along a run."""

from umrnn.interpret.rounding.error_growth import (
    ErrorGrowth,
    FloatDifference,
    error_growth,
    float_differences,
    mean_log_ratio,
)
from umrnn.interpret.rounding.leverage import BitLeverage, bit_leverage
from umrnn.interpret.rounding.representation import Representation, represented_bits, rounded_bits

__all__ = [
    "BitLeverage",
    "ErrorGrowth",
    "FloatDifference",
    "Representation",
    "bit_leverage",
    "error_growth",
    "float_differences",
    "mean_log_ratio",
    "represented_bits",
    "rounded_bits",
]
