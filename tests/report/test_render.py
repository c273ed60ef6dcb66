"""Tables, JSON and CSV of one awkward result; the sink and its choice of format."""

import csv
import io
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from umrnn.errors import InputError
from umrnn.report.choice import Choice
from umrnn.report.machine import to_csv, to_json
from umrnn.report.output import Output
from umrnn.report.table import print_table, provenance_line, to_text
from umrnn.result import Result, Table

PROVENANCE = {
    "umrnn": "9",
    "corpus": {"name": "a[/]b", "start": 3, "stop": 9, "sha256": "0123456789abcdef"},
    "model": {"name": "m", "sha256": "fedcba9876543210"},
    "seed": 4,
}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Awkward(Result):
    figures: dict
    parts: dict

    def headline(self):
        return self.figures

    def tables(self):
        return self.parts


CELLS = Table.of(
    ("context", "n[red]", "bits", "note"),
    [(b"[/] ", 12, 0.123456789, "[bold]x"), (b"\n", None, math.nan, None), (b"\\", 7, math.inf, "y" * 90)],
)
RESULT = Awkward(
    figures={"offsets": (1, 8), "bits": 0.069271234, "ok": True, "none": None},
    parts={"patterns": CELLS, "empty": Table.of(("a",), [])},
    provenance=PROVENANCE,
)

GOLDEN = r"""offsets  1,8
bits     0.0692712
ok       yes
none     –

patterns
context   n[red]       bits   note
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
[/]␣          12   0.123457   [bold]x
\n             –          –   –
\\             7        inf   yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy

empty
(no rows)

a[/]b bytes 3:9 · sha256 0123456789ab · model m fedcba987654 · umrnn 9 · seed 4
"""


def test_to_text__golden():
    text = to_text(RESULT, RESULT.tables(), Choice(all=True, verbose=True), width=120)
    rule = next(line for line in text.splitlines() if line.startswith("─"))
    assert text.replace(rule, "RULE") == GOLDEN.replace(GOLDEN.splitlines()[7], "RULE")
    assert len(rule) == max(map(len, text.splitlines()))


def terminal(monkeypatch, width):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


@pytest.mark.parametrize("width", [200, 80, 40, 20])
def test_print_table__nothing_is_cut_at_any_width(monkeypatch, width):
    stream = terminal(monkeypatch, width)
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(RESULT, RESULT.tables(), Choice(all=True, verbose=True))
    shown = stream.getvalue()
    assert shown.count("y") == 90 + shown.count("yes") + shown.count("bytes") + shown.count("empty")
    assert "…" not in shown
    assert all(len(line) <= width for line in shown.splitlines())


def test_print_table__no_color_means_no_escape_codes(monkeypatch):
    stream = terminal(monkeypatch, 80)
    print_table(RESULT, RESULT.tables())
    assert "\x1b[" in stream.getvalue()
    stream = terminal(monkeypatch, 80)
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(RESULT, RESULT.tables())
    assert "\x1b" not in stream.getvalue()


def test_provenance_line__without_corpus():
    assert provenance_line({"umrnn": "9", "corpus": None, "model": None, "seed": None}) == "umrnn 9"


def test_to_json__is_strict_and_exact():
    def refuse(constant):
        raise AssertionError(constant)

    text = to_json("x y", RESULT, RESULT.tables())
    record = json.loads(text, parse_constant=refuse)
    assert text.count("\n") == 1
    assert record["command"] == "x y"
    assert record["headline"] == {"offsets": [1, 8], "bits": 0.069271234, "ok": True, "none": None}
    rows = record["tables"]["patterns"]["rows"]
    assert rows[0] == [{"text": "[/]␣", "hex": "5b2f5d20"}, 12, 0.123456789, "[bold]x"]
    assert rows[1] == [{"text": r"\n", "hex": "0a"}, None, None, None]
    assert rows[2][2] is None
    assert record["tables"]["empty"] == {"columns": ["a"], "rows": []}
    assert record["provenance"] == PROVENANCE


def test_to_json__numpy_values_become_plain():
    figures = {
        "a": np.float32(0.5),
        "b": np.int64(3),
        "c": np.array([1.5, np.nan]),
        "d": np.bool_(True),
        "e": Path("p"),
    }
    record = json.loads(to_json("x", Awkward(figures=figures, parts={}, provenance={}), {}))
    assert record["headline"] == {"a": 0.5, "b": 3, "c": [1.5, None], "d": True, "e": "p"}


def test_machine_formats__know_no_negative_zero():
    table = Table.of(("a", "b"), [(-0.0, (np.float64(-0.0), np.array([-0.0])))])
    record = Awkward(figures={"x": -0.0}, parts={"t": table}, provenance={})
    assert "-0" not in to_json("x", record, record.tables()) + to_csv(table)


def test_to_csv__bytes_take_two_columns():
    rows = list(csv.reader(io.StringIO(to_csv(CELLS))))
    assert rows[0] == ["context", "context_hex", "n[red]", "bits", "note"]
    assert rows[1] == ["[/]␣", "5b2f5d20", "12", "0.123456789", "[bold]x"]
    assert rows[2] == [r"\n", "0a", "", "", ""]
    mixed = to_csv(Table.of(("b", "t", "f"), [(None, (1, 2), True), (b"x", (b"a", b" "), {"k": 1})]))
    assert mixed == 'b,b_hex,t,f\n,,"1,2",true\nx,78,"a,␣","{""k"": 1}"\n'


def test_output__format_is_chosen_once(monkeypatch, tmp_path):
    assert Output.to("x").format == "json"
    assert Output.to("x", "csv").format == "csv"
    assert Output.to("x", "csv", str(tmp_path / "a.json")).format == "csv"
    assert Output.to("x", None, str(tmp_path / "a.CSV")).format == "csv"
    terminal(monkeypatch, 80)
    assert Output.to("x").format == "table"
    assert Output.to("x", None, str(tmp_path / "a")).format == "json"


def test_output__destination_is_checked_before_the_work(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        Output.to("x", None, str(tmp_path / "no" / "file"))
    with pytest.raises(InputError, match="must be a file"):
        Output.to("x", None, str(tmp_path))


def test_output__never_replaces_what_is_read(tmp_path):
    corpus = tmp_path / "corpus.json"
    corpus.write_bytes(b"abc")
    with pytest.raises(InputError, match="output must not be the corpus itself"):
        Output.to("x", None, str(corpus), keep={"the corpus": str(corpus)})
    assert corpus.read_bytes() == b"abc"
    assert Output.to("x", None, "-", keep={"the corpus": "-"}).path is None


def test_output__terminal_gets_the_drawing(monkeypatch):
    stream = terminal(monkeypatch, 80)
    Output.to("x").emit(RESULT)
    assert "patterns" in stream.getvalue()
    Output.to("x", "json").emit(RESULT)  # a stream without bytes underneath
    assert stream.getvalue().endswith("}\n")


def test_output__csv_without_tables_is_the_headline(capsys):
    Output.to("x", "csv").emit(Awkward(figures={"bpc": 0.5, "n": 3}, parts={}, provenance={}))
    assert capsys.readouterr().out == "bpc,n\n0.5,3\n"


def test_output__a_link_is_followed(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    Output.to("x", None, str(tmp_path / "link.json")).emit(RESULT)
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text("utf-8").startswith("{")


def awkward_json(capsysbinary, value):
    """What JSON holds of a figure, and the bytes it is written with."""
    Output.to("x", "json").emit(Awkward(figures={"name": value}, parts={}, provenance={}))
    written = capsysbinary.readouterr().out
    return json.loads(written)["headline"]["name"], written


def test_output__a_name_that_is_no_utf_8_becomes_its_escapes(capsysbinary):
    for name in ("bad\udcff.bin", "half \ud800"):
        read, _ = awkward_json(capsysbinary, name)
        assert read.encode()  # a strict reader takes it
    assert awkward_json(capsysbinary, "bad\udcff.bin")[0] == r"bad\xff.bin"


@pytest.mark.parametrize("character", ["\u202e", "\x9b", "\u2028", "\x7f", "\U000e0041"])
def test_output__json_holds_nothing_a_terminal_obeys(capsysbinary, character):
    read, written = awkward_json(capsysbinary, f"ü{character}x")
    assert read == f"ü{character}x"  # the same text for a program
    assert character.encode() not in written
    assert "ü".encode() in written


def test_output__csv_holds_nothing_a_terminal_obeys(capsysbinary):
    parts = {"names": Table.of(("name",), [("a\u202eb\x1b[31m",)])}
    Output.to("x", "csv").emit(Awkward(figures={}, parts=parts, provenance={}))
    assert capsysbinary.readouterr().out == rb"name" + b"\n" + rb"a\u202eb\x1b[31m" + b"\n"
