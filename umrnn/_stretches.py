"""Where two byte strings hold the same stretch of one text: found by hashes in one pass, and compared byte by byte.

Write A, B for the strings, r for an odd number, sums modulo 2**64, r**-1 for the inverse of r. With the prefix sums
P_k = sum over i < k of B[i] r**i, and the suffix sums U_k = sum over i < k of A[n - 1 - i] r**-i, the last k bytes of A
equal the first k of B only if P_k = r**(k - 1) U_k. So all k are tried in one pass over both, in little memory.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST", "common_stretch"]

LEAST = 64  # bytes: shorter stretches are in two texts by chance
_BLOCK = 1 << 18
_ROOT = 0x9E3779B97F4A7C15  # any odd number
_WORD = 1 << 64

Bytes = NDArray[np.uint8]
Sums = NDArray[np.uint64]


def common_stretch(one: Bytes, other: Bytes) -> tuple[int, int] | None:
    """The range of ``other`` that is a stretch of the text of ``one`` as well, or None.

    Two stretches of one text overlap where one begins inside the other: one holds the other whole, or the end of one
    is the beginning of the other. Equal strings count whatever their length, all else from ``LEAST`` bytes on; bytes
    that merely occur in both, at different places, do not.

    Examples
    --------
    >>> text = np.arange(200, dtype=np.uint8)
    >>> common_stretch(text[:150], text[70:]), common_stretch(text[70:], text[:150]), common_stretch(text, text[:99])
    ((0, 80), (70, 150), (0, 99))
    >>> common_stretch(text[:100], text[100:]) is None
    True
    """
    m, n = len(one), len(other)
    if m == n and np.array_equal(one, other):
        return 0, n
    if m > n and _inside(one, other) is not None:
        return 0, n
    if m < n and (begin := _inside(other, one)) is not None:
        return begin, begin + m
    head, tail = _border(one, other), _border(other, one)
    if max(head, tail) == 0:
        return None
    return (0, head) if head >= tail else (n - tail, n)


def _border(one: Bytes, other: Bytes) -> int:
    """The largest k, ``LEAST`` <= k < both lengths, at which the end of ``one`` is the beginning of ``other``; or 0."""
    n, most = len(one), min(len(one), len(other)) - 1
    backwards = one[::-1]
    prefix, suffix = np.zeros((2, 1), np.uint64)  # arrays, not scalars: only they overflow without a warning
    found = []
    for (begin, power), (_, inverse) in zip(_powers(most, _ROOT), _powers(most, pow(_ROOT, -1, _WORD))):
        block = slice(begin, begin + len(power))
        prefixes = prefix + np.cumsum(other[block] * power, dtype=np.uint64)
        suffixes = suffix + np.cumsum(backwards[block] * inverse, dtype=np.uint64)
        found += (np.flatnonzero(prefixes == power * suffixes) + begin + 1)[-1:].tolist()
        prefix, suffix = prefixes[-1:], suffixes[-1:]
    likely = (k for k in reversed(found) if k >= LEAST)
    return next((k for k in likely if np.array_equal(one[n - k :], other[:k])), 0)


def _inside(whole: Bytes, part: Bytes) -> int | None:
    """Where ``part``, of at least ``LEAST`` bytes, stands in ``whole`` for the first time; or None."""
    m = len(part)
    if m < LEAST:
        return None
    if np.array_equal(whole[:m], part):
        return 0
    wanted, window = np.zeros((2, 1), np.uint64)
    for begin, power in _powers(m, _ROOT):
        wanted = wanted + np.sum(part[begin : begin + len(power)] * power, dtype=np.uint64)
        window = window + np.sum(whole[begin : begin + len(power)] * power, dtype=np.uint64)
    # The sum over whole[i : i + m] times r**i grows by the byte that comes in less the byte that goes out.
    entering = np.uint64(pow(_ROOT, m, _WORD))
    for begin, power in _powers(len(whole) - m, _ROOT):
        out, into = whole[begin : begin + len(power)], whole[begin + m : begin + m + len(power)]
        windows = window + np.cumsum((into * entering - out) * power, dtype=np.uint64)
        for place in (np.flatnonzero(windows == power * (wanted * np.uint64(_ROOT))) + begin + 1).tolist():
            if np.array_equal(whole[place : place + m], part):
                return int(place)
        window = windows[-1:]
    return None


def _powers(count: int, root: int) -> Iterator[tuple[int, Sums]]:
    """Where each block begins, and the powers root**i of its i, modulo 2**64."""
    first = np.full(min(count, _BLOCK), root, np.uint64)
    first[:1] = 1
    np.cumprod(first, out=first)
    for begin in range(0, count, _BLOCK):
        yield begin, first[: count - begin] * np.uint64(pow(root, begin, _WORD))
