"""The options commands share, as ``Annotated`` aliases, and the parsers of their values.

A value that cannot be parsed is a usage error (code 2); one that parses but does not fit the corpus is code 1.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from umrnn.errors import InputError

__all__ = [
    "Byte",
    "ByteRange",
    "CorpusOption",
    "FormatOption",
    "LagsOption",
    "ModelOption",
    "Offsets",
    "OffsetsOption",
    "OutputOption",
    "PermutationsOption",
    "RangeOption",
    "SeedOption",
    "StatesOption",
    "SymbolsOption",
    "TableOption",
    "ThreadsOption",
    "parse_byte",
    "parse_offsets",
    "parse_range",
]

_NUMBER = re.compile(r"[+-]?[0-9]+")
_POSITION = re.compile(r"([+-]?[0-9]+)([kMG]?)")
_THOUSANDS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


@dataclass(frozen=True)
class ByteRange:
    """``START:STOP`` as given; None is an empty side."""

    start: int | None = None
    stop: int | None = None


@dataclass(frozen=True)
class Offsets:
    """Offsets (or lags) as given, ``values`` in that order; a record, since Typer reads tuples its own way."""

    values: tuple[int, ...]


@dataclass(frozen=True)
class Byte:
    """One byte as given, by its value 0 … 255."""

    value: int


def parse_range(text: str) -> ByteRange:
    """``512:1024``, ``:64``, ``64:`` or ``:``; ``100k``, ``2M`` and ``1G`` are thousands, millions, billions."""
    sides = text.split(":")
    found = [_POSITION.fullmatch(side) for side in sides]
    if len(sides) != 2 or not all(side == "" or match for side, match in zip(sides, found)):
        raise typer.BadParameter(f"expected START:STOP, two byte positions (either may be left out), got {text!r}")
    return ByteRange(*(int(match[1]) * _THOUSANDS[match[2]] if match else None for match in found))


def parse_offsets(text: str) -> Offsets:
    """``1,8,20,3``."""
    parts = [part.strip() for part in text.split(",")]
    if not all(_NUMBER.fullmatch(part) for part in parts):
        raise typer.BadParameter(f"expected integers separated by commas, such as 1,8,20,3, got {text!r}")
    return Offsets(tuple(int(part) for part in parts))


def parse_byte(text: str) -> Byte:
    r"""One character, an escape such as ``\n`` or ``\x3c``, or a number such as ``0x3c`` or ``60``."""
    if text.isascii() and len(text) > 1:
        try:
            plain = text.encode().decode("unicode_escape") if text.startswith("\\") else chr(int(text, 0))
        except (ValueError, OverflowError):
            plain = text
    else:
        plain = text
    if len(text) == 1 and not text.isascii():
        raise typer.BadParameter(f"{text!r} is {len(text.encode())} bytes in UTF-8; name one, such as 0xc3")
    if len(plain) != 1 or ord(plain) > 255:
        raise typer.BadParameter(f"expected one byte, such as 'a', \\n or 0x3c, got {text!r}")
    return Byte(ord(plain))


def _check_threads(threads: int | None) -> int | None:
    if threads is not None and threads < 1:
        raise InputError(f"threads must be at least 1, got {threads}")
    return threads


CorpusOption = Annotated[
    str, typer.Option("--corpus", metavar="siteinfo|PATH|-", help="Bytes to read: generated, a file, or stdin.")
]
RangeOption = Annotated[
    ByteRange | None,
    typer.Option("--range", parser=parse_range, metavar="START:STOP", help="Only these bytes of the corpus."),
]
ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="PATH", help="Network to use. [default: the one that ships]")
]
StatesOption = Annotated[
    str | None,
    typer.Option(
        "--states", metavar="PATH", help="Read these states, a .npy array of a row per byte, not a network's."
    ),
]
SymbolsOption = Annotated[
    str | None,
    typer.Option(
        "--alphabet", metavar="PATH", help="JSON: --states has a row per symbol of this vocabulary, not byte."
    ),
]
OffsetsOption = Annotated[
    Offsets | None,
    typer.Option("--offsets", parser=parse_offsets, metavar="D,D,...", help="Offsets back from the predicted byte."),
]
LagsOption = Annotated[
    Offsets | None,
    typer.Option(
        "--lags",
        parser=parse_offsets,
        metavar="D,D,...",
        help="Lags back from the byte just read, 0 for that byte. [default: 0 to 24]",
    ),
]
PermutationsOption = Annotated[
    int, typer.Option("--permutations", metavar="N", help="Shuffles that simulate chance; 0 leaves the null out.")
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of every random draw.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        callback=_check_threads,
        help="Worker threads; no figure depends on it. [default: all processors]",
    ),
]
FormatOption = Annotated[
    Literal["table", "json", "jsonl", "csv"] | None,
    typer.Option("--format", help="How to write the result. [default: table on a terminal, else json]"),
]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output", metavar="PATH", help="Write the result there (.json, .jsonl, .csv, .txt) instead of stdout."
    ),
]
TableOption = Annotated[
    str | None, typer.Option("--table", metavar="NAME", help="Only this table; csv shows the first by default.")
]
