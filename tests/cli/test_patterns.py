"""What the commands that count say beside their data."""

import json

import pytest

GREEDY = ("patterns", "skip", "--greedy", "1", "--max-offset", "4", "--format", "json")


@pytest.mark.parametrize(("permutations", "said"), [("19", True), ("98", True), ("99", False), ("0", False)])
def test_skip__says_where_no_step_can_be_significant(umrnn, permutations: str, said: bool) -> None:
    outcome = umrnn(*GREEDY, "--permutations", permutations)
    assert outcome.code == 0
    assert ("no step can be significant; name at least 99 permutations" in outcome.err) == said
    assert json.loads(outcome.out)["headline"]["significant_offsets"] == ([1] if permutations == "99" else None)
