"""Tables cut and sorted as the reader asked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from umrnn.errors import InputError
from umrnn.report.choice import Choice
from umrnn.result import Table

__all__ = ["cut", "ordered"]


def cut(tables: Mapping[str, Table], choice: Choice) -> dict[str, Table]:
    """Tables with the columns, order and number of rows that were asked for by name; all else stays.

    Raises
    ------
    InputError
        If no table has a column of such a name.
    """
    known = {name for table in tables.values() for name in table.columns}
    asked = [*choice.columns, *([choice.sort.removeprefix("-")] if choice.sort else [])]
    for name in asked:
        if tables and name not in known:
            raise InputError(f"no table shown has a column {name}", hint=f"columns: {', '.join(sorted(known))}")
    return {name: _cut(table, choice) for name, table in tables.items()}


def ordered(table: Table, sort: str | None) -> Table:
    """``table`` with its rows sorted by a column that it has, missing values last; else as it is."""
    name = (sort or "").removeprefix("-")
    if name not in table.columns:
        return table
    index, down = table.columns.index(name), str(sort).startswith("-")
    there = [row for row in table.rows if not _missing(row[index])]
    there.sort(key=lambda row: row[index], reverse=down)
    return replace(table, rows=(*there, *(row for row in table.rows if _missing(row[index]))))


def _missing(value: Any) -> bool:
    return value is None or bool(value != value)


def _cut(table: Table, choice: Choice) -> Table:
    kept = [table.columns.index(name) for name in choice.columns if name in table.columns]
    rows = ordered(table, choice.sort).rows[: choice.rows]
    if not kept:
        return replace(table, rows=rows)
    return Table.of([table.columns[j] for j in kept], ([row[j] for j in kept] for row in rows))
