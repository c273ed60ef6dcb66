"""Pointwise mutual information of the pairs a reading meets."""

from math import nan

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.progress import Work
from umrnn.um.counts import offset_counts

__all__ = ["pointwise_information"]

Floats = NDArray[np.float64]


def pointwise_information(
    corpus: Corpus,
    positions: NDArray[np.int64],
    offsets: int,
    *,
    stop: int | None = None,
    work: Work = Work(),
) -> Floats:
    """PMI_d of (x[t - d + 1], x[t + 1]) in bits, shape (P, D), from the pairs whose second byte lies before ``stop``.

    Minus infinity for a pair that was not counted, NaN where t - d + 1 < 0. ``stop`` is at least 1.

    Examples
    --------
    >>> pointwise_information(Corpus.from_bytes(b"abab"), np.array([2]), 1).round(6).tolist()
    [[1.415037]]
    """
    end = len(corpus) if stop is None else stop
    after = corpus.data[positions + 1]
    out = np.full((len(positions), offsets), nan)
    reach = min(offsets, len(corpus) - 1)
    tables = offset_counts(corpus, range(reach + 1), stop=end, work=work)
    counts = tables.table(0).diagonal()
    for d in range(1, reach + 1):
        known = positions - d + 1 >= 0
        before, next_byte = corpus.data[positions[known] - d + 1], after[known]
        pairs = tables.table(d)[before, next_byte]
        with np.errstate(divide="ignore"):
            joint = np.log2(pairs) - np.log2(max(1, end - d))
            alone = np.log2(counts[before]) + np.log2(counts[next_byte]) - 2 * np.log2(end)
            out[known, d - 1] = np.where(pairs > 0, joint - np.where(pairs > 0, alone, 0), -np.inf)
    return out
