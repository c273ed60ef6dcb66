"""Tables on terminals: what gives way, and what never does."""

import itertools
import re

import pytest
from rich.cells import cell_len

from umrnn.report.layout import lay_out
from umrnn.result import Table

PATTERNS = Table.of(
    ("context", "next", "count", "held_out_count", "context_count", "probability", "gain_bits", "example", "places"),
    [
        (b"es\n ", b"y", 13, 11, 13, 1.0, 81.52432, b"\n      <namespace key", (467, 511, 557, 585, 627)),
        (b"yp k", b"=", 13, 12, 13, 1.0, 76.493, b"      <namespace key=", (468, 512, 558, 586, 628)),
    ],
)
STEPS = Table.of(
    ("step", "offset", "positions", "contexts", "patterns", "bits", "held_out_bpc", "gain", "tested_gain", "null_gain"),
    [(1, 1, 1023, 52, 231, 2.046871, 3.068892, 2.692041, 2.697541, 0.9386311), (2, 8, 9, 9, 9, *[0.1] * 5)],
)


def header(block):
    """The parts of the header's names, from the lines above the rule."""
    rule = next(i for i, line in enumerate(block) if line.startswith("─"))
    return [word for line in block[:rule] for word in line.split()]


@pytest.mark.parametrize("table", [PATTERNS, STEPS], ids=["patterns", "steps"])
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_lay_out__headers_break_at_underscores_only(table, width):
    allowed = {
        "".join(parts[i:j])
        for name in table.columns
        for parts in [re.findall(r"[^_]+_?", name)]
        for i, j in itertools.combinations(range(len(parts) + 1), 2)
    }
    for block in lay_out(table, width):
        assert set(header(block)) <= allowed
        assert all(cell_len(line) <= width for line in block)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_lay_out__numbers_stay_whole(width):
    shown = "\n".join(line for block in lay_out(PATTERNS, width) for line in block)
    for number in ("81.52", "76.49", "467", "585", "628"):
        assert number in shown


def test_lay_out__patterns_at_80_columns():
    (block,) = lay_out(PATTERNS, 80)
    assert block == [
        "                      held_",
        "                       out_  context_                 gain_",
        "context  next  count  count     count  probability     bits  example    places",
        "─" * 80,
        r"es\n␣    y        13     11        13            1  81.5243  \n␣␣␣␣␣␣<  467,511,",
        "                                                             namespace  557,585,",
        "                                                             ␣key       627",
        "yp␣k     =        13     12        13            1   76.493  ␣␣␣␣␣␣<na  468,512,",
        "                                                             mespace␣k  558,586,",
        "                                                             ey=        628",
    ]


def test_lay_out__figures_lose_digits_before_the_table_is_divided():
    names = [f"a_column_{i}" for i in range(8)]
    table = Table.of(names, [[0.01234567] * 8])
    assert "0.0123457" in lay_out(table, 90)[0][-1]
    (block,) = lay_out(table, 79)
    assert block[-1].split() == ["0.01235"] * 8


def test_lay_out__too_many_columns_come_in_blocks_that_name_their_rows():
    first, second = lay_out(STEPS, 60)
    assert [line.split()[0] for line in first[-2:]] == [line.split()[0] for line in second[-2:]] == ["1", "2"]
    assert "0.938631" in second[-2]  # in a block there is room for every digit
    pairs = Table.of(("a", "b", *[f"column{i}" for i in range(9)]), [(1, 1, *[0.123456] * 9), (1, 2, *[0.5] * 9)])
    for block in lay_out(pairs, 50):
        assert header(block)[:2] == ["a", "b"]


@pytest.mark.parametrize("width", [20, 26, 40])
def test_lay_out__words_stay_whole(width):
    """Cells are folded at spaces and after hyphens; words of up to 12 letters are not cut."""
    rows = [("covariance", 7.04176), ("last-nonspace-class", 0.0557263), ("removed at every step", 6.98195)]
    [lines] = lay_out(Table.of(("direction", "delta_bpc"), rows), width)
    words = {word for line in lines for word in line.split()}
    assert {"covariance", "removed", "every"} <= words
    assert words & {"last-nonspace-class", "last-nonspace-", "last-"}


def test_lay_out__escapes_are_never_split():
    table = Table.of(("context", "n"), [(b"\x00\n" * 20, 1)])
    (block,) = lay_out(table, 20)
    spelled = [line.split()[0] for line in block[2:]]
    assert len(spelled) > 1
    assert all(re.fullmatch(r"(\\x00|\\n)+", part) for part in spelled)


def test_lay_out__wide_characters_and_rows_that_are_alike():
    table = Table.of(("name", "n"), [("日本語" * 6, 1), ("日本語" * 6, 1)])
    (block,) = lay_out(table, 20)
    assert all(cell_len(line) <= 20 for line in block)
    assert "".join(line.split()[0] for line in block[2:]) == "日本語" * 12
