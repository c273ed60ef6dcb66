"""How a person reads each result: declared by the name of its class, one file per group of commands."""

from umrnn.report.reading import Reading
from umrnn.result import Result

__all__ = ["READINGS", "reading_of"]

READINGS: dict[str, Reading] = {}


def reading_of(result: Result) -> Reading:
    """The reading of the class of ``result``; of one read back from a file, that of the class it had."""
    return READINGS.get(result.kind, Reading())
