"""Results for people: figures that matter, tables that fit, what they say, and where they are from.

All is ``Text``, never strings: corpus bytes such as ``[/]`` would be read as markup.
"""

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.text import Text

from umrnn.report.choice import Choice
from umrnn.report.person import Line, figure_lines, grids, left_tables
from umrnn.report.reading import Reading, Seen
from umrnn.report.readings import reading_of
from umrnn.report.text import show_text
from umrnn.result import Result, Table

__all__ = ["print_table", "provenance_line", "to_text"]

_USUAL = 80  # columns where nobody says how wide the reader's terminal is
_BOLD, _DIM = Style(bold=True), Style(dim=True)


def print_table(result: Result, tables: Mapping[str, Table], choice: Choice = Choice()) -> None:
    """Draw on the terminal that standard output is."""
    # NO_COLOR: rich keeps bold and dim; a reader who asks for none means no escape codes at all.
    console = Console(color_system=None) if os.environ.get("NO_COLOR") else Console()
    console.print(_drawing(result, tables, choice, console.width), crop=False)
    sys.stdout.flush()


def to_text(result: Result, tables: Mapping[str, Table], choice: Choice = Choice(), width: int | None = None) -> str:
    """The same as plain text for a file or a pipe; ``width`` None is what COLUMNS says, else 80."""
    columns = width or shutil.get_terminal_size((_USUAL, 24)).columns
    stream = io.StringIO()
    console = Console(file=stream, width=columns, color_system=None, legacy_windows=False)
    console.print(_drawing(result, tables, choice, columns), crop=False)
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


def _drawing(result: Result, tables: Mapping[str, Table], choice: Choice, width: int) -> Group:
    reading = reading_of(result)
    lines, more = figure_lines(result.headline(), reading, choice)
    parts: list[RenderableType] = [_headline(lines, more, width)]
    for grid in grids(tables, reading, choice, width):
        # The name stands on its own line: a rich title wraps to the width of its table.
        name = Text(show_text(grid.name), style=_BOLD)
        parts += [Text(), name.append(f" ({grid.note})" if grid.note else "", style=Style(bold=False, dim=True))]
        parts.append(Text("\n".join(grid.lines), no_wrap=True, overflow="ignore"))
    if left := _left(result, tables, reading, choice):
        parts += [Text(), Text(left, style=_DIM)]
    if said := list(reading.says(Seen.of(result))):
        parts += [Text(), *(Text(_wrapped(show_text(sentence), width)) for sentence in said)]
    return Group(*parts, Text(), Text(provenance_line(result.provenance), style=_DIM))


def _headline(lines: Sequence[Line], more: int, width: int) -> Text:
    """A line per figure: key, value, and what it is, folded under itself."""
    key = 2 + max((len(line.key) for line in lines), default=0)
    value = 2 + min(max((cell_len(line.value) for line in lines if line.words), default=0), 24)
    shown = Text(overflow="fold")
    for number, line in enumerate(lines):
        shown.append("\n" * (number > 0) + line.key.ljust(key)).append(line.value, style=_BOLD)
        if line.words:
            long = cell_len(line.value) + 2 > value  # what it is then stands below it
            gap = "\n" + " " * key if long else " " * (value - cell_len(line.value))
            indent = key if long else key + value
            folded = textwrap.wrap(line.words, max(20, width - indent))
            shown.append(gap + ("\n" + " " * indent).join(folded), style=_DIM)
    if more:
        shown.append(f"\n({more} more figure{'s' * (more > 1)}: --verbose)", style=_DIM)
    return shown


def _left(result: Result, tables: Mapping[str, Table], reading: Reading, choice: Choice) -> str:
    """Which tables are not shown to somebody who named none."""
    left = left_tables(result.tables(), reading, choice)
    if not left or choice.headline or set(tables) & set(left) or len(tables) + len(left) < len(result.tables()):
        return ""
    listed = ", ".join(f"{name} ({len(table.rows)})" for name, table in left.items())
    return f"More with --table or --verbose: {listed}"


def _wrapped(sentence: str, width: int) -> str:
    return "\n".join(textwrap.wrap(sentence, width, break_long_words=False, break_on_hyphens=False))
