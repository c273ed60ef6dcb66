"""OffsetFit: a fit that reads bytes at fixed offsets; and the table of what it read, and how far its draws differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from umrnn.construct.study import Measured
from umrnn.corpus import Corpus
from umrnn.result import Table
from umrnn.rnn.readout import Readout
from umrnn.rnn.weights import Elman

__all__ = ["OffsetFit", "draws_table"]


@dataclass(frozen=True, eq=False)
class OffsetFit:
    """What reads the bytes at ``offsets``; a fit as :class:`umrnn.construct.study.Fit` has it.

    Parameters
    ----------
    model : what predicts; None where no file could hold it
    bpc : mean loss on the positions fitted
    score : mean loss on the bytes of a corpus from an index on
    """

    model: Elman | Readout | None
    offsets: tuple[int, ...]
    bpc: float
    seconds: float
    score: Callable[[Corpus, int], float]
    detail: str = ""

    def bits(self, corpus: Corpus, first: int) -> float:
        """Mean loss in bits on the bytes of ``corpus`` from index ``first`` on."""
        return self.score(corpus, first)


def draws_table(measured: Sequence[Measured[OffsetFit]]) -> Table:
    """A row per entry: the offsets read, on the counted text and on the whole, and the spread over random draws."""
    columns = ("detail", "offsets", "published_offsets", *measured[0].spread())
    rows = (
        (each.row.detail, each.fit.offsets, each.published_fits[0].offsets, *each.spread().values())
        for each in measured
    )
    return Table.of(columns, rows)
