"""Journal: rows of a long study kept in a file as they are made, and taken up again when the study goes on."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from types import UnionType
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import umrnn
from umrnn._files import write_atomically
from umrnn.errors import InputError

__all__ = ["Journal"]

Record = TypeVar("Record")
_LARGEST = 1 << 26  # bytes of such a file: a row has some hundreds


class Journal(Generic[Record]):
    """Rows of one study, in their order; each is in the file before the next is begun.

    Parameters
    ----------
    path : None keeps nothing
    record : a dataclass; its fields are str, int, float or None
    about : what the study is of: rows are taken from a study that says the same, by the same version of the program
    heads : the first field of every row of the study, in order

    Raises
    ------
    InputError
        If the file cannot be read, was damaged, or is of another study or version. Nothing of it is used then.

    Examples
    --------
    >>> from umrnn.construct.study.row import Row
    >>> journal = Journal(None, Row, {"corpus": "abc"}, ["order 0"])
    >>> journal.add(Row("order 0", "", 4.0))
    >>> len(journal.rows)
    1
    """

    def __init__(self, path: Path | None, record: type[Record], about: Mapping[str, Any], heads: Sequence[str]) -> None:
        self._path, self._about = path, json.loads(json.dumps({"umrnn": umrnn.__version__, **about}))
        self._columns = [field.name for field in fields(record)]  # type: ignore[arg-type]
        self.rows: list[Record] = [] if path is None else self._read(path, record, heads)

    def add(self, row: Record) -> None:
        """Keep one more row."""
        self.rows.append(row)
        if self._path is None:
            return
        kept = [[_finite(value) for value in astuple(each)] for each in self.rows]  # type: ignore[call-overload]
        text = json.dumps({"about": self._about, "columns": self._columns, "rows": kept}, allow_nan=False)
        write_atomically(self._path, lambda stream: stream.write(text.encode()))

    def _read(self, path: Path, record: type[Record], heads: Sequence[str]) -> list[Record]:
        """Rows kept before; an empty file has none."""
        try:
            if not path.exists() or not path.stat().st_size:
                return []
            if path.stat().st_size > _LARGEST:
                raise ValueError("longer than any study")
            found = json.loads(path.read_text("utf-8"), parse_constant=_refused)
            about, rows = self._checked(found, record)
        except OSError as problem:
            raise InputError(f"{path} cannot be read: {problem.strerror or problem}") from None
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as problem:
            raise InputError(
                f"{path} holds no study that was begun, or was damaged", hint="name another file, or remove it"
            ) from problem
        if about.get("umrnn") != self._about["umrnn"]:
            raise InputError(
                f"{path} was begun by version {about.get('umrnn')} of umrnn, not {self._about['umrnn']}",
                hint="name another file",
            )
        if about != self._about:
            raise InputError(f"{path} was begun on another corpus or with other options", hint="name another file")
        if [astuple(row)[0] for row in rows] != list(heads[: len(rows)]):  # type: ignore[call-overload]
            raise InputError(f"{path} holds rows that the study has not", hint="name another file, or remove it")
        return rows

    def _checked(self, found: Any, record: type[Record]) -> tuple[dict[str, Any], list[Record]]:
        """What the file says it is of, and its rows, every value of the kind its field has."""
        about, columns, rows = found["about"], found["columns"], found["rows"]
        if not isinstance(about, dict) or not isinstance(rows, list) or columns != self._columns:
            raise ValueError("not the form of a journal")
        kinds = list(get_type_hints(record).values())
        for row in rows:
            if not isinstance(row, list) or len(row) != len(kinds):
                raise ValueError("a row of another length")
            if not all(_is_of(value, kind) for value, kind in zip(row, kinds)):
                raise ValueError("a value of another kind")
        return about, [record(*row) for row in rows]


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value read from JSON is of the kind of its field: numbers finite and not negative, text one line."""
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if value is None or isinstance(value, bool):
        return value is None and type(None) in kinds
    if isinstance(value, str):
        return str in kinds and value.isprintable()
    if isinstance(value, int) and int in kinds:
        return value >= 0
    return isinstance(value, int | float) and float in kinds and math.isfinite(value) and value >= 0
