"""Alphabet: which byte stands for each symbol of a network over characters.

umrnn reads bytes. A network over V <= 256 other symbols becomes one over bytes in which every symbol *is* one byte: a
symbol of one byte (ASCII) is that byte, any other character takes a byte that is free, those from 128 on first. A text
is **recoded**: where all symbols are ASCII it stays as it is. Bytes that stand for no symbol are impossible: nothing
is read from them, and their logit is so low that their probability is 0.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import ALPHABET, Corpus, byte_counts
from umrnn.errors import InputError

__all__ = ["IMPOSSIBLE", "Alphabet"]

IMPOSSIBLE = -1e4  # a logit: e^-10000 is 0 in float64, and a difference of this size is still exact in float32
_SHOWN = 12  # characters of an unknown text in a message


@dataclass(frozen=True)
class Alphabet:
    r"""The symbols of a network in its own order.

    Parameters
    ----------
    symbols : V distinct strings, at most 256; those of more than one character (``<pad>``) occur in no text

    Examples
    --------
    >>> alphabet = Alphabet(("a", "é", "b"))
    >>> alphabet.codes, alphabet.encode("bébé")
    ((97, 128, 98), b'b\x80b\x80')
    """

    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.symbols) <= ALPHABET:
            raise InputError(f"an alphabet must have 1 to {ALPHABET} symbols, one byte each, got {len(self.symbols)}")
        repeated = {symbol for symbol in self.symbols if self.symbols.count(symbol) > 1}
        if repeated or "" in self.symbols:
            got = f"{min(repeated)!r} more than once" if repeated else "the empty one"
            raise InputError(f"symbols of an alphabet must be distinct and not empty, got {got}")

    @classmethod
    def in_file(cls, path: str | os.PathLike[str]) -> "Alphabet":
        """From a JSON file: a list or a string of characters, or an object from character to number or back.

        Numbers count from 0, without gaps. Objects within (``itos``, ``stoi``, ``vocab``, ``char_to_idx`` …) are found.

        Raises
        ------
        InputError
            If the file cannot be read as one of these.
        """
        try:
            content = json.loads(Path(path).read_bytes())
        except (OSError, ValueError, RecursionError) as problem:
            raise InputError(f"{path} cannot be read as JSON: {' '.join(str(problem).split())}") from None
        symbols = _symbols(content)
        if symbols is None:
            raise InputError(
                f"{path} must hold an alphabet: a list of characters, or an object from character to number or back"
            )
        try:
            return cls(symbols)
        except InputError as problem:
            raise InputError(f"{path}: {problem.message}") from None

    @classmethod
    def read(cls, record: Any) -> "Alphabet | None":
        """What :meth:`record` wrote; None where it is anything else."""
        symbols = record.get("symbols") if isinstance(record, Mapping) else None
        try:
            whole = isinstance(symbols, list) and all(isinstance(symbol, str) for symbol in symbols)
            return cls(tuple(symbols)) if whole and symbols else None
        except InputError:
            return None

    def record(self) -> dict[str, Any]:
        """What a file holds, for JSON."""
        return {"symbols": list(self.symbols)}

    def __len__(self) -> int:
        return len(self.symbols)

    @cached_property
    def codes(self) -> tuple[int, ...]:
        """The byte of each symbol, in the order of the network."""
        own = {ord(symbol) for symbol in self.symbols if len(symbol) == 1 and ord(symbol) < 128}
        free = (byte for byte in (*range(128, ALPHABET), *range(128)) if byte not in own)
        return tuple(ord(s) if len(s) == 1 and ord(s) < 128 else next(free) for s in self.symbols)

    @cached_property
    def is_ascii(self) -> bool:
        """Whether every symbol is its own byte, so that a text need not be recoded."""
        return all(len(symbol) == 1 and ord(symbol) < 128 for symbol in self.symbols)

    @cached_property
    def spellings(self) -> dict[int, str]:
        """The symbol of each byte that stands for one."""
        return dict(zip(self.codes, self.symbols))

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Bytes that the symbol of each byte takes in UTF-8, shape (256,); 0 for impossible bytes."""
        lengths = np.zeros(ALPHABET, np.int64)
        for code, symbol in self.spellings.items():
            lengths[code] = len(symbol.encode("utf-8", "surrogatepass"))
        return lengths

    @cached_property
    def _points(self) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Code points of the symbols that a text can hold, ascending, and their bytes; a point beyond all ends them."""
        pairs = sorted((ord(symbol), code) for code, symbol in self.spellings.items() if len(symbol) == 1)
        points, codes = zip(*pairs, (0x110000, 0))
        return np.array(points, np.uint32), np.array(codes, np.uint8)

    def encode(self, text: str) -> bytes:
        """The byte of each character.

        Raises
        ------
        InputError
            If a character is not in the alphabet.
        """
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        known, codes = self._points
        at = np.searchsorted(known, points).clip(max=len(known) - 1)
        if strange := np.flatnonzero(known[at] != points)[:1].tolist():
            raise InputError(_unknown(text[strange[0]], strange[0], text))
        return bytes(codes[at])

    def decode(self, codes: bytes) -> str:
        """The text of bytes that stand for symbols; any other byte becomes U+FFFD."""
        return "".join(self.spellings.get(code, "�") for code in codes)

    def recode(self, corpus: Corpus) -> Corpus:
        """``corpus``, UTF-8, one byte per symbol; itself where all symbols are ASCII, else positions are of symbols.

        Raises
        ------
        InputError
            If it holds anything that is not in the alphabet, or is not UTF-8.
        """
        if self.is_ascii:
            known = np.zeros(ALPHABET, bool)
            known[list(self.codes)] = True
            strange = np.flatnonzero(byte_counts(corpus.data) * ~known)
            if len(strange):
                at = int(np.argmax(corpus.data == strange[0]))
                raise InputError(f"{corpus.name}: " + _unknown(chr(strange[0]), corpus.start + at, None))
            return corpus
        try:
            text = corpus.data.tobytes().decode("utf-8")
        except UnicodeDecodeError as problem:
            raise InputError(
                f"{corpus.name} is not UTF-8 at byte {corpus.start + problem.start}, and the alphabet has characters",
                hint="a --range must not cut a character in two",
            ) from None
        try:
            return Corpus.from_bytes(self.encode(text), name=corpus.name)
        except InputError as problem:
            raise InputError(f"{corpus.name}: {problem.message}", problem.hint) from None


def _unknown(character: str, at: int, text: str | None) -> str:
    where = f", before {text[at : at + _SHOWN]!r}" if text else ""
    return f"{character!r} at {at} is not in the alphabet of the network{where}"


def _symbols(content: Any, depth: int = 0) -> tuple[str, ...] | None:
    """The symbols in what a JSON file holds, in the order of their numbers."""
    if isinstance(content, str):
        return tuple(content) or None
    if isinstance(content, list):
        if content and all(isinstance(item, str) for item in content):
            return tuple(content)
        return tuple(map(chr, content)) if content and _are_bytes(content) else None
    if not isinstance(content, Mapping) or not content or depth > 2:
        return None
    if all(type(number) is int for number in content.values()):
        return _in_order({number: str(symbol) for symbol, number in content.items()}, len(content))
    if all(isinstance(symbol, str) and number.isdigit() for number, symbol in content.items()):
        return _in_order({int(number): symbol for number, symbol in content.items()}, len(content))
    within = [_symbols(item, depth + 1) for item in content.values() if not isinstance(item, str)]
    found = {symbols for symbols in within if symbols is not None}
    return found.pop() if len(found) == 1 else None


def _in_order(named: Mapping[int, str], count: int) -> tuple[str, ...] | None:
    return tuple(named[number] for number in range(count)) if sorted(named) == list(range(count)) else None


def _are_bytes(items: Iterable[Any]) -> bool:
    """ASCII numbers; what lies above may be Latin-1 or a part of UTF-8, which a list of numbers does not say."""
    return all(type(item) is int and 0 <= item < 128 for item in items)
