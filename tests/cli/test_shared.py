"""What every command takes: how its result is shown, and the corpus as an argument."""

import csv
import io
import json
import subprocess
import sys

import pytest
from rich.cells import cell_len

MI = ("patterns", "mi", "--max-offset", "20")


def rows(text):
    """First words of the lines below the rule of the first table."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("─"))
    return [line.split()[0] for line in lines[first + 1 : lines.index("", first)]]


def test_table__shows_ten_rows_and_says_how_many_are_left(umrnn):
    shown = umrnn(*MI, "--format", "table").out
    assert len(rows(shown)) == 10
    assert "10 more rows: --all" in shown


def test_table__all_rows_in_the_order_asked_for(umrnn):
    shown = umrnn(*MI, "--format", "table", "--all", "--sort", "-offset").out
    assert rows(shown) == [str(offset) for offset in range(20, 0, -1)]


def test_table__columns_asked_for_in_that_order(umrnn):
    shown = umrnn(*MI, "--format", "table", "--columns", "mi_bits,offset", "--rows", "2").out
    assert ["mi_bits", "offset"] in [line.split() for line in shown.splitlines()]
    assert len(rows(shown)) == 2


def test_columns__that_no_table_has_are_refused(umrnn):
    for given in (("--columns", "offset,colour"), ("--sort", "-colour")):
        for how in ("table", "json"):
            outcome = umrnn(*MI, "--format", how, *given)
            assert outcome.code == 1
            assert "no table shown has a column colour" in outcome.err


def test_machine_formats__keep_everything_unless_asked(umrnn):
    whole = json.loads(umrnn(*MI).out)["tables"]["offsets"]
    assert len(whole["rows"]) == 20
    part = json.loads(umrnn(*MI, "--columns", "offset", "--sort", "-offset", "--rows", "3").out)["tables"]["offsets"]
    assert part == {"columns": ["offset"], "rows": [[20], [19], [18]]}


@pytest.mark.parametrize("width", ["60", "80", "140"])
def test_table__is_as_wide_as_columns_says_in_a_pipe(umrnn, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    shown = umrnn(*MI, "--format", "table").out.splitlines()
    assert max(map(cell_len, shown)) <= int(width)
    wide = [line for line in shown if line.startswith("─")]
    assert len(wide[0]) > int(width) / 3


def test_headline__alone_in_every_format(umrnn):
    figures = json.loads(umrnn(*MI).out)["headline"]
    (row,) = csv.DictReader(io.StringIO(umrnn(*MI, "--format", "csv", "--headline").out))
    assert {key: float(value) for key, value in row.items()} == figures
    assert json.loads(umrnn(*MI, "--format", "jsonl", "--headline").out) == figures
    assert json.loads(umrnn(*MI, "--headline").out)["tables"] == {}
    assert "─" not in umrnn(*MI, "--format", "table", "--headline").out


def test_jsonl__is_an_object_per_row(umrnn):
    lines = [json.loads(line) for line in umrnn(*MI, "--format", "jsonl").out.splitlines()]
    assert [line["offset"] for line in lines] == list(range(1, 21))


def test_csv__of_offsets_is_what_the_option_takes(umrnn):
    skip = ("patterns", "skip", "--offsets", "1,8", "--permutations", "0")
    table = csv.DictReader(io.StringIO(umrnn(*skip, "--format", "csv", "--table", "prefixes").out))
    assert [row["offsets"] for row in table] == ["", "1", "1,8"]


def test_quiet__says_nothing_on_stderr(umrnn):
    assert umrnn(*MI, "--format", "csv").err == ""
    assert "note:" in umrnn("corpus", "info", "--format", "csv").err
    assert umrnn("corpus", "info", "--format", "csv", "--quiet").err == ""


def test_choice__does_not_outlive_its_command(umrnn):
    umrnn(*MI, "--rows", "1")
    assert len(json.loads(umrnn(*MI).out)["tables"]["offsets"]["rows"]) == 20


def test_corpus__as_an_argument(umrnn, tmp_path):
    file = tmp_path / "text"
    file.write_bytes(b"abracadabra" * 5)
    assert json.loads(umrnn("corpus", "info", str(file)).out)["headline"]["bytes"] == 55
    assert umrnn("corpus", "info", str(file), "--corpus", str(tmp_path / "other")).code == 2
    outcome = umrnn("interpret", "neuron", "3", "--range", "0:300", "--headline", "--permutations", "0")
    assert json.loads(outcome.out)["headline"]["neuron"] == 3  # its argument is its own


@pytest.mark.parametrize(("given", "start", "stop"), [("1k:2k", 1000, 2000), (":1k", 0, 1000), ("1k:", 1000, 2100)])
def test_range__takes_thousands(umrnn, tmp_path, given, start, stop):
    file = tmp_path / "text"
    file.write_bytes(b"abcdefg" * 300)
    corpus = json.loads(umrnn("corpus", "info", str(file), "--range", given).out)["provenance"]["corpus"]
    assert (corpus["start"], corpus["stop"]) == (start, stop)


def test_help__is_short_too(umrnn):
    assert umrnn("patterns", "mi", "-h").out == umrnn("patterns", "mi", "--help").out
    assert "--show-completion" in umrnn("-h").out


def test_completion__offers_the_commands_and_the_shared_options():
    def offered(words):
        surroundings = {"_UMRNN_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        done = subprocess.run([sys.executable, "-m", "umrnn"], env=surroundings, capture_output=True, text=True)
        return done.stdout.split()

    assert {"ngram", "skip", "mi"} <= set(offered("umrnn patterns "))
    assert {"--columns", "--range"} <= set(offered("umrnn patterns mi --"))
