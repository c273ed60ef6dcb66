"""The one table that all constructions stand in."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.study.holdout import Holdout
from umrnn.corpus import Corpus, byte_counts
from umrnn.result import Table
from umrnn.um.marginal import smoothed_shares

__all__ = ["COLUMNS", "PUBLISHED_COLUMNS", "Row", "as_table", "order_0"]

PUBLISHED_COLUMNS = ("published_bpc", "published_null_bpc")
COLUMNS = (
    *("construction", "detail", "bpc", "held_out_bpc", "null_bpc"),
    *PUBLISHED_COLUMNS,
    *("seconds", "bytes_read"),
)


@dataclass(frozen=True)
class Row:
    """What one construction predicts, on which grounds, and what it cost.

    Parameters
    ----------
    construction : the procedure
    detail : its parameters: offsets, hash, read-out, …
    bpc : loss on the counted text, of the fit to the counted text
    held_out_bpc : loss of that same fit on the bytes held out; None where nothing was, or where it is infinite
    null_bpc : loss on the counted text of the same procedure, fitted to targets in random order: what it memorises
        where there is nothing to learn
    seconds : to build, with the counting; scoring, null and other fits left out
    bytes_read : of the counted text, the same for all rows of a table; a fit that saw only some of them says so in its
        ``detail``
    published_bpc : by the source's own procedure, fitted to the whole text and scored on it
    published_null_bpc : by that procedure again, on shuffled targets of the whole text

    Examples
    --------
    >>> Row("bigram", "128 signs", 2.1, bytes_read=1024).held_out_bpc is None
    True
    """

    construction: str
    detail: str
    bpc: float | None
    held_out_bpc: float | None = None
    null_bpc: float | None = None
    seconds: float | None = None
    bytes_read: int | None = None
    published_bpc: float | None = None
    published_null_bpc: float | None = None


def as_table(rows: Iterable[Row]) -> Table:
    """``rows`` under the columns they all have; those of published figures only if one of them has such a figure."""
    found = tuple(rows)
    published = any(getattr(row, name) is not None for row in found for name in PUBLISHED_COLUMNS)
    return Table.of_records(found, [name for name in COLUMNS if published or name not in PUBLISHED_COLUMNS])


def order_0(holdout: Holdout, *, published: bool = False) -> Row:
    """The bytes' own frequencies, (count + ½) / (n + 128): what every construction must beat.

    Parameters
    ----------
    published : also those of the whole text, on it: for tables that have such figures

    Examples
    --------
    >>> round(order_0(Holdout.of(Corpus.siteinfo())).held_out_bpc, 2)
    5.08
    """

    def loss(counted: Corpus, scored: NDArray[np.uint8]) -> float:
        return float(-np.mean(np.log2(smoothed_shares(byte_counts(counted.data)))[scored]))

    began, counted, whole = time.perf_counter(), holdout.counted, holdout.whole
    bpc = loss(counted, counted.data[1:])
    seconds = time.perf_counter() - began
    held_out = loss(counted, holdout.scored.data[holdout.first :])
    source = loss(whole, whole.data[1:]) if published else None
    return Row("order 0", "frequencies of the bytes", bpc, held_out, bpc, seconds, len(counted), source, source)
