"""The exact mean of n log2 n when targets are shuffled: a hypergeometric sum. N = positions."""

import math

from umrnn._jit import kernel

_NEGLIGIBLE = 1e-18  # terms this small against the largest change no digit of a float64 sum


@kernel
def expected_weights(rows, columns, positions, out):
    """out[i, j] = mean of n log2 n over shuffles, n = how often a byte of count rows[i] meets one of columns[j].

    rows (r,), columns (c,) int64 >= 1; positions N; out (r, c) float64. n is hypergeometric; its probabilities are
    taken relative to that of the mode, stepping outwards by their ratio, so no factorial is ever formed.
    """
    for i in range(rows.shape[0]):
        for j in range(columns.shape[0]):
            out[i, j] = _expected_weight(rows[i], columns[j], positions)


@kernel
def _expected_weight(a, b, positions):
    lowest = max(0, a + b - positions)
    highest = min(a, b)
    mode = min(max((a + 1) * (b + 1) // (positions + 2), lowest), highest)
    mass = 1.0
    total = _weight(mode)
    term = 1.0
    n = mode
    while n < highest and term > _NEGLIGIBLE:
        term *= float(a - n) * float(b - n) / (float(n + 1) * float(positions - a - b + n + 1))
        n += 1
        mass += term
        total += term * _weight(n)
    term = 1.0
    n = mode
    while n > lowest and term > _NEGLIGIBLE:
        term *= float(n) * float(positions - a - b + n) / (float(a - n + 1) * float(b - n + 1))
        n -= 1
        mass += term
        total += term * _weight(n)
    return total / mass


@kernel
def _weight(n):
    return n * math.log2(n) if n > 1 else 0.0
