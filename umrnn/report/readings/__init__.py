"""How a person reads each result: declared by the name of its class, one file per group of commands."""

from umrnn.report.reading import Reading
from umrnn.report.readings.flow import FLOW
from umrnn.report.readings.networks import NETWORKS
from umrnn.report.readings.neurons import NEURONS
from umrnn.report.readings.patterns import PATTERNS
from umrnn.report.readings.writing import WRITING
from umrnn.result import Result

__all__ = ["READINGS", "reading_of"]

READINGS: dict[str, Reading] = {**PATTERNS, **NETWORKS, **NEURONS, **FLOW, **WRITING}


def reading_of(result: Result) -> Reading:
    """The reading of the class of ``result``; of one read back from a file, that of the class it had."""
    return READINGS.get(result.kind, Reading())
