"""Codes of bytes: each of the 256 bytes as a short row of signs, by six designs."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous, integer
from umrnn.corpus import ALPHABET
from umrnn.errors import InputError

__all__ = ["DESIGNS", "LARGEST_CODE", "SEMANTIC", "bit_names", "byte_codes", "code_groups", "usual_bits"]

Codes = NDArray[np.int8]

DESIGNS = ("mixed", "random", "bits", "semantic", "hybrid", "degenerate")
LARGEST_CODE = 2048  # bits: as many neurons as a network may have

_MULTIPLIER, _STEP = 0x45D9F3B, 2654435761  # the second is 2^32 divided by the golden ratio
_PER_BYTE, _PER_BIT = 2654435761, 40503  # both odd, so the lowest bit of a sum sees only the lowest bits


# The eight classes of the semantic design: 10 codes. The published eight, with 11 codes, are not known.
_CLASSES = (
    ("letter", "A-Za-z"),
    ("upper case", "A-Z"),
    ("vowel", "AEIOUaeiou"),
    ("digit", "0-9"),
    ("white space", r" \t\n\v\f\r"),
    ("markup", "<>/&"),
    ("sentence mark", ".,;:!?"),
    ("128 and above", r"\x80-\xff"),
)
SEMANTIC: tuple[tuple[str, frozenset[int]], ...] = tuple(
    (f"{name} [{members}]", frozenset(b"".join(re.findall(f"[{members}]".encode(), bytes(range(ALPHABET))))))
    for name, members in _CLASSES
)


def byte_codes(design: str, bits: int, seed: int = 0) -> Codes:
    """A row of ``bits`` signs for each byte x.

    ==========  ===================================================================================================
    mixed       lowest bit of a 32-bit hash of x and the number j of the sign: h = x; mix; h += j * 2654435761; mix,
                where mix is h = ((h >> 4) ^ h) * 0x45d9f3b, then h ^= h >> 16
    random      each sign a random half of the 256 bytes, drawn from ``seed``
    bits        sign j is bit j of x, at most eight
    semantic    sign j is class j of :data:`SEMANTIC`, at most eight
    hybrid      eight semantic signs, after ``bits`` - 8 mixed ones
    degenerate  lowest bit of x * odd + j * odd: two codes, whatever the length; the first design of the source
    ==========  ===================================================================================================

    Parameters
    ----------
    bits : signs in a code, in [1, 2048]; more than 8 for hybrid

    Returns
    -------
    array
        shape (256, bits), int8, of -1 and +1.

    Raises
    ------
    InputError
        If the design is unknown or does not come with so many bits.

    Examples
    --------
    >>> [len(code_groups(byte_codes("mixed", bits))) for bits in (8, 16)]
    [170, 253]
    """
    if design not in DESIGNS:
        raise InputError(f"hash must be one of {', '.join(DESIGNS)}, got {design}")
    integer("bits", bits, 1, LARGEST_CODE)
    if design in ("bits", "semantic") and bits > 8:
        raise InputError(f"bits must be at most 8 for the hash {design}, got {bits}", hint="take mixed or random")
    if design == "hybrid" and bits <= 8:
        raise InputError(f"bits must be more than 8 for the hash hybrid, got {bits}: eight of them are semantic")
    ones: NDArray[Any]
    x, j = np.arange(ALPHABET, dtype=np.uint32)[:, None], np.arange(bits, dtype=np.uint32)[None, :]
    match design:
        case "mixed":
            ones = _mixed(_mixed(x) + j * np.uint32(_STEP)) & 1
        case "random":
            order = np.random.default_rng(integer("seed", seed, 0, None)).random((ALPHABET, bits)).argsort(axis=0)
            ones = order < ALPHABET // 2
        case "bits":
            ones = x >> j & 1
        case "degenerate":
            ones = x * np.uint32(_PER_BYTE) + j * np.uint32(_PER_BIT) & 1
        case "semantic":
            ones = np.array([[b in members for _, members in SEMANTIC[:bits]] for b in range(ALPHABET)])
        case _:
            return contiguous(np.hstack((byte_codes("mixed", bits - 8), byte_codes("semantic", 8))))
    return contiguous(np.where(ones, 1, -1), np.int8)


def usual_bits(design: str) -> int:
    """Signs per code where nobody says: 8, for hybrid 16.

    Examples
    --------
    >>> usual_bits("hybrid")
    16
    """
    return 16 if design == "hybrid" else 8


def bit_names(design: str, bits: int) -> tuple[str, ...]:
    """What each sign stands for, as a table names it.

    Examples
    --------
    >>> bit_names("hybrid", 10)[:3]
    ('mixed 0', 'mixed 1', 'letter [A-Za-z]')
    """
    semantic = tuple(name for name, _ in SEMANTIC)
    if design == "semantic":
        return semantic[:bits]
    plain = tuple(f"{'mixed' if design == 'hybrid' else design} {j}" for j in range(bits))
    return plain[: bits - 8] + semantic if design == "hybrid" else plain


def code_groups(codes: Codes) -> list[tuple[int, ...]]:
    """Bytes with the same code, group by group in the order of their first byte; one group per distinct code."""
    groups: dict[bytes, list[int]] = {}
    for byte, code in enumerate(codes):
        groups.setdefault(code.tobytes(), []).append(byte)
    return [tuple(group) for group in groups.values()]


def _mixed(h: NDArray[Any]) -> NDArray[Any]:
    """Two steps of mixing in arithmetic modulo 2^32."""
    product: NDArray[Any] = (h >> np.uint32(4) ^ h) * np.uint32(_MULTIPLIER)
    mixed: NDArray[Any] = product ^ product >> np.uint32(16)
    return mixed
