"""How far back: the depth that a value, or a discovery, for each offset stands for."""

from collections.abc import Sequence
from math import e, isnan, nan

__all__ = ["FALSE_DISCOVERIES", "first_below", "last_discovery"]

FALSE_DISCOVERIES = 0.01  # the rate at which an offset counts as found


def first_below(values: Sequence[float]) -> int | None:
    """The published depth: the first offset whose value is below 1/e of the largest; None if none is.

    Examples
    --------
    >>> first_below([3.0, 2.0, 1.0]), first_below([1.0])
    (3, None)
    """
    known = [value for value in values if not isnan(value)]
    limit = max(known, default=nan) / e
    return next((k for k, value in enumerate(values, 1) if value < limit), None)


def last_discovery(q_values: Sequence[float]) -> int:
    """The largest offset that is a discovery; 0 for none.

    Examples
    --------
    >>> last_discovery([0.001, 0.5, 0.01, 0.2])
    3
    """
    return max((k for k, q in enumerate(q_values, 1) if q <= FALSE_DISCOVERIES), default=0)
