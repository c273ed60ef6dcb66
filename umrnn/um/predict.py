"""Held-out scores: interpolated Witten-Bell along a tuple of offsets.

    P_k(y | c_k) = (n(c_k, y) + T(c_k) P_{k-1}(y | c_{k-1})) / (n(c_k) + T(c_k))

c_k is the context of the first k offsets in the order they were chosen, so the offset chosen last is dropped first;
n counts the training part, T(c) is the number of distinct bytes seen after c there, and P_{-1} = 1/256. The byte being
predicted decides nothing but which probability is read, so the scores are those of a proper distribution.
"""

import math

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.nulls import Split
from umrnn.um.cells import Cells

__all__ = ["held_out_bits"]


def held_out_bits(corpus: Corpus, offsets: tuple[int, ...], split: Split) -> list[float]:
    """Mean bits per byte on the held-out part for every prefix of ``offsets``, the empty one first.

    Parameters
    ----------
    corpus : counted up to the split, scored after it; contexts of scored bytes may reach back
    offsets : distinct, each >= 1, in the order in which they were chosen
    split : where scoring begins

    Returns
    -------
    list of len(offsets) + 1 floats, bits per byte; all prefixes are counted and scored on the positions that have
    every offset. NaN where the split leaves no such position to count or to score.

    Examples
    --------
    >>> periodic = Corpus.from_bytes(b"abc" * 200)
    >>> [round(bits, 2) for bits in held_out_bits(periodic, (1,), Split())]
    [1.6, 0.01]
    """
    first = max(offsets, default=0)
    boundary = split.boundary(len(corpus))
    scored = np.arange(max(boundary, first), len(corpus))
    if boundary <= first or len(scored) == 0:
        return [math.nan] * (len(offsets) + 1)
    probability = np.full(len(scored), 1 / 256)
    bits = []
    cells = Cells.whole(corpus, first)
    for offset in (None, *offsets):
        cells = cells if offset is None else cells.refined(offset)
        probability = _interpolate(cells, boundary, scored, probability)
        bits.append(float(-np.mean(np.log2(probability))))
    return bits


def _interpolate(
    cells: Cells, boundary: int, scored: NDArray[np.int64], shorter: NDArray[np.float64]
) -> NDArray[np.float64]:
    """P_k of the scored bytes from P_{k-1} of the same bytes (``shorter``), both of shape (scored,)."""
    patterns = cells.refined(0)
    context_of, pattern_of = cells.labels(), patterns.labels()
    seen_context = np.bincount(context_of[cells.members[cells.members < boundary]], minlength=len(cells))
    seen_pattern = np.bincount(pattern_of[cells.members[cells.members < boundary]], minlength=len(patterns))
    owner = context_of[patterns.members[patterns.starts[:-1]]]
    distinct = np.bincount(owner[seen_pattern > 0], minlength=len(cells))
    context, pattern = context_of[scored], pattern_of[scored]
    count, escape = seen_context[context], distinct[context]
    return np.where(count > 0, (seen_pattern[pattern] + escape * shorter) / np.maximum(count + escape, 1), shorter)
