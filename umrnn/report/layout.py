"""Columns laid out for a width: what gives way first where a table is too wide, and what never does.

Numbers stay whole. Where a table is too wide its headers break, at ``_`` only, and prose folds; then columns move
together; then figures lose digits; and if that is not enough the columns are shown in several blocks, each beginning
with the columns that name a row.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len, set_cell_size

from umrnn.report.text import MISSING, Figure, show, show_text
from umrnn.result import Table

__all__ = ["fits", "lay_out"]

_PROSE, _WORD = 8, 12  # columns of a terminal that a folded cell needs at the least; of a word that is not cut
_GAP = 3  # between columns, where there is room
_COMPROMISES = ((6, 2), (4, 1))  # significant digits and smallest gap, in the order they are tried
_ATOMS = re.compile(r"\\x[0-9a-f]{2}|\\[n\\]|.")  # spelled bytes, which a fold must not split


@dataclass(frozen=True)
class _Column:
    header: str
    cells: list[list[str]]  # pieces between which a cell may be folded
    numeric: bool

    @property
    def least(self) -> int:
        """The width below which a number, a part of the header or too little prose would be broken."""
        widest = max(map(_length, self.cells))
        word = max((cell_len(piece.rstrip()) for cell in self.cells for piece in cell), default=0)
        prose = min(widest, max(_PROSE, min(word, _WORD)))
        return max(widest if self.numeric else prose, *map(cell_len, _parts(self.header)))

    @property
    def wanted(self) -> int:
        """The width at which no cell is folded, whatever happens to the header."""
        return max(self.least, *map(_length, self.cells))


def lay_out(table: Table, width: int) -> list[list[str]]:
    """Lines of ``table`` in blocks, in all but the narrowest terminals no line longer than ``width``."""
    for digits, gap in _COMPROMISES:
        columns = _columns(table, digits)
        if _least_width(columns, gap) <= width:
            return [_block(columns, width)]
    columns, keys = _columns(table, _COMPROMISES[0][0]), _keys(table)
    gap = _COMPROMISES[0][1]
    if 2 * _least_width(columns[:keys], gap) > width:
        keys = 1
    return [_block(chosen, width) for chosen in _split(columns, keys, gap, width)]


def fits(table: Table, width: int) -> bool:
    """Whether ``table`` can be shown in ``width`` columns with every row on one line."""
    gap = _COMPROMISES[0][1]
    columns = _columns(table, _COMPROMISES[0][0])
    return sum(column.wanted for column in columns) + gap * (len(columns) - 1) <= width


def _columns(table: Table, digits: int) -> list[_Column]:
    return [
        _Column(show_text(name), [_pieces(value, digits) for value in values], all(map(_is_figure, values)))
        for name, values in zip(table.columns, zip(*table.rows))
    ]


def _keys(table: Table) -> int:
    """How many leading columns tell the rows apart; one where no number of them does."""
    for count in range(1, len(table.columns)):
        if len({repr(row[:count]) for row in table.rows}) == len(table.rows):
            return count
    return 1


def _split(columns: list[_Column], keys: int, gap: int, width: int) -> Iterator[list[_Column]]:
    """Keys and as many further columns as fit, until all have been shown."""
    block = columns[:keys]
    for column in columns[keys:]:
        if len(block) > keys and _least_width([*block, column], gap) > width:
            yield block
            block = columns[:keys]
        block = [*block, column]
    yield block


def _least_width(columns: Sequence[_Column], gap: int) -> int:
    return sum(column.least for column in columns) + gap * (len(columns) - 1)


def _block(columns: Sequence[_Column], width: int) -> list[str]:
    """Header, rule and rows."""
    gap = _GAP
    while gap > 1 and _least_width(columns, gap) > width:
        gap -= 1
    sizes = _sizes(columns, width - gap * (len(columns) - 1))
    header = [_fold(_parts(column.header), size) for column, size in zip(columns, sizes)]
    tallest = max(map(len, header))
    lines = _lines([[""] * (tallest - len(part)) + part for part in header], columns, sizes, gap)
    lines.append("─" * (sum(sizes) + gap * (len(columns) - 1)))
    for row in zip(*(column.cells for column in columns)):
        lines += _lines([_fold(pieces, size) for pieces, size in zip(row, sizes)], columns, sizes, gap)
    return lines


def _sizes(columns: Sequence[_Column], room: int) -> list[int]:
    """Widths of the columns: what is left over goes to folded prose evenly, then to the headers from the left."""
    sizes = [column.least for column in columns]
    room -= sum(sizes)
    while room > 0 and (short := [j for j, column in enumerate(columns) if sizes[j] < column.wanted]):
        for j in short[:room]:
            sizes[j] += 1
        room -= len(short[:room])
    for j, column in enumerate(columns):
        if 0 < (more := cell_len(column.header) - sizes[j]) <= room:
            sizes[j] += more
            room -= more
    return sizes


def _lines(cells: list[list[str]], columns: Sequence[_Column], sizes: list[int], gap: int) -> list[str]:
    """One row of folded cells, numbers to the right."""
    lines = []
    for number in range(max(map(len, cells))):
        texts = [cell[number] if number < len(cell) else "" for cell in cells]
        padded = (
            " " * (size - cell_len(text)) + text if column.numeric else set_cell_size(text, max(size, cell_len(text)))
            for text, column, size in zip(texts, columns, sizes)
        )
        lines.append((" " * gap).join(padded).rstrip())
    return lines


def _fold(pieces: Sequence[str], size: int) -> list[str]:
    """Pieces put together into lines of at most ``size``; a longer piece is cut."""
    lines = [""]
    for piece in pieces:
        for part in [piece] if cell_len(piece.rstrip()) <= size else piece:
            if cell_len((lines[-1] + part).rstrip()) > size and lines[-1]:
                lines.append("")
            lines[-1] += part
    return [line.rstrip() for line in lines]


def _parts(header: str) -> list[str]:
    """``held_out_bpc`` as ``held_``, ``out_``, ``bpc``."""
    return re.findall(r"[^_]*_+|[^_]+", header) or [""]


def _pieces(value: Any, digits: int) -> list[str]:
    text = show(value, digits)
    if isinstance(value, bytes):
        return _ATOMS.findall(text) or [""]
    return re.findall(
        r".+?(?:,|\s+|$)" if isinstance(value, tuple | list) else r".+?(?:(?<=\w)-(?=\w)|\s+|$)", text
    ) or [""]


def _length(pieces: Sequence[str]) -> int:
    return cell_len("".join(pieces))


def _is_figure(cell: Any) -> bool:
    """Whether a cell is a number or a dash, which are right-aligned."""
    if isinstance(cell, Figure) or show(cell) == MISSING:
        return True
    number = isinstance(cell, int | float) or (hasattr(cell, "dtype") and cell.dtype.kind in "iuf")
    return number and not isinstance(cell, bool)
