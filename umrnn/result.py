"""Result: what every public function returns. Nothing here renders; ``report/`` does.

A result has a **headline** (a few scalars with their units in the name), **tables** (named columns and rows of plain
Python values) and a **provenance** (what was measured, on which bytes, by which version).
"""

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import umrnn
from umrnn.corpus import Corpus
from umrnn.parallel import workers

__all__ = ["Result", "Table", "provenance"]


@dataclass(frozen=True)
class Table:
    """Rows under named columns; cells are None, bool, int, float, str, bytes, or tuples of these."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> "Table":
        """Freeze any iterables into a table."""
        return cls(tuple(columns), tuple(tuple(row) for row in rows))

    @classmethod
    def of_records(cls, records: Iterable[Any], columns: Sequence[str] | type[Any]) -> "Table":
        """A row per record: its attributes (or properties) named by ``columns``, or all fields of a dataclass.

        Examples
        --------
        >>> Table.of_records([1 + 2j], ("real", "imag"))
        Table(columns=('real', 'imag'), rows=((1.0, 2.0),))
        """
        names = [field.name for field in fields(columns)] if isinstance(columns, type) else columns
        return cls.of(names, ((getattr(record, name) for name in names) for record in records))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Result(ABC):
    """Base of all results; subclasses are frozen records that say their headline and their tables.

    ``screen`` names the tables that a person is shown who asked for none; None is all of them.
    """

    screen: ClassVar[tuple[str, ...] | None] = None

    provenance: Mapping[str, Any]

    @abstractmethod
    def headline(self) -> dict[str, Any]:
        """A few scalars (or short lists), units in the name; the keys are a contract."""

    @abstractmethod
    def tables(self) -> dict[str, Table]:
        """Named tables of plain Python values."""

    def __repr__(self) -> str:
        figures = ", ".join(f"{key}={_short(value)}" for key, value in self.headline().items())
        return f"{type(self).__name__}({figures})"


def provenance(
    corpus: Corpus | None,
    *,
    parameters: Mapping[str, Any],
    seed: int | None = None,
    threads: int | Executor | None = None,
    model: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All that is needed to repeat a measurement: version, parameters, corpus hash and range, model hash, seed."""
    import numpy

    return {
        "umrnn": umrnn.__version__,
        "python": sys.version.split()[0],
        "numpy": numpy.__version__,
        "corpus": corpus.provenance() if corpus is not None else None,
        "model": dict(model) if model is not None else None,
        "parameters": dict(parameters),
        "seed": seed,
        "threads": workers(threads),
    }


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)
