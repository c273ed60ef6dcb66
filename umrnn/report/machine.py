"""JSON and CSV for programs: full precision, null for not-a-number, never through rich (which wraps in a pipe)."""

import csv
import io
import json
import re
from typing import Any

from umrnn.report.plain import python_value
from umrnn.report.text import show_bytes, show_text, source_bytes
from umrnn.result import Result, Table

__all__ = ["to_csv", "to_json", "to_jsonl"]

_BEYOND_ASCII = re.compile("[^\x00-\x7e]")


def to_json(command: str, result: Result, tables: dict[str, Table]) -> str:
    """One JSON object on one line: ``command``, ``headline``, ``tables``, ``provenance``.

    Characters are written as themselves, but what a terminal would obey, such as a change of direction, as an escape.
    """
    record = {
        "command": command,
        "headline": result.headline(),
        "tables": {name: {"columns": table.columns, "rows": table.rows} for name, table in tables.items()},
        "provenance": result.provenance,
    }
    return _line(record)


def to_jsonl(table: Table) -> str:
    """One table, a JSON object per row."""
    return "".join(_line(dict(zip(table.columns, row))) for row in table.rows)


def to_csv(table: Table) -> str:
    """One table under a header row.

    A column of bytes becomes two, ``name`` (readable) and ``name_hex``. Missing values are empty cells, truth is
    ``true`` or ``false``, the members of a tuple are separated by commas, as options take them; what a terminal would
    obey is spelled out.
    """
    hex_too = [any(isinstance(row[j], bytes) for row in table.rows) for j in range(len(table.columns))]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(name for column, twice in zip(table.columns, hex_too) for name in _names(column, twice))
    for row in table.rows:
        writer.writerow(text for value, twice in zip(row, hex_too) for text in _cells(value, twice))
    return stream.getvalue()


def _line(record: Any) -> str:
    text = json.dumps(python_value(record), ensure_ascii=False, allow_nan=False)
    return (
        _BEYOND_ASCII.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text) + "\n"
    )


def _names(column: str, twice: bool) -> list[str]:
    return [column, f"{column}_hex"] if twice else [column]


def _cells(value: Any, twice: bool) -> list[str]:
    if isinstance(value, bytes):
        return [show_bytes(value), source_bytes(value).hex()]
    return [_cell(python_value(value)), ""] if twice else [_cell(python_value(value))]


def _cell(value: Any) -> str:
    """One value as CSV text; ``python_value`` has been here, so only its kinds occur."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return str(value["text"]) if "text" in value else json.dumps(value)
    return show_text(value) if isinstance(value, str) else repr(value)
