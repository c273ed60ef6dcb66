"""Result: what every public function returns. Nothing here renders; ``report/`` does.

A result has a **headline** (a few scalars with their units in the name), **tables** (named columns and rows of plain
Python values) and a **provenance** (what was measured, on which bytes, by which version).
"""

import html
import importlib
import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import umrnn
from umrnn._files import write_atomically
from umrnn.corpus import Corpus
from umrnn.errors import InputError, MissingExtra
from umrnn.parallel import workers

__all__ = ["Result", "SavedResult", "Table", "provenance"]

_SHOWN = 8  # figures of a result in one line of Python
_ROWS = 10  # of each table in a notebook


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
    """Base of all results; subclasses are frozen records that say their headline and their tables."""

    provenance: Mapping[str, Any]

    @abstractmethod
    def headline(self) -> dict[str, Any]:
        """A few scalars (or short lists), units in the name; the keys are a contract."""

    @abstractmethod
    def tables(self) -> dict[str, Table]:
        """Named tables of plain Python values."""

    @property
    def kind(self) -> str:
        """The name of the class of results this is."""
        return type(self).__name__

    def to_frame(self, table: str | None = None) -> Any:
        """One table, by default the first, as a data frame of pandas, or of polars where pandas is not installed.

        Raises
        ------
        InputError
            If there is no such table.
        MissingExtra
            If neither library is installed.
        """
        tables = self.tables()
        name = next(iter(tables), None) if table is None else table
        if name not in tables:
            raise InputError(f"table must be one of {', '.join(tables) or 'none'}, got {name}")
        found = tables[name]
        columns = {column: [row[j] for row in found.rows] for j, column in enumerate(found.columns)}
        for library in ("pandas", "polars"):
            try:
                return importlib.import_module(library).DataFrame(columns)
            except ImportError:
                continue
        raise MissingExtra("pandas or polars", "frames")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a JSON file that :meth:`load` reads back."""
        tables = {name: {"columns": table.columns, "rows": table.rows} for name, table in self.tables().items()}
        record = {"kind": self.kind, "headline": self.headline(), "tables": tables, "provenance": self.provenance}
        data = json.dumps(record, default=_written).encode("utf-8", "surrogatepass")
        write_atomically(Path(path), lambda stream: stream.write(data))

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "SavedResult":
        """Read what :meth:`save` wrote, or what a command wrote as JSON.

        Raises
        ------
        InputError
            If the file holds no result.
        """
        try:
            record = json.loads(Path(path).read_bytes(), object_hook=_read_back)
            tables = {
                str(name): Table.of(table["columns"], (map(_frozen, row) for row in table["rows"]))
                for name, table in record["tables"].items()
            }
            figures = {str(key): _frozen(value) for key, value in record["headline"].items()}
            return SavedResult(
                kind_saved=str(record.get("kind", "")),
                figures=figures,
                saved_tables=tables,
                provenance=record["provenance"],
            )
        except OSError as problem:
            raise InputError(f"{path} cannot be read: {problem.strerror or problem}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InputError(
                f"{path} holds no result", hint="results are written by save, or by --format json"
            ) from None

    def __repr__(self) -> str:
        """The first figures, how many more there are, and the tables with their sizes."""
        figures = self.headline()
        shown = [f"{key}={_short(value)}" for key, value in list(figures.items())[:_SHOWN]]
        more = [f"{len(figures) - _SHOWN} more figures"] if len(figures) > _SHOWN else []
        sizes = [f"{name} {len(table.rows)}×{len(table.columns)}" for name, table in self.tables().items()]
        return f"{self.kind}({', '.join(shown + more)})" + (f" with {', '.join(sizes)}" if sizes else "")

    def _repr_html_(self) -> str:
        """The figures and the first rows of each table, for a notebook."""
        parts = [f"<h4>{html.escape(self.kind)}</h4>", _html(Table.of(("figure", "value"), self.headline().items()))]
        for name, table in self.tables().items():
            more = len(table.rows) - _ROWS
            parts.append(f"<h5>{html.escape(name)}{f' ({more} more rows)' if more > 0 else ''}</h5>")
            parts.append(_html(table))
        return "\n".join(parts)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SavedResult(Result):
    """A result that was read back from a file: its figures and tables, whatever class it had."""

    kind_saved: str
    figures: Mapping[str, Any]
    saved_tables: Mapping[str, Table]

    @property
    def kind(self) -> str:
        """The name of the class the result had when it was written; nothing where a command wrote it."""
        return self.kind_saved

    def headline(self) -> dict[str, Any]:
        """The figures as they were."""
        return dict(self.figures)

    def tables(self) -> dict[str, Table]:
        """The tables as they were."""
        return dict(self.saved_tables)


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


def _written(value: Any) -> Any:
    """What JSON does not know: bytes, arrays and numbers of NumPy; all else by its text."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _read_back(record: dict[str, Any]) -> Any:
    return bytes.fromhex(record["hex"]) if set(record) in ({"hex"}, {"hex", "text"}) else record


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _cell(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value if isinstance(value, str) else _short(value)


def _html(table: Table) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.columns)
    rows = ("".join(f"<td>{html.escape(_cell(value))}</td>" for value in row) for row in table.rows[:_ROWS])
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
