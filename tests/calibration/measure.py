"""Writes the table of measured levels into ``docs/explanation/nulls.md``: ``python -m tests.calibration.measure``."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.calibration.levels import STATISTICS, Statistic, p_values, share
from tests.calibration.texts import TEXTS, Text

__all__ = ["LEVELS", "PAGE", "RUNS", "row_names", "written"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "nulls.md"
RUNS, LEVELS = 200, (0.05, 0.01)
_BLOCK = re.compile(r"(<!-- levels -->\n).*?(<!-- end of levels -->)", re.DOTALL)
_HEADER = ["| p-value | text | p ≤ .05 | p ≤ .01 | texts |", "|---|---|---|---|---|"]


def row_names() -> Iterator[tuple[Statistic, Text]]:
    """Every row of the table: a p-value on a kind of text."""
    return ((statistic, text) for statistic in STATISTICS for text in TEXTS)


def named(statistic: Statistic, text: Text) -> str:
    """How a row begins."""
    return f"| {statistic.name} | {text.name} |"


def _rows() -> Iterator[str]:
    for statistic, text in row_names():
        found = list(p_values(statistic, text, range(RUNS)))
        shares = " | ".join(f"{100 * share(found, level):.1f} %" for level in LEVELS) if found else "– | –"
        sys.stderr.write(f"{statistic.name}, {text.name}: {shares}\n")
        yield f"{named(statistic, text)} {shares} | {len(found)} |"


def written(page: str, lines: list[str]) -> str:
    """The page with ``lines`` between its marks."""
    return _BLOCK.sub(lambda found: found[1] + "\n".join(lines) + "\n" + found[2], page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(), [*_HEADER, *_rows()]))
