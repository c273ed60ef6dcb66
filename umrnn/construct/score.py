"""The one table that all constructions stand in."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

from umrnn.result import Table

__all__ = ["COLUMNS", "Row", "as_table"]


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
