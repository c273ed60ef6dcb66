"""The table of all constructions: rows, headline, and going on where an interrupted comparison stopped."""

import json

import pytest

from tests.corpora import planted
from umrnn.construct.compare import compare
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import Progress

pytestmark = pytest.mark.needs_jit

EXPECTED = [
    "order 0", *["counting"] * 3, *["shift register"] * 5, "multi-offset", "spectral", *["conjunctions"] * 2,
]  # fmt: skip


@pytest.fixture(scope="module")
def corpus():
    return planted(6000, (1, 2), noise=0.1)


def test_compare__has_a_row_for_every_construction(corpus) -> None:
    found = compare(corpus, (16,), times=(1.0,), null=Null(1))
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


class Stop(Progress):
    """Interrupts at the start of a task."""

    def __init__(self, task: str) -> None:
        self.task = task

    def start(self, task: str, total: float, unit: str = "") -> None:
        if task == self.task:
            raise KeyboardInterrupt


def test_compare__goes_on_from_the_rows_kept(corpus, tmp_path) -> None:
    kept = tmp_path / "rows.json"
    with pytest.raises(KeyboardInterrupt):
        compare(corpus, (16,), times=(), null=Null(0), kept=kept, progress=Stop("grow"))
    made = json.loads(kept.read_text())["rows"]
    assert sum(len(part) for part in made) == EXPECTED.index("conjunctions")
    rows = compare(corpus, (16,), times=(), null=Null(0), kept=kept).rows
    assert [row.construction for row in rows] == EXPECTED
    assert rows[4].seconds == made[1][0][5]  # taken, not made anew


def test_compare__refuses_rows_of_another_comparison(corpus, tmp_path) -> None:
    kept = tmp_path / "rows.json"
    kept.write_text('{"about": {}, "rows": []}')
    with pytest.raises(InputError, match="begun on another corpus or with other options"):
        compare(corpus, (16,), times=(), kept=kept)
    kept.write_text("[1, 2")
    with pytest.raises(InputError, match="holds no comparison that was begun"):
        compare(corpus, (16,), times=(), kept=kept)


def test_compare__sizes_must_hold_a_code(corpus) -> None:
    with pytest.raises(InputError, match="hidden must be at least 8, got 4"):
        compare(corpus, (4,))
