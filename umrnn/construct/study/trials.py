"""The row of order 0 beside constructions that are fitted to the whole text."""

from dataclasses import replace

from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row, order_0

__all__ = ["order_0_of_all"]


def order_0_of_all(holdout: Holdout) -> Row:
    """The row of order 0 whose ``bpc`` is that of the whole text, as those of the others are."""
    row = order_0(holdout, published=True)
    return replace(row, bpc=row.published_bpc, null_bpc=row.published_bpc, published_bpc=None, published_null_bpc=None)
