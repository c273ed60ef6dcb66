"""The patterns worth looking at, each with its counts, its gain and places to read it in the corpus."""

from dataclasses import dataclass

import numpy as np

from umrnn._validate import integer
from umrnn.corpus import Corpus
from umrnn.nulls import Split
from umrnn.result import Table
from umrnn.um.cells import Cells
from umrnn.um.patterns import Patterns

__all__ = ["Listing", "pattern_table"]

_EXAMPLE = 32  # bytes shown before the predicted byte, at most
_PLACES = 5  # places listed of each pattern
_COLUMNS = (
    "context", "next", "count", "held_out_count", "context_count", "probability", "gain_bits", "example", "places",
)  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """Which patterns a table lists: the ``top`` by bits saved, among those seen ``min_count`` times.

    Examples
    --------
    >>> Listing(top=3)
    Listing(top=3, min_count=2)
    """

    top: int = 10
    min_count: int = 2

    def __post_init__(self) -> None:
        integer("top", self.top, 0)
        integer("min-count", self.min_count, 1, None)


def pattern_table(corpus: Corpus, cells: Cells, offsets: tuple[int, ...], wanted: Listing, split: Split) -> Table:
    """The ``wanted`` patterns, by bits saved against the bytes' own frequencies.

    Parameters
    ----------
    cells : refined by every offset and then by the next byte

    Returns
    -------
    Table with, per pattern: the bytes at the offsets in their order, the next byte, how often the two occur together
    (in all and in the held-out part), how often the context occurs, P(next | context), the gain
    n(c, y) log2 (P(y | c) / P(y)) in bits, the text that leads up to the first occurrence, and the first places, as
    positions of the next byte in the source.
    """
    patterns = Patterns.of_cells(cells, offsets)
    gains = patterns.gains()
    listed = np.flatnonzero(patterns.counts >= wanted.min_count)
    listed = listed[np.argsort(-gains[listed], kind="stable")][: wanted.top]
    rows_of = np.diff(np.append(patterns.context_starts, len(patterns)))
    context_counts = np.repeat(patterns.context_counts, rows_of)
    boundary = split.boundary(len(cells.data))
    reach = min(_EXAMPLE, max(offsets, default=0))
    rows = []
    for row in listed.tolist():
        members = cells.members[cells.starts[row] : cells.starts[row + 1]]
        first = int(members[0])
        rows.append(
            (
                patterns.contexts[row].tobytes(),
                patterns.targets[row : row + 1].tobytes(),
                int(patterns.counts[row]),
                int(np.count_nonzero(members >= boundary)),
                int(context_counts[row]),
                float(patterns.counts[row] / context_counts[row]),
                float(gains[row]),
                cells.data[max(0, first - reach) : first + 1].tobytes(),
                tuple((corpus.start + members[:_PLACES]).tolist()),
            )
        )
    return Table.of(_COLUMNS, rows)
