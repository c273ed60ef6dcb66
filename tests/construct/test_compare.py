"""The table of all constructions: rows, headline, and going on where an interrupted comparison stopped."""

import json
import sys

import numpy as np
import pytest

from tests.corpora import planted
from umrnn.construct.compare import compare
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Check, Null, Split
from umrnn.progress import Progress, Work

pytestmark = pytest.mark.needs_jit

EXPECTED = [
    "order 0", *["counting"] * 3, *["shift register"] * 5, "multi-offset", "spectral", *["conjunctions"] * 2,
]  # fmt: skip
FEW = Check(Split(0.8), Null(0))


def quick(corpus: Corpus, hidden=(16,), **more):
    """Without training, and without a null."""
    return compare(corpus, hidden, times=(), check=FEW, **more)


@pytest.fixture(scope="module")
def corpus():
    return planted(6000, (1, 2), noise=0.1)


def test_compare__has_a_row_for_every_construction(corpus) -> None:
    found = compare(corpus, (16,), times=(1.0,))
    rows = found.tables()["constructions"].rows
    assert [row[0] for row in rows] == [*EXPECTED, *["network, BPTT"] * 2]
    for row in rows:
        assert row[2] > 0
        assert row[3] > 0
    assert all(row[4] is not None for row in rows[:-2])
    best = min(rows[4:-2], key=lambda row: row[3])
    headline = found.headline()
    assert headline["best_held_out_bpc"] == best[3]
    assert headline["best_trained_held_out_bpc"] == min(row[3] for row in rows[-2:])
    assert headline["held_out_targets"] == 1200
    assert {row.bytes_read for row in found.rows} == {4800}


def test_compare__trains_for_one_time_where_the_text_is_short(corpus) -> None:
    assert compare(corpus.slice(0, 100), (8,), check=FEW).provenance["parameters"]["times"] == (1.0,)


@pytest.mark.parametrize("data", [b"ab" * 50, b"abbabaab" * 9, b"a" * 40, bytes(range(256)) + b"a", b"ab" * 8])
def test_compare__defaults_fit_the_text_and_the_table_says_what_they_became(data) -> None:
    rows = quick(Corpus.from_bytes(data), (128,)).rows
    assert [row.construction for row in rows] == EXPECTED
    assert all(row.bpc is not None and np.isfinite(row.bpc) for row in rows)
    hidden = int(rows[EXPECTED.index("spectral")].detail.removeprefix("H "))
    assert hidden <= 128
    if len(set(data)) == 2:
        assert hidden == 4 if len(data) >= 20 else hidden <= 4


class Stop(Progress):
    """Interrupts when a task begins."""

    def __init__(self, task: str, after: int = 1) -> None:
        self.task, self.after = task, after

    def start(self, task: str, total: float, unit: str = "") -> None:
        self.after -= task == self.task
        if not self.after:
            raise KeyboardInterrupt


def test_compare__goes_on_from_the_rows_kept_and_with_all_of_them_compiles_nothing(corpus, tmp_path) -> None:
    kept, corpus = tmp_path / "rows.json", corpus.slice(0, 100)
    with pytest.raises(KeyboardInterrupt):
        quick(corpus, kept=kept, work=Work(progress=Stop("conjunctions")))
    made = json.loads(kept.read_text())
    assert [row[0] for row in made["rows"]] == EXPECTED[: EXPECTED.index("conjunctions")]
    rows = quick(corpus, kept=kept).rows
    assert [row.construction for row in rows] == EXPECTED
    assert rows[6].seconds == made["rows"][6][made["columns"].index("seconds")]  # taken, not made anew
    assert quick(corpus, kept=kept, work=Work(progress=Stop("compile"))).rows == rows


def test_compare__compiles_only_what_is_still_to_be_made(corpus, monkeypatch) -> None:
    compiled = []
    monkeypatch.setattr(
        sys.modules["umrnn.construct.compare"], "_compile", lambda study, split, kinds: compiled.append(kinds)
    )
    quick(corpus.slice(0, 100))
    assert {"counting", "spectral", "on register", "multi-offset"} <= compiled[0]


@pytest.mark.parametrize(
    "content", ["[" * 200_000, '{"about": {}, "rows": []}', "[1, 2", '{"about": {}, "columns": [], "rows": [[]]}']
)
def test_compare__refuses_a_damaged_file_before_the_work(corpus, tmp_path, content) -> None:
    kept = tmp_path / "rows.json"
    kept.write_text(content)
    with pytest.raises(InputError, match="holds no study that was begun, or was damaged"):
        quick(corpus, kept=kept, work=Work(progress=Stop("compile")))


def test_compare__refuses_rows_of_another_comparison(corpus, tmp_path) -> None:
    kept = tmp_path / "rows.json"
    quick(corpus.slice(0, 100), kept=kept)
    with pytest.raises(InputError, match="begun on another corpus or with other options"):
        quick(corpus.slice(0, 101), kept=kept, work=Work(progress=Stop("compile")))
    with pytest.raises(InputError, match="begun on another corpus or with other options"):
        quick(corpus.slice(0, 100), (8,), kept=kept)


def test_compare__sizes_must_hold_a_code(corpus) -> None:
    with pytest.raises(InputError, match="hidden must be at least 8, got 4"):
        compare(corpus, (4,))
