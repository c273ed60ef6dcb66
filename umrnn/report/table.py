"""Tables for people, drawn by rich: the headline above, each table under its name, one line of provenance below.

Cells are ``Text``, never strings: corpus bytes such as ``[/]`` would be read as markup.
"""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text

from umrnn.report.text import MISSING, show, show_text
from umrnn.result import Result, Table

__all__ = ["print_table", "provenance_line", "to_text"]

_WIDE = 10_000  # columns: outside a terminal nothing is wrapped or cut
_RULE = box.Box("    \n    \n ── \n    \n    \n    \n    \n    \n")  # a line under the header, nothing else
_GAP = "   "  # between columns: padding, divider, padding
_PROSE = 12  # columns of a terminal that a folded cell needs at the least
_BOLD, _DIM = Style(bold=True), Style(dim=True)


def print_table(result: Result, tables: Mapping[str, Table]) -> None:
    """Draw on the terminal that standard output is; long cells fold, nothing is cut."""
    # NO_COLOR: rich keeps bold and dim; a reader who asks for none means no escape codes at all.
    console = Console(color_system=None) if os.environ.get("NO_COLOR") else Console()
    console.print(_drawing(result, tables, console.width))
    sys.stdout.flush()


def to_text(result: Result, tables: Mapping[str, Table]) -> str:
    """The same as plain text for a file or a pipe, as wide as it needs to be."""
    stream = io.StringIO()
    console = Console(file=stream, width=_WIDE, color_system=None, legacy_windows=False)
    console.print(_drawing(result, tables, _WIDE))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def provenance_line(provenance: Mapping[str, Any]) -> str:
    """Corpus, byte range, hash, model, version and seed in one line: ``siteinfo bytes 0:1024 · sha256 …``."""
    parts = []
    if corpus := provenance.get("corpus"):
        parts += [f"{show_text(corpus['name'])} bytes {corpus['start']}:{corpus['stop']}"]
        parts += [f"sha256 {corpus['sha256'][:12]}"]
    if model := provenance.get("model"):
        parts.append(f"model {show_text(str(model.get('name', '')))} {str(model.get('sha256', ''))[:12]}".rstrip())
    parts.append(f"umrnn {provenance['umrnn']}")
    if provenance.get("seed") is not None:
        parts.append(f"seed {provenance['seed']}")
    return " · ".join(parts)


def _drawing(result: Result, tables: Mapping[str, Table], width: int) -> Group:
    parts: list[RenderableType] = [_headline(result.headline())]
    for name, table in tables.items():
        # The name stands on its own line: a rich title wraps to the width of its table.
        parts += [Text(), Text(show_text(name), style=_BOLD), _grid(table, width)]
    return Group(*parts, Text(), Text(provenance_line(result.provenance), style=_DIM))


def _headline(figures: Mapping[str, Any]) -> Text:
    indent = 3 + max(map(len, figures), default=0)
    lines = (Text(f"{key}:".ljust(indent)).append(show(value), style=_BOLD) for key, value in figures.items())
    return Text("\n", overflow="fold").join(lines)


def _grid(table: Table, width: int) -> RenderableType:
    if not table.rows:
        return Text("(no rows)")
    grid = RichTable(box=_RULE, pad_edge=False, padding=(0, 1), show_edge=False, header_style=Style())
    cells = [[show(value) for value in column] for column in zip(*table.rows)]
    numeric = [_numeric(column) for column in zip(*table.rows)]
    # Numbers and the name of a row stay whole; prose folds first, unless the terminal is too narrow even for that.
    whole = [j == 0 or numeric[j] for j in range(len(cells))]
    widths = [max(len(name), *map(len, column)) + len(_GAP) for name, column in zip(table.columns, cells)]
    fits = sum(size if keep else _PROSE for size, keep in zip(widths, whole)) <= width
    for name, right, keep in zip(table.columns, numeric, whole):
        grid.add_column(
            Text(show_text(name)), justify="right" if right else "left", overflow="fold", no_wrap=keep and fits
        )
    for row in zip(*cells):
        grid.add_row(*map(Text, row))
    return grid


def _numeric(cells: Sequence[Any]) -> bool:
    """Whether a column is right-aligned: all it shows are numbers or dashes."""
    return all(show(cell) == MISSING or (_is_number(cell) and not isinstance(cell, bool)) for cell in cells)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) or (hasattr(cell, "dtype") and cell.dtype.kind in "iuf")
