"""A result cut down to what a person reads on one screen; what was left out is said, with the option that shows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len, set_cell_size

from umrnn.report.choice import Choice
from umrnn.report.cuts import cut, ordered
from umrnn.report.figures import bar, read_cell
from umrnn.report.layout import fits, lay_out
from umrnn.report.reading import Reading, View
from umrnn.report.text import Figure, show, show_text
from umrnn.result import Table

__all__ = ["Grid", "Line", "figure_lines", "grids", "left_tables"]

_PART = 3  # of the width: what one cell may take before it is cut short
_FIGURES = 8  # of a headline nobody has described
_WIDE = 100  # columns of a terminal from which there is room for what does not matter
_NO_END = 10**9
_SPARE = 2  # rows beyond the number asked for that are shown rather than counted


@dataclass(frozen=True)
class Line:
    """One figure of a headline."""

    key: str
    value: str
    words: str


@dataclass(frozen=True)
class Grid:
    """A table as it is drawn: its name, what is left out of it, its lines."""

    name: str
    note: str
    lines: list[str]


def figure_lines(figures: Mapping[str, Any], reading: Reading, choice: Choice) -> tuple[list[Line], int]:
    """The figures that matter, and how many others there are."""
    keys = [key for key in reading.figures if key in figures] or list(figures)[:_FIGURES]
    keys = [key for key in keys if figures[key] is not None] or keys
    if choice.verbose:
        keys += [key for key in figures if key not in keys]
    lines = [Line(key, show(_read(key, figures[key], choice)), reading.figures.get(key, "")) for key in keys]
    return lines, len(figures) - len(lines)


def left_tables(tables: Mapping[str, Table], reading: Reading, choice: Choice) -> dict[str, Table]:
    """Of ``tables`` those that a person is not shown who named none."""
    if reading.tables is None or choice.verbose:
        return {}
    return {name: table for name, table in tables.items() if name not in reading.tables}


def grids(tables: Mapping[str, Table], reading: Reading, choice: Choice, width: int) -> Iterator[Grid]:
    """Every table as it is drawn in ``width`` columns."""
    views = reading.tables or {}
    cut(tables, choice)  # refuses a column that no table has
    for name, table in tables.items():
        view = views.get(name, View())
        shown = ordered(table, choice.sort or view.sort)
        rows = _rows(shown, view, choice)
        if not rows.rows:
            yield Grid(name, "", ["(no rows)"])
            continue
        if choice.all:
            lines = [line for block in lay_out(rows, width) for line in [*block, ""]][:-1]
            yield Grid(name, "", lines)
            continue
        picked = _picked(rows, view, choice, width)
        lines = lay_out(picked, width)[0]
        yield Grid(name, _note(table, picked, choice.sort or view.sort, not choice.columns), lines)


def _rows(table: Table, view: View, choice: Choice) -> Table:
    if choice.all:
        return table
    wanted = view.rows if choice.rows is None else choice.rows
    spare = _SPARE if choice.rows is None else 0
    return table if len(table.rows) <= wanted + spare else replace(table, rows=table.rows[:wanted])


def _picked(table: Table, view: View, choice: Choice, width: int) -> Table:
    """The columns that matter, as many as fit, and others where there is room."""
    asked = [name for name in choice.columns if name in table.columns]
    first = asked or [name for name in view.columns if name in table.columns]
    others = [name for name in table.columns if name not in first] if width >= _WIDE or not first else []
    order = asked or [*first, *others]
    kept: list[str] = []
    for name in order:
        if not kept or name in asked or fits(_read_table(table, [*kept, name], view, width), width):
            kept.append(name)
        elif name in first and len(kept) > 1:  # what matters less never takes the place of what matters
            break
    return _read_table(table, kept, view, width)


def _read_table(table: Table, names: list[str], view: View, width: int) -> Table:
    """Some columns as a person reads them, a bar after the one that is drawn."""
    columns: list[tuple[str, list[Any]]] = []
    for name in names:
        values = [row[table.columns.index(name)] for row in table.rows]
        longest = _NO_END if name in view.whole else width // _PART
        columns.append((name, [_short(read_cell(name, value), longest) for value in values]))
        if name == view.bar:
            numbers = [value for value in values if value is not None and value == value]
            largest = max(numbers, default=0)
            columns.append(("", [bar(value, largest) for value in values]))
    return Table.of([name for name, _ in columns], zip(*(values for _, values in columns)))


def _short(value: Any, longest: int) -> Any:
    """``value``, or its beginning where it would take more than ``longest`` columns."""
    if isinstance(value, Figure | int | float):
        return value
    text = show(tuple(read_cell("", item) for item in value)) if isinstance(value, tuple | list) else show(value)
    if cell_len(text) <= longest:
        return value if not isinstance(value, tuple | list) else text
    return set_cell_size(text, longest - 1).rstrip() + "…"


def _note(table: Table, shown: Table, sort: str | None, count_columns: bool) -> str:
    """How the rows are sorted and what is left out."""
    name = (sort or "").removeprefix("-")
    parts = [f"by {show_text(name)}"] if name in table.columns else []
    if more := len(table.rows) - len(shown.rows):
        parts.append(f"{more} more row{'s' * (more > 1)}: --all")
    hidden = sum(name not in shown.columns for name in table.columns)
    if hidden and count_columns:
        parts.append(f"{hidden} more column{'s' * (hidden > 1)}" + ("" if more else ": --all"))
    return ", ".join(parts)


def _read(key: str, value: Any, choice: Choice) -> Any:
    if choice.verbose and choice.all:
        return value
    if isinstance(value, tuple | list):
        return tuple(read_cell(key, item) for item in value)
    return read_cell(key, value)
