"""Mutual information between the byte at one offset and the next byte, for many offsets."""

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Split
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.um.cells import weight
from umrnn.um.counts import offset_counts
from umrnn.um.kernels import chance as kernels
from umrnn.um.reachable import reachable

__all__ = ["OffsetInformation", "mutual_information"]


@dataclass(frozen=True)
class Information:
    """I(next byte; byte at the offset) in bits: plug-in, bias-corrected, mean of the null, and held out."""

    offset: int
    positions: int
    mi_bits: float
    corrected_bits: float
    null_bits: float
    excess_bits: float
    held_out_bits: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OffsetInformation(Result):
    """Mutual information at every offset, most informative first in the headline."""

    offsets: tuple[Information, ...]

    def headline(self) -> dict[str, Any]:
        """The offset with most information in excess of its null, smaller offsets first among equals."""
        best = max(self.offsets, key=lambda row: (row.excess_bits, -row.offset))
        return {
            "best_offset": best.offset,
            "mi_bits": best.mi_bits,
            "corrected_bits": best.corrected_bits,
            "null_bits": best.null_bits,
            "excess_bits": best.excess_bits,
            "held_out_bits": best.held_out_bits,
        }

    def tables(self) -> dict[str, Table]:
        """``offsets``: a row per offset."""
        return {"offsets": Table.of_records(self.offsets, Information)}


@reads_text
def mutual_information(
    corpus: Corpus,
    max_offset: int | None = None,
    *,
    split: Split = Split(),
    work: Work = Work(),
) -> OffsetInformation:
    """I(x[t]; x[t - d]) in bits for d = 1 … ``max_offset`` (64, or as far as the corpus allows), from pair counts.

    ``mi_bits`` is the plug-in estimate, too large by about (r - 1)(c - 1) / (2 N ln 2) for r by c observed symbols;
    ``corrected_bits`` is the Miller-Madow estimate, which uses the number of occupied cells; ``null_bits`` is the exact
    mean of the plug-in estimate over all shuffles of the next bytes (hypergeometric, no sampling), ``excess_bits`` what
    lies above it: on sparse tables the correction falls far short of the bias, the null does not. ``held_out_bits`` is
    what knowing the byte saves on the held-out part under Witten-Bell estimates of the counted part, and may be
    negative. Memory and all but the counting itself do not grow with the corpus.

    Raises
    ------
    InputError
        If ``max_offset`` is below 1 or not shorter than the corpus.

    Examples
    --------
    >>> result = mutual_information(Corpus.siteinfo(), 8)
    >>> result.headline()["best_offset"]
    1
    """
    max_offset = integer("max-offset", reachable(max_offset, 64, corpus), 1)
    if max_offset >= len(corpus):
        raise InputError(
            f"max-offset must be shorter than the corpus of {len(corpus)} bytes, got {max_offset}",
            hint="name a smaller --max-offset or a longer corpus",
        )
    boundary = split.boundary(len(corpus))
    offsets = range(1, max_offset + 1)
    counted = _tables(corpus, offsets, 0, boundary, work)
    scored = _tables(corpus, offsets, boundary, len(corpus), work)
    work.progress.start("null of mutual information", max_offset, "offsets")

    def measure(index: int) -> Information:
        return _information(offsets[index], counted[index], scored[index])

    rows = []
    with pool(work.threads) as executor:
        for row in map_ordered(measure, range(max_offset), executor):
            rows.append(row)
            work.progress.advance(1)
    work.progress.finish()
    settings = {"max_offset": max_offset, "held_out_from": corpus.start + boundary}
    known = provenance(corpus, parameters=settings, threads=work.threads)
    return OffsetInformation(provenance=known, offsets=tuple(rows))


def _tables(corpus: Corpus, offsets: range, start: int, stop: int, work: Work) -> NDArray[np.int64]:
    """Pair counts of the targets in ``[start, stop)``, zero where the range is empty."""
    if start == stop:
        return np.zeros((len(offsets), 256, 256), np.int64)
    return offset_counts(corpus, offsets, start=start, stop=stop, work=work).counts


def _information(offset: int, counted: NDArray[np.int64], scored: NDArray[np.int64]) -> Information:
    table = counted + scored
    positions = int(table.sum())
    before, after = table.sum(axis=1), table.sum(axis=0)
    margins = weight(before) + weight(after) - positions * math.log2(positions)
    plug_in = max(0.0, (weight(table) - margins) / positions)
    occupied = int(np.count_nonzero(table)) - int(np.count_nonzero(before)) - int(np.count_nonzero(after)) + 1
    bias = occupied / (2 * positions * math.log(2))
    null = max(0.0, (_expected_weight(before, after, positions) - margins) / positions)
    return Information(
        offset, positions, plug_in, plug_in - bias, null, plug_in - null, _held_out_gain(counted, scored)
    )


def _expected_weight(before: NDArray[np.int64], after: NDArray[np.int64], positions: int) -> float:
    """Mean over shuffles of the sum of n log2 n over the table; equal margins are worked out once."""
    rows, row_times = np.unique(before[before > 0], return_counts=True)
    columns, column_times = np.unique(after[after > 0], return_counts=True)
    means = np.empty((len(rows), len(columns)))
    kernels.expected_weights(rows, columns, positions, means)
    return float(row_times @ means @ column_times)


def _held_out_gain(counted: NDArray[np.int64], scored: NDArray[np.int64]) -> float:
    """Mean of log2 P(y | x) / P(y) over the scored pairs, both Witten-Bell estimates of the counted pairs."""
    if counted.sum() == 0 or scored.sum() == 0:
        return math.nan
    marginal = counted.sum(axis=0)
    alone = (marginal + np.count_nonzero(marginal) / 256) / (marginal.sum() + np.count_nonzero(marginal))
    seen, escape = counted.sum(axis=1, keepdims=True), np.count_nonzero(counted, axis=1)[:, np.newaxis]
    given = np.where(seen > 0, (counted + escape * alone) / np.maximum(seen + escape, 1), alone)
    return float(np.sum(scored * np.log2(given / alone)) / scored.sum())
