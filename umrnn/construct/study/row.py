"""The one table that all constructions stand in."""

import time
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.study.holdout import Parts
from umrnn.corpus import Corpus
from umrnn.result import Table

__all__ = ["COLUMNS", "Row", "as_table", "order_0"]


@dataclass(frozen=True)
class Row:
    """What one construction predicts, on which grounds, and what it cost.

    Parameters
    ----------
    construction : the procedure
    detail : its parameters: offsets, hash, read-out, …
    bpc : in-sample, by the published procedure: fitted, and where it says so tuned, on the bytes scored
    held_out_bpc : fitted *and* tuned on the first part alone, scored on the second; None where nothing was held out
    null_bpc : in-sample again, with the targets in random order (``Null.shuffled``): what it learns by heart of nothing
    seconds : to build, with the counting; scoring, null and held-out fit left out
    bytes_read : bytes of corpus that the in-sample construction has seen

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


COLUMNS = tuple(field.name for field in fields(Row))


def as_table(rows: Iterable[Row]) -> Table:
    """``rows`` under the seven columns they all have."""
    return Table.of(COLUMNS, (astuple(row) for row in rows))


def order_0(parts: Parts) -> Row:
    """The bytes' own frequencies, (count + ½) / (n + 128): what every construction must beat.

    Examples
    --------
    >>> round(order_0(Parts.halves(Corpus.siteinfo())).held_out_bpc, 2)
    5.08
    """

    def loss(counted: Corpus, scored: NDArray[np.uint8]) -> float:
        counts = np.bincount(counted.data, minlength=256)
        return float(-np.mean(np.log2((counts[scored] + 0.5) / (len(counted) + 128))))

    began = time.perf_counter()
    bpc = loss(parts.text, parts.text.data[1:])
    seconds = time.perf_counter() - began
    held_out = loss(parts.counted, parts.scored.data[parts.first :])
    return Row("order 0", "frequencies of the bytes", bpc, held_out, bpc, seconds, len(parts.text))
