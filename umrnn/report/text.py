"""How bytes, strings and numbers are written for people; every renderer uses these and nothing else."""

import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["MISSING", "Figure", "show", "show_bytes", "show_number", "show_text", "source_bytes", "spell"]

MISSING = "–"


class Figure(str):
    """A number that is written already, as it shall be shown: set to the right like one."""


def _spelling(byte: int) -> str:
    special = {0x0A: r"\n", 0x20: "␣", 0x5C: r"\\"}
    return special.get(byte) or (chr(byte) if 0x20 < byte < 0x7F else rf"\x{byte:02x}")


_PLAIN = tuple(_spelling(byte) for byte in range(256))
_spellings = _PLAIN
_symbols: dict[int, str] = {}


def spell(symbols: Mapping[int, str] | None) -> None:
    """From now on show these symbols for the bytes that stand for them (``Alphabet.spellings``); None: bytes again."""
    global _spellings
    _symbols.clear()
    _symbols.update(symbols or {})
    shown = {byte: show_text(symbol) for byte, symbol in _symbols.items() if len(symbol) > 1 or ord(symbol) > 126}
    _spellings = tuple(shown.get(byte, _PLAIN[byte]) for byte in range(256))


def source_bytes(data: bytes) -> bytes:
    """What ``data`` stands for in the source: itself, or the UTF-8 of its symbols."""
    if not _symbols:
        return data
    return b"".join(_symbols[b].encode("utf-8", "surrogatepass") if b in _symbols else bytes((b,)) for b in data)


def show_bytes(data: bytes) -> str:
    r"""Corpus bytes as one line of text from which they can be read back.

    What can be printed stands for itself, a character of UTF-8 too where all its bytes are there; a space is ``␣``, a
    newline ``\n``, a backslash ``\\``, any other byte ``\xNN``.

    Examples
    --------
    >>> print(show_bytes(b'\xa9<a b="\xc3\xa9">\n\xe2\x82'))
    \xa9<a␣b="é">\n\xe2\x82
    """
    if _symbols or data.isascii():
        return "".join(_spellings[byte] for byte in data)
    return "".join(_shown_character(c) for c in data.decode("utf-8", "surrogateescape"))


def _shown_character(character: str) -> str:
    """A character that is read off its terminal as itself, or else the bytes it is made of."""
    if (
        not character.isascii()
        and character.isprintable()
        and character != "␣"
        and not unicodedata.combining(character)
    ):
        return character
    return "".join(_PLAIN[byte] for byte in character.encode("utf-8", "surrogateescape"))


def show_text(text: str) -> str:
    """``text`` with whatever a terminal would obey instead of print (escape codes, newlines) spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def show_number(value: float, digits: int = 6) -> str:
    """Integers in full, other numbers with ``digits`` significant digits, or six if their integer part has more.

    Not-a-number is a dash, and there is no negative zero.

    Examples
    --------
    >>> show_number(4.738924831), show_number(1234567), show_number(float("nan"))
    ('4.73892', '1234567', '–')
    """
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return MISSING
    # 12345.6 in four digits would be 1.235e+04: longer, and worse to read.
    return f"{value + 0.0:.{digits if abs(value) < 10**digits else 6}g}"


def show(value: Any, digits: int = 6) -> str:
    """Write any cell or headline value for a person."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return show_bytes(value)
    if isinstance(value, str):
        return show_text(value)
    if isinstance(value, Iterable):
        return ",".join(show(item, digits) for item in value) or MISSING
    return show_number(value, digits)
