"""Numbers as a person reads them: three significant digits, shares as percentages, bars."""

import math
from collections.abc import Sequence
from typing import Any

from umrnn.report.text import MISSING, Figure, show

__all__ = ["bar", "is_share", "percent", "plain", "read_cell", "three"]

_SHARES = ("share", "accuracy", "rate", "agreement", "fidelity")
_RATES_THAT_ARE_NONE = ("learning_rate",)
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def three(value: float | None) -> str:
    """A number in three significant digits.

    Examples
    --------
    >>> three(0.85714), three(14.8165), three(1234.5), three(1.0), three(4.2e-16), three(1023), three(None)
    ('0.857', '14.8', '1234', '1.00', '4.2e-16', '1023', '–')
    """
    if value is None or value != value:
        return MISSING
    if not isinstance(value, float) or math.isinf(value):
        return str(value)
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e7:
        return f"{value:.2g}"
    return f"{value:.0f}" if size >= 999.5 else f"{value:#.3g}".rstrip(".")


def percent(value: float | None) -> str:
    """A share in percent.

    Examples
    --------
    >>> percent(0.5742), percent(0.0081), percent(1.0), percent(0.99961), percent(0.0)
    ('57%', '0.8%', '100%', '99.96%', '0%')
    """
    if value is None or value != value:
        return MISSING
    share = 100 * value
    if share in (0, 100):
        return f"{share:.0f}%"
    if 99.5 <= share < 100:
        return f"{min(share, 99.99):.2f}%"
    return f"{share:.0f}%" if abs(share) >= 9.95 else f"{share:.1f}%"


def is_share(name: str) -> bool:
    """Whether what is called ``name`` is a share of a whole."""
    return name not in _RATES_THAT_ARE_NONE and any(part in _SHARES for part in name.split("_"))


def bar(value: float | None, largest: float, width: int = 8) -> str:
    """A bar of ``width`` characters for the largest value, in eighths of a character.

    Examples
    --------
    >>> bar(1, 1, 4), bar(0.53, 1, 4), bar(None, 1)
    ('████', '██▏', '')
    """
    if value is None or value != value or largest <= 0 or value <= 0:
        return ""
    eighths = round(8 * width * min(1.0, value / largest))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).strip()


def read_cell(name: str, value: Any) -> Any:
    """A cell or figure under ``name``, for a person: numbers shortened, all else as it is."""
    if hasattr(value, "dtype") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, float):
        shown = percent(value) if is_share(name) and -1 <= value <= 1 else three(value)
        return Figure("< .001" if name.endswith("p_value") and value < 0.001 else shown)
    return value


def plain(value: Any) -> str:
    """Any value in one line of text, for a sentence: a list as ``1, 8, 20``."""
    if isinstance(value, float):
        return three(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ", ".join(plain(item) for item in value)
    return show(value)
