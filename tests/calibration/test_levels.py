"""Where nothing is there, a p-value is at most as small as it should be, as often as it may be."""

import math

import pytest

from tests.calibration.levels import STATISTICS, Statistic, p_values, share
from tests.calibration.measure import LEVELS, PAGE, RUNS, named, row_names, written
from tests.calibration.texts import TEXTS, Text, planted
from umrnn import um
from umrnn.nulls import Null

BY_GAIN, BY_EXCESS, _, SYNERGY, ORDER_0 = STATISTICS
INDEPENDENT = [text for text in TEXTS if not text.offsets]
DUE = (
    [(BY_GAIN, text) for text in TEXTS]
    + [(BY_EXCESS, TEXTS[0]), (BY_EXCESS, TEXTS[2]), (BY_EXCESS, TEXTS[5])]
    + [(statistic, text) for statistic in (SYNERGY, ORDER_0) for text in INDEPENDENT]
)


@pytest.mark.slow
@pytest.mark.needs_jit
@pytest.mark.parametrize(("statistic", "text"), DUE, ids=lambda item: item.name)
def test_level__is_kept_where_nothing_is_there(statistic: Statistic, text: Text) -> None:
    found = list(p_values(statistic, text, range(RUNS)))
    assert len(found) >= 0.8 * RUNS, "the search found what is there"
    for level in LEVELS:
        assert share(found, level) <= level + 2 * math.sqrt(level * (1 - level) / len(found))


@pytest.mark.needs_jit
def test_power__planted_offsets_are_found_and_nothing_else() -> None:
    for seed in range(3):
        steps = um.greedy_steps(planted(seed), 4, 20, stop=True, select="excess", null=Null(99, seed))
        assert {step.offset for step in steps if step.taken} == {3, 11}


def test_page__has_a_row_for_every_p_value_and_text() -> None:
    table = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and line.count("%") == 2]
    rows = [named(*row) for row in row_names()]
    assert [next((row for row in rows if line.startswith(row)), line) for line in table] == rows


def test_page__is_written_between_its_marks() -> None:
    page = PAGE.read_text()
    assert written(page, ["| a |"]).count("| a |\n<!-- end of levels -->") == 1
    assert written(written(page, ["| a |"]), ["| b |"]).count("| a |") == 0
