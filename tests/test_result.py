"""A result in Python: shown, saved and read back, as a data frame."""

import subprocess
import sys
import types

import numpy as np
import pytest

from umrnn.corpus import Corpus
from umrnn.errors import InputError, MissingExtra
from umrnn.result import Result, Table
from umrnn.um import mutual_information, skip_patterns


@pytest.fixture(scope="module")
def found():
    return skip_patterns(Corpus.siteinfo(), (1, 8))


def test_save__and_load_give_every_figure_and_cell_back(found, tmp_path):
    found.save(tmp_path / "skip.json")
    again = Result.load(tmp_path / "skip.json")
    assert again.kind == "SkipPatterns"
    figures = {key: tuple(value) if isinstance(value, list) else value for key, value in found.headline().items()}
    assert again.headline() == figures
    assert again.tables() == found.tables()
    assert again.provenance["corpus"] == found.provenance["corpus"]
    assert repr(again).replace("(1, 8)", "[1, 8]") == repr(found)


def test_load__reads_what_a_command_wrote(found, tmp_path):
    from umrnn.report.machine import to_json

    (tmp_path / "x.json").write_text(to_json("patterns skip", found, found.tables()), "utf-8")
    assert Result.load(tmp_path / "x.json").tables() == found.tables()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"headline": {}, "tables": [], "provenance": {}}', "[" * 10**5])
def test_load__refuses_what_is_no_result(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match="holds no result"):
        Result.load(tmp_path / "x.json")
    with pytest.raises(InputError, match="cannot be read"):
        Result.load(tmp_path / "none.json")


def test_repr__is_short_and_names_the_tables():
    shown = repr(mutual_information(Corpus.siteinfo(), 5))
    assert shown.startswith("OffsetInformation(best_offset=1, mi_bits=2.69")
    assert shown.endswith(" with offsets 5×7")


def test_html__escapes_what_the_corpus_holds(found):
    shown = found._repr_html_()
    assert "<table>" in shown
    assert "key=&quot;" in shown
    assert 'key="' not in shown


def test_to_frame__takes_the_library_that_is_there(found, monkeypatch):
    def library(columns):
        return ("frame", columns)

    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtra, match="pandas or polars"):
        found.to_frame()
    monkeypatch.setitem(sys.modules, "polars", types.SimpleNamespace(DataFrame=library))
    name, columns = found.to_frame("patterns")
    assert name == "frame"
    assert columns["count"] == [row[2] for row in found.tables()["patterns"].rows]
    with pytest.raises(InputError, match="table must be one of prefixes, patterns, got x"):
        found.to_frame("x")


def test_dir__names_the_nouns_in_a_fresh_process():
    code = "import umrnn; print(*dir(umrnn))"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"Corpus", "um", "rnn", "interpret", "construct"} <= set(names)


def test_table__of_arrays_is_saved_as_plain_numbers(tmp_path):
    from umrnn.result import SavedResult

    table = Table.of(("a",), [(np.float64(1.5),), (None,)])
    saved = SavedResult(kind_saved="X", figures={"n": np.int64(3)}, saved_tables={"t": table}, provenance={})
    saved.save(tmp_path / "x.json")
    assert Result.load(tmp_path / "x.json").tables()["t"].rows == ((1.5,), (None,))
