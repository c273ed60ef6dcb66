"""Results as plain Python values, ready for a machine format: no numpy scalars, no not-a-number, no bytes."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from umrnn.report.text import show_bytes, source_bytes

__all__ = ["python_value"]

_NO_UTF_8 = re.compile("[\udc80-\udcff]")


def python_value(value: Any) -> Any:
    """``value`` as null, bool, int, finite float, str, list or dict; bytes become ``{"text", "hex"}``."""
    if hasattr(value, "tolist"):  # numpy scalars and arrays, recognised without importing numpy
        value = value.tolist()
    if isinstance(value, str):
        return _unicode(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else None  # the sum turns -0.0 into 0.0
    if isinstance(value, bytes):
        return {"text": show_bytes(value), "hex": source_bytes(value).hex()}
    if isinstance(value, Mapping):
        return {str(key): python_value(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [python_value(item) for item in value]
    return str(value)


def _unicode(text: str) -> str:
    """``text`` as what UTF-8 can hold: a byte of a file's name that is no UTF-8 (Python has it as a half character) and
    any other half character become escapes.
    """
    named = _NO_UTF_8.sub(lambda found: rf"\x{ord(found[0]) - 0xDC00:02x}", text)
    return named.encode("utf-8", "backslashreplace").decode()
