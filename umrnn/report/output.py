"""The one sink of results: the format is chosen once, the destination checked before the work, stdout kept clean."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from umrnn._files import writable_file, write_atomically
from umrnn.errors import InputError
from umrnn.progress import Progress, Work
from umrnn.report.choice import chosen
from umrnn.report.cuts import cut
from umrnn.result import Result, Table

__all__ = ["Format", "Output", "drawn_progress", "drawn_work", "note"]

Format = Literal["table", "json", "jsonl", "csv"]
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".txt": "table"}


@dataclass(frozen=True)
class Output:
    """Where and how the result of ``command`` is written; make one with :meth:`to` before the work begins."""

    command: str
    format: Format
    path: Path | None = None
    table: str | None = None

    @classmethod
    def to(
        cls,
        command: str,
        format: Format | None = None,
        path: str | None = None,
        table: str | None = None,
        *,
        keep: Mapping[str, str | None] | None = None,
    ) -> "Output":
        """Choose the format and check the destination.

        Parameters
        ----------
        command : the words after ``umrnn``, as they stand in the JSON.
        format : if None: by the suffix of ``path`` (.csv, .json, .jsonl, .txt), json without one; else ``table`` on a
            terminal; else ``json``.
        path : file that receives the data instead of standard output; ``-`` is standard output.
        table : show only the table of this name; CSV, which holds one table, shows the first by default.
        keep : files the command reads, under what they are called: ``{"the corpus": path}``; refused as ``path``.

        Raises
        ------
        InputError
            If ``path`` cannot be written, is a file to keep, or has a suffix that names no format where none is given.
        """
        target = None if path in (None, "-") else writable_file(str(path), keep=keep)
        if format is None and target is not None:
            format = _format_of(target)
        return cls(command, format or ("table" if sys.stdout.isatty() else "json"), target, table)

    def emit(self, result: Result) -> None:
        """Write ``result``; a file appears whole or not at all."""
        tables = self._chosen(result)
        if self.format == "table" and self.path is None and sys.stdout.isatty():
            from umrnn.report.table import print_table

            print_table(result, tables, chosen())
            return
        # Names of files may hold bytes that are no UTF-8; backslashreplace gives their escapes in a table.
        data = self._rendered(result, tables).encode("utf-8", errors="backslashreplace")
        if self.path is None:
            _write_stdout(data)
        else:
            write_atomically(self.path, lambda stream: stream.write(data))

    def _chosen(self, result: Result) -> dict[str, Table]:
        """The tables asked for, or those that a person needs, or all."""
        tables = result.tables()
        if self.table is not None and self.table not in tables:
            names = ", ".join(tables) or "none"
            raise InputError(f"--table must name a table of this result ({names}), got {self.table}")
        if chosen().headline:
            return {}
        if self.table is not None:
            tables = {self.table: tables[self.table]}
        if self.format != "table":
            return cut(tables, chosen())
        from umrnn.report.person import left_tables
        from umrnn.report.readings import reading_of

        left = left_tables(tables, reading_of(result), chosen()) if self.table is None else {}
        return {name: table for name, table in tables.items() if name not in left}

    def _rendered(self, result: Result, tables: dict[str, Table]) -> str:
        if self.format == "table":
            from umrnn.report.table import to_text

            return to_text(result, tables, chosen())
        from umrnn.report.machine import to_csv, to_json, to_jsonl

        if self.format == "json":
            return to_json(self.command, result, tables)
        render = to_csv if self.format == "csv" else to_jsonl
        if not tables:
            figures = result.headline()
            return render(Table.of(tuple(figures), [figures.values()]))
        name, *others = tables
        if others:
            note(f"{self.format} holds one table, here {name}; choose another with --table: {', '.join(others)}")
        return render(tables[name])


@contextmanager
def drawn_progress() -> Iterator[Progress]:
    """Progress for the time of a ``with`` block: bars if standard error is a terminal, else a line now and then."""
    if chosen().quiet:
        yield Progress()
    elif sys.stderr.isatty():
        from umrnn.report.bars import RichProgress

        with RichProgress() as bars:
            yield bars
    else:
        from umrnn.report.lines import LineProgress

        with LineProgress(sys.stderr) as lines:
            yield lines


@contextmanager
def drawn_work(threads: int | None = None) -> Iterator[Work]:
    """The work of a command, for the time of a ``with`` block: so many threads, and its progress drawn."""
    with drawn_progress() as progress:
        yield Work(threads, progress)


def _format_of(path: Path) -> Format:
    """The format that the suffix stands for; a name without one, such as that of a device, says nothing."""
    suffix = path.suffix.lower()
    if suffix and suffix not in _SUFFIXES:
        raise InputError(
            f"output must end in {', '.join(sorted(_SUFFIXES))}, or in nothing, got {path}",
            hint="name the format with --format if the file is to be called so",
        )
    return _SUFFIXES.get(suffix, "json")


def _write_stdout(data: bytes) -> None:
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:  # replaced by a text stream, as notebooks do
        sys.stdout.write(data.decode("utf-8"))
    else:
        stream.write(data)
    sys.stdout.flush()


def note(text: str) -> None:
    """A line on standard error, beside the data; none where the user wants quiet."""
    if not chosen().quiet:
        sys.stderr.write(f"note: {text}\n")
