"""Friendly input in, exact contiguous read-only arrays out; every message names what, rule, got."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._files import writable_file
from umrnn.errors import InputError

__all__ = ["contiguous", "integer", "offset_tuple", "positive", "writable_file"]


MOST = 10**6  # of whatever is counted out or done again: beyond, it is a slip of the finger, or fits no memory


def integer(name: str, value: Any, low: int, high: int | None = MOST) -> int:
    """``value`` as an int in ``[low, high]``; ``high=None``, for seeds and numbers of bytes, leaves the top open."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} must be an integer, got {value!r}")
    if value < low or (high is not None and value > high):
        bounds = f"at least {low}" if value < low else f"at most {MOST}"
        rule = bounds if high in (None, MOST) else f"in [{low}, {high}]"
        raise InputError(f"{name} must be {rule}, got {value}")
    return int(value)


def positive(name: str, value: float) -> float:
    """``value`` as a finite float above zero."""
    number = float(value)
    if not (number > 0 and np.isfinite(number)):
        raise InputError(f"{name} must be a finite number above 0, got {value}")
    return number


def offset_tuple(offsets: Iterable[int], length: int, *, least: int = 1, noun: str = "offset") -> tuple[int, ...]:
    """``offsets`` (or lags) as distinct integers in ``[least, length - 1]``, in the order given."""
    chosen = tuple(integer(f"every {noun}", d, least, None) for d in offsets)
    if not chosen:
        raise InputError(f"{noun}s must name at least one {noun}, got none")
    repeated = sorted({d for d in chosen if chosen.count(d) > 1})
    if repeated:
        raise InputError(f"{noun}s must be distinct, got {repeated[0]} more than once")
    if max(chosen) >= length:
        raise InputError(
            f"every {noun} must be shorter than the corpus of {length} bytes, got {max(chosen)}",
            hint=f"name smaller {noun}s or a longer corpus",
        )
    return chosen


def contiguous(array: Any, dtype: Any = None) -> NDArray[Any]:
    """C-contiguous read-only view (a copy only where needed), so that each kernel is compiled once."""
    view = np.ascontiguousarray(array, dtype=dtype).view()
    view.flags.writeable = False
    return view
