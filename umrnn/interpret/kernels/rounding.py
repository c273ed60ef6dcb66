"""States in fewer bits. H = hidden neurons, T = positions in this call, p = mantissa bits of the dtype (23 or 52).

A value is rounded on its bits: add half a step (0 truncates), keep some bits, write others. float16 has 10 mantissa
bits down to 2^-14; below, it counts in steps of 2^-24, and so does the sum of a value and 1.5 * 2^(p - 24).
"""

from typing import Any, NamedTuple

import numpy as np

from umrnn._jit import kernel
from umrnn.rnn.kernels.forward import activate
from umrnn.rnn.kernels.records import Bytes, Floats, Parameters

__all__ = ["Rounding", "round_states", "run_rounded"]


class Rounding(NamedTuple):
    """How a value is rounded; masks are arrays of one cell, in the unsigned integer as wide as the dtype."""

    half: Any  # (1,) half of the last step kept; 0 truncates towards zero
    shift: Any  # (1,) place of the last bit kept, where ties go to even
    keep: Any  # (1,) mask of the bits kept
    write: Any  # (1,) bits written
    least: Floats  # (1,) values nearer to 0 are rounded by ``magic`` instead; 0 for none
    magic: Floats  # (1,) a number whose last bit is worth the step wanted near 0


@kernel
def round_states(rounding: Rounding, values: Floats, words: Any) -> None:
    """Round values (n,) in place; words (n,) are the same memory as unsigned integers."""
    half, shift, keep, write = rounding.half[0], rounding.shift[0], rounding.keep[0], rounding.write[0]
    least, magic = rounding.least[0], rounding.magic[0]
    one = keep // keep  # 1 in the type of the masks: a literal would turn uint64 into float64
    for i in range(values.shape[0]):
        value = values[i]
        if abs(value) < least:
            values[i] = (value + magic) - magic
        else:
            word = words[i]
            if half > 0:
                word += half - one + ((word >> shift) & one)
            words[i] = (word & keep) | write


@kernel
def run_rounded(
    data: Bytes, weights: Parameters, W_h_transposed: Floats, rounding: Rounding, z: Floats, h: Floats, words: Any
) -> None:
    """Fill z (T, H) and h[1:] (T + 1, H) as ``run_states``, each state rounded before it is fed back.

    words (T + 1, H) is the memory of h as unsigned integers; h[0] is taken as it is.
    """
    for t in range(data.shape[0]):
        np.dot(h[t], W_h_transposed, z[t])
        activate(weights.W_x[np.int64(data[t])], weights.b_h, z[t], h[t + 1])
        round_states(rounding, h[t + 1], words[t + 1])
