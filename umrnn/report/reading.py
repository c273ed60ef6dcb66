"""How a person reads a result: the figures that matter, the columns that matter, and what they say.

A :class:`Reading` belongs to a class of results and is made of names alone, so that a result read back from a file is
read alike. Results without one are shown with their first figures and as many columns as fit.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from umrnn.result import Result, Table

__all__ = ["Reading", "Seen", "View", "no_words"]


@dataclass(frozen=True)
class Seen:
    """A result as its closing sentences see it: figures by key, columns by name."""

    figures: Mapping[str, Any]
    tables: Mapping[str, Table]

    @classmethod
    def of(cls, result: Result) -> "Seen":
        """All of ``result``."""
        return cls(result.headline(), result.tables())

    def __getitem__(self, key: str) -> Any:
        return self.figures[key]

    def has(self, *keys: str) -> bool:
        """Whether all of these figures are there, and none is missing or not a number."""
        values = [self.figures.get(key) for key in keys]
        return all(value is not None and value == value for value in values)

    def column(self, table: str, name: str) -> list[Any]:
        """One column, or nothing where there is no such table."""
        found = self.tables.get(table)
        if found is None or name not in found.columns:
            return []
        return [row[found.columns.index(name)] for row in found.rows]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Rows as dictionaries, or nothing where there is no such table."""
        found = self.tables.get(table)
        return [] if found is None else [dict(zip(found.columns, row)) for row in found.rows]


def no_words(seen: Seen) -> Iterator[str]:
    """Says nothing: for results that speak for themselves."""
    return iter(())


@dataclass(frozen=True)
class View:
    """How a person reads one table.

    Parameters
    ----------
    columns : those that matter, most important first; a wide terminal gets more of the others.
    sort : a column to sort by, ``-`` before it for the largest first; None keeps the order.
    rows : how many to show.
    bar : a column whose values (0 or more) are drawn as bars too.
    whole : columns of prose, which fold rather than being cut short.
    """

    columns: tuple[str, ...] = ()
    sort: str | None = None
    rows: int = 10
    bar: str | None = None
    whole: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """How a person reads a result.

    Parameters
    ----------
    figures : key of the headline → its unit and a few words; shown in this order, the others under ``--verbose``.
    tables : name → view, of the tables shown; None shows all.
    says : the closing sentences, computed from what was found.
    """

    figures: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, View] | None = None
    says: Callable[[Seen], Iterator[str]] = no_words
