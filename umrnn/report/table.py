"""Tables for people, drawn by rich: the headline above, each table under its name, one line of provenance below.

All is ``Text``, never strings: corpus bytes such as ``[/]`` would be read as markup.
"""

import io
import os
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.text import Text

from umrnn.report.layout import lay_out
from umrnn.report.text import show, show_text
from umrnn.result import Result, Table

__all__ = ["print_table", "provenance_line", "to_text"]

_WIDE = 10_000  # columns: outside a terminal nothing is wrapped or cut
_BOLD, _DIM = Style(bold=True), Style(dim=True)


def print_table(result: Result, tables: Mapping[str, Table]) -> None:
    """Draw on the terminal that standard output is; long cells fold, nothing is cut."""
    # NO_COLOR: rich keeps bold and dim; a reader who asks for none means no escape codes at all.
    console = Console(color_system=None) if os.environ.get("NO_COLOR") else Console()
    console.print(_drawing(result, tables, console.width), crop=False)
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
        named = [show_text(str(model["name"]))] if model.get("name") else []
        parts.append(" ".join(["model", *named, str(model.get("sha256", ""))[:12]]).rstrip())
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
    blocks = ("\n".join(lines) for lines in lay_out(table, width))
    return Text("\n\n".join(blocks), no_wrap=True, overflow="ignore")
