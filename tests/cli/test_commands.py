"""What every command owes: the JSON contract, the shared options, help; and the figures of those that exist."""

import inspect
import io
import json
import os
import stat
import sys
import types

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from umrnn.cli.inputs import open_corpus
from umrnn.cli.main import app, main
from umrnn.cli.options import ByteRange, parse_offsets, parse_range
from umrnn.corpus import Corpus
from umrnn.environment import _EXTRAS, _PLAIN
from umrnn.errors import InputError

READY = ("corpus info", "env")  # commands that need no argument


def commands(typer_app, prefix=""):
    """(words, function) of every command, from the Typer records."""
    for record in typer_app.registered_commands:
        yield f"{prefix}{record.name or record.callback.__name__.replace('_', '-')}", record.callback
    for group in typer_app.registered_groups:
        yield from commands(group.typer_instance, f"{prefix}{group.name} ")


COMMANDS = list(commands(app))


def null_free(value):
    """Refuse what JSON does not know; json.loads calls this for NaN and Infinity."""
    raise AssertionError(f"{value} in JSON")


@pytest.mark.parametrize("words", READY)
def test_json__keeps_the_contract(umrnn, words):
    outcome = umrnn(*words.split(), "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    record = json.loads(outcome.out, parse_constant=null_free)
    assert list(record) == ["command", "headline", "tables", "provenance"]
    assert record["command"] == words
    assert record["headline"]
    for table in record["tables"].values():
        assert list(table) == ["columns", "rows"]
        assert all(isinstance(column, str) for column in table["columns"])
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
    assert {"umrnn", "python", "corpus", "model", "parameters", "seed", "threads"} <= set(record["provenance"])


@pytest.mark.parametrize(("words", "function"), COMMANDS)
def test_command__has_help_and_the_options_of_output(umrnn, words, function):
    outcome = umrnn(*words.split(), "--help")
    assert outcome.code == 0
    assert inspect.getdoc(function)
    for option in ("--format", "--output"):
        assert option in outcome.out


@pytest.mark.parametrize(("words", "function"), COMMANDS)
def test_command__body_is_short(words, function):
    source, _ = inspect.getsourcelines(function)
    start = next(i for i, line in enumerate(source) if line.startswith(") -> None:") or line.endswith("-> None:\n"))
    assert len(source) - start - 1 <= 16  # the docstring and fifteen lines


def test_corpus_info__known_figures(umrnn):
    record = json.loads(umrnn("corpus", "info").out)
    headline = record["headline"]
    assert list(headline) == ["bytes", "symbols", "entropy_bits", "sha256"]
    assert (headline["bytes"], headline["symbols"]) == (1024, 52)
    assert headline["entropy_bits"] == pytest.approx(4.73892, abs=5e-6)
    assert headline["sha256"] == Corpus.siteinfo().sha256


def test_corpus_info__csv_of_the_first_table(umrnn):
    outcome = umrnn("corpus", "info", "--format", "csv", "--top", "2")
    assert outcome.out.splitlines()[:2] == [
        "byte,byte_hex,count,share,surprisal_bits",
        "␣,20,127,0.1240234375,3.011315313227834",
    ]
    assert outcome.err == "note: csv holds one table, here most_common; choose another with --table: order_0_scores\n"


def test_corpus_info__table_option_picks_one_in_every_format(umrnn):
    csv = umrnn("corpus", "info", "--format", "csv", "--table", "order_0_scores")
    assert csv.out.startswith("score,bpc,counted,scored,p_value,note\nin_sample,4.738")
    assert csv.err == ""
    assert list(json.loads(umrnn("corpus", "info", "--table", "order_0_scores").out)["tables"]) == ["order_0_scores"]
    assert "most_common" not in umrnn("corpus", "info", "--format", "table", "--table", "order_0_scores").out


def test_corpus_info__threads_change_no_figure(umrnn):
    one, two = (json.loads(umrnn("corpus", "info", "--threads", n).out) for n in "12")
    assert (one["headline"], one["tables"]) == (two["headline"], two["tables"])


def test_corpus_info__range_of_a_file(umrnn, tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"aabbbccc")
    record = json.loads(umrnn("corpus", "info", "--corpus", str(file), "--range", "2:5").out)
    assert record["headline"]["symbols"] == 1
    assert record["headline"]["entropy_bits"] == 0.0
    assert record["provenance"]["corpus"] | {"sha256": ""} == {"name": str(file), "start": 2, "stop": 5, "sha256": ""}


def test_corpus_info__output_receives_the_data(umrnn, tmp_path):
    for suffix, opening in ((".json", "{"), (".csv", "byte,"), (".txt", "bytes "), ("", "{")):
        target = tmp_path / f"out{suffix}"
        outcome = umrnn("corpus", "info", "--output", str(target))
        assert (outcome.code, outcome.out) == (0, "")
        assert target.read_text("utf-8").startswith(opening)
    umrnn("corpus", "info", "--output", str(target), "--format", "table")
    assert target.read_text("utf-8").startswith("bytes ")
    assert umrnn("corpus", "info", "--output", "-").out.startswith("{")


def test_corpus_info__output_with_a_suffix_that_is_no_format(umrnn, tmp_path):
    target = tmp_path / "out.xlsx"
    outcome = umrnn("corpus", "info", "--output", str(target))
    assert (outcome.code, outcome.out) == (1, "")
    assert "output must end in .csv, .json, .jsonl, .txt, or in nothing, got " in outcome.err
    assert not target.exists()
    assert umrnn("corpus", "info", "--output", str(target), "--format", "csv").code == 0
    assert target.read_text("utf-8").startswith("byte,")


def test_corpus_info__output_leaves_devices_alone(umrnn):
    assert umrnn("corpus", "info", "--output", os.devnull).code == 0
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode) or os.name == "nt"


def test_corpus_info__a_failed_run_leaves_no_file(umrnn, tmp_path):
    assert umrnn("corpus", "info", "--corpus", str(tmp_path / "no"), "--output", str(tmp_path / "out")).code == 1
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=400), form=st.sampled_from(["table", "json", "csv"]))
def test_corpus_info__any_bytes_never_a_traceback(tmp_path, capsys, content, form):
    file = tmp_path / "any"
    file.write_bytes(content)
    with pytest.raises(SystemExit) as left:
        main(["corpus", "info", "--corpus", str(file), "--format", form])
    captured = capsys.readouterr()
    assert left.value.code == (0 if content else 1)
    assert bool(captured.out) == bool(content)
    if content and form == "json":
        assert json.loads(captured.out)["headline"]["bytes"] == len(content)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12))
def test_corpus_info__any_range_text_is_code_0_1_or_2(umrnn, text):
    assert umrnn("corpus", "info", f"--range={text}").code in (0, 1, 2)


def test_env__headline(umrnn):
    headline = json.loads(umrnn("env").out)["headline"]
    assert {"umrnn", "python", "numba", "numpy", "threads", "cache_directory"} <= set(headline)
    assert headline["threads"] >= 1


def test_env__provenance_has_no_corpus(umrnn):
    assert json.loads(umrnn("env").out)["provenance"]["corpus"] is None


def test_env__lists_the_libraries_of_the_project_file(pytestconfig):
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((pytestconfig.rootpath / "pyproject.toml").read_text("utf-8"))["project"]
    assert [line.split(">")[0] for line in project["dependencies"]] == list(_PLAIN)
    for library, extra in _EXTRAS.items():
        assert any(line.startswith(library) for line in project["optional-dependencies"][extra])


def test_parse__ranges_and_offsets():
    assert parse_range("5:") == ByteRange(5, None)
    assert parse_range(":5") == ByteRange(None, 5)
    assert parse_range(":") == ByteRange()
    assert parse_offsets("1, 8,20").values == (1, 8, 20)
    for bad in ("", "1,", "1;2", "1.5", "x"):
        with pytest.raises(Exception, match="expected integers separated by commas"):
            parse_offsets(bad)


class FakeInput(io.TextIOWrapper):
    def __init__(self, data, terminal=False):
        super().__init__(io.BytesIO(data))
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def test_open_corpus__stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", FakeInput(b"abc\xff"))
    assert bytes(open_corpus("-", ByteRange(1, None)).data) == b"bc\xff"


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        (FakeInput(b""), "standard input is empty"),
        (FakeInput(b"abc", terminal=True), "reads standard input, which is a terminal"),
        (None, "reads standard input, which is closed"),
    ],
)
def test_open_corpus__stdin_without_bytes(monkeypatch, stdin, message):
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(InputError, match=message):
        open_corpus("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_open_corpus__named_pipe(tmp_path):
    from threading import Thread

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(b"through a pipe",))
    writer.start()
    assert bytes(open_corpus(str(pipe)).data) == b"through a pipe"
    writer.join()


def test_commands__are_plain_functions():
    assert all(isinstance(function, types.FunctionType) for _, function in COMMANDS)
