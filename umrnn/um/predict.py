"""Held-out scores: interpolated Witten-Bell along a tuple of offsets.

    P_k(y | c_k) = (n(c_k, y) + T(c_k) P_{k-1}(y | c_{k-1})) / (n(c_k) + T(c_k))

c_k is the context of the first k offsets in the order they were chosen, so the offset chosen last is dropped first;
n counts the training part, T(c) is the number of distinct bytes seen after c there, and P_{-1} = 1/256. The byte being
predicted decides nothing but which probability is read, so the scores are those of a proper distribution.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus, reads_text
from umrnn.nulls import Split
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.um.cells import Cells

__all__ = ["bits_from", "held_out_bits", "in_sample_bits", "prefix_scores"]


@reads_text
def held_out_bits(corpus: Corpus, offsets: tuple[int, ...], split: Split) -> float:
    """Mean bits per byte on the held-out part, with the contexts of ``offsets``; none of them is order 0.

    Parameters
    ----------
    corpus : counted up to the split, scored after it; contexts of scored bytes may reach back
    offsets : distinct, each >= 1, in the order in which they were chosen
    split : where scoring begins

    Returns
    -------
    bits per byte; every level of the interpolation is counted on the positions t >= max(offsets). NaN where the split
    leaves no such position to count or to score.

    Examples
    --------
    >>> periodic = Corpus.from_bytes(b"abc" * 200)
    >>> round(held_out_bits(periodic, (), Split()), 2), round(held_out_bits(periodic, (1,), Split()), 2)
    (1.6, 0.01)
    """
    boundary = split.boundary(len(corpus))
    return bits_from(corpus, offsets, boundary, boundary)


def bits_from(corpus: Corpus, offsets: tuple[int, ...], counted: int, first: int) -> float:
    """The same where the first ``counted`` bytes are counted, and those from ``first`` on are scored."""
    reach = max(offsets, default=0)
    scored = np.arange(max(first, reach), len(corpus))
    if counted <= reach or len(scored) == 0:
        return math.nan
    cells = Cells.whole(corpus, reach)
    probability = _interpolate(cells, counted, scored, np.full(len(scored), 1 / 256))
    for offset in offsets:
        cells = cells.refined(offset)
        probability = _interpolate(cells, counted, scored, probability)
    return float(-np.mean(np.log2(probability)))


def in_sample_bits(corpus: Corpus, offsets: tuple[int, ...], targets: NDArray[np.uint8] | None = None) -> float:
    """Mean bits per byte, by the same probabilities, of the bytes that were counted: all t >= max(offsets).

    Parameters
    ----------
    targets : shape (n - 1,), in place of the bytes at 1 … n - 1

    Examples
    --------
    >>> periodic = Corpus.from_bytes(b"abc" * 200)
    >>> round(in_sample_bits(periodic, ()), 2), round(in_sample_bits(periodic, (1,)), 2)
    (1.59, 0.0)
    """
    after = corpus.data if targets is None else np.concatenate((corpus.data[:1], targets))
    reach = max(offsets, default=0)
    if reach >= len(corpus):
        return math.nan
    cells = Cells.whole(corpus, reach)
    patterns, probability = cells, np.full(1, 1 / 256)
    for level in range(len(offsets) + 1):
        if level:
            cells = cells.refined(offsets[level - 1])
        shorter = patterns.labels()
        patterns = replace(cells, data=after).refined(0)
        lead = patterns.members[patterns.starts[:-1]]  # one position of each pattern
        context = cells.labels()[lead]
        escape = np.bincount(context, minlength=len(cells))[context]
        probability = (patterns.sizes + escape * probability[shorter[lead]]) / (cells.sizes[context] + escape)
    return float(-np.sum(patterns.sizes * np.log2(probability)) / len(cells.members))


def prefix_scores(corpus: Corpus, offsets: tuple[int, ...], split: Split, *, work: Work = Work()) -> list[float]:
    """:func:`held_out_bits` of every prefix of ``offsets``, the empty one first; len(offsets) + 1 values."""

    def scored(size: int) -> float:
        bits = held_out_bits(corpus, offsets[:size], split)
        work.progress.advance((size + 1) * len(corpus))
        return bits

    sizes = range(len(offsets) + 1)
    work.progress.start("held-out scores", sum(size + 1 for size in sizes) * len(corpus), "B")
    with pool(work.threads) as executor:
        scores = list(map_ordered(scored, sizes, executor))
    work.progress.finish()
    return scores


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
