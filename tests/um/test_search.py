"""Greedy search: the published choices, planted offsets found exactly, nothing found in noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import corpora
from tests.naive import counting as naive
from umrnn import um
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.progress import Work

SITEINFO = Corpus.siteinfo()
PERMUTED = Null(scheme="permuted")


@pytest.mark.parametrize(
    ("count", "limit", "offsets", "bits", "patterns"),
    [(8, 30, [1, 8, 20, 3, 27, 2, 12, 7], 0.04294, 834), (6, 50, [1, 8, 45, 36, 48, 10], 0.0, 909)],
)
def test_greedy__published_choices(count: int, limit: int, offsets: list[int], bits: float, patterns: int) -> None:
    headline = um.greedy_patterns(SITEINFO, count, limit, check=Check(null=Null(0))).headline()
    assert headline["offsets"] == offsets
    assert headline["bits"] == pytest.approx(bits, abs=5e-6)
    assert headline["patterns"] == patterns
    assert headline["significant_offsets"] is None


@pytest.mark.parametrize("name", ["few symbols", "markov", "periodic", "high bytes"])
def test_greedy__equals_definition(name: str) -> None:
    corpus = dict(corpora.small())[name]
    found = um.greedy_steps(corpus, 4, 9, null=Null(0))
    expected = naive.greedy(corpus.data.tolist(), 4, 9)
    assert [step.offset for step in found] == [offset for offset, _ in expected]
    assert [step.bits for step in found] == pytest.approx([bits for _, bits in expected], abs=1e-10)


@settings(deadline=None, max_examples=300)
@given(st.text("ab", min_size=4, max_size=40) | st.text("abc", min_size=4, max_size=40), st.data())
def test_greedy__equals_definition_on_any_text(text: str, data: st.DataObject) -> None:
    corpus = Corpus.from_bytes(text.encode())
    limit = data.draw(st.integers(1, len(text) - 1))
    expected = naive.greedy(list(text.encode()), 4, limit)
    if naive.conditional_entropy(naive.contexts(list(text.encode()), ())) <= 1e-12:
        expected = []  # one symbol only: nothing to explain
    found = um.greedy_steps(corpus, 4, limit, null=Null(0), work=Work(threads=1))
    assert [step.offset for step in found] == [offset for offset, _ in expected]
    assert [step.bits for step in found] == pytest.approx([bits for _, bits in expected], abs=1e-10)


@pytest.mark.needs_jit
def test_greedy__siteinfo_stops_at_the_published_four() -> None:
    result = um.greedy_patterns(SITEINFO, 8, 30, stop=True, check=Check(null=PERMUTED))
    headline = result.headline()
    assert headline["offsets"] == headline["significant_offsets"] == [1, 8, 20, 3]
    assert headline["held_out_bpc"] == pytest.approx(2.204, abs=5e-4)
    assert [(step.offset, step.taken) for step in result.steps][-1] == (27, False)


@pytest.mark.needs_jit
@pytest.mark.parametrize("seed", [5, 6])
def test_greedy__planted_offsets_come_back_exactly(seed: int) -> None:
    corpus = corpora.planted(50_000, (3, 11), seed=seed)
    found = um.greedy_patterns(corpus, 8, 30, stop=True).headline()["offsets"]
    assert sorted(found) == [3, 11]


@pytest.mark.needs_jit
def test_greedy__independent_bytes_stop_at_once() -> None:
    result = um.greedy_patterns(corpora.independent(50_000), 8, 30, stop=True)
    headline = result.headline()
    assert headline["offsets"] == []
    assert (headline["contexts"], headline["positions"]) == (1, 50_000)
    table = result.tables()["steps"]
    (row,) = table.rows  # the step that was refused, with the p-value that refused it
    refused = dict(zip(table.columns, row))
    assert refused["taken"] is False
    assert refused["p_value"] > 0.01
    assert headline["significant_offsets"] == []


@pytest.mark.needs_jit
def test_greedy__surrogates_of_siteinfo_do_as_well_after_two_offsets() -> None:
    headline = um.greedy_patterns(SITEINFO, 8, 30, stop=True).headline()
    assert headline["offsets"] == headline["significant_offsets"] == [1, 8]


@pytest.mark.needs_jit
def test_greedy__what_exceeds_chance_predicts_better_than_what_gains_most() -> None:
    gain, excess = (um.greedy_patterns(SITEINFO, 4, 30, select=name).headline() for name in ("gain", "excess"))
    assert excess["held_out_bpc"] < gain["held_out_bpc"]
    assert excess["bits"] > gain["bits"]


@pytest.mark.needs_jit
@pytest.mark.parametrize("seed", [5, 6])
def test_greedy__planted_offsets_exceed_chance_most(seed: int) -> None:
    corpus = corpora.planted(20_000, (3, 11), seed=seed)
    steps = um.greedy_steps(corpus, 8, 20, stop=True, select="excess", null=Null(99))
    assert sorted(step.offset for step in steps if step.taken) == [3, 11]


@pytest.mark.needs_jit
def test_greedy__runs_show_no_second_offset() -> None:
    """A run ends once: bytes shuffled within the cells of offset 1 make chance look less able than it is."""
    for seed in range(5):
        corpus = corpora.runs(1024, 20, 0.9, seed)
        surrogate, permuted = (
            um.greedy_steps(corpus, 2, 20, null=Null(99, seed, scheme)) for scheme in ("surrogate", "permuted")
        )
        assert surrogate[0].offset == permuted[0].offset == 1
        assert surrogate[1].test is not None
        assert permuted[1].test is not None
        assert surrogate[1].test.p_value > 0.1
        assert permuted[1].test.p_value == 0.01


@pytest.mark.needs_jit
def test_greedy__p_values_of_noise_are_uniform() -> None:
    """The first-step test keeps its level: of 60 noise corpora about one in ten has p <= 0.1."""
    p_values = []
    for seed in range(60):
        steps = um.greedy_steps(corpora.independent(600, seed), 1, 8, null=Null(19, seed))
        assert steps[0].test is not None
        p_values.append(steps[0].test.p_value)
    assert 0.4 < np.mean(p_values) < 0.65
    assert sum(p <= 0.1 for p in p_values) <= 13


@pytest.mark.needs_jit
def test_greedy__same_bits_on_any_number_of_threads() -> None:
    runs = [um.greedy_steps(SITEINFO, 4, 12, null=Null(49), work=Work(threads=n)) for n in (1, 2, 3)]
    assert runs[0] == runs[1] == runs[2]


def test_greedy__gain_within_a_settled_context_is_over() -> None:
    steps = um.greedy_steps(Corpus.from_bytes(b"abcd" * 10), 5, 6, null=Null(0))
    assert [step.offset for step in steps] == [1]
    assert steps[0].bits == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "greedy must be at least 1, got 0"),
        ({"max_offset": 0}, "max-offset must be at least 1, got 0"),
        ({"max_offset": 7}, "max-offset must be shorter than the corpus of 7 bytes, got 7"),
        ({"stop": True, "null": Null(20)}, "stop needs at least 99 permutations"),
        ({"select": "excess", "null": Null(0)}, "select excess needs at least 1 permutation"),
        ({"select": "least"}, "select must be one of gain, excess, got least"),
    ],
)
def test_greedy__unfit_requests(arguments: dict[str, object], message: str) -> None:
    given = {"count": 2, "max_offset": 3} | arguments
    with pytest.raises(InputError, match=message):
        um.greedy_steps(Corpus.from_bytes(b"abcabca"), **given)


def test_gain_test__equals_shuffling_by_hand() -> None:
    """Mean of the largest gain over candidates, targets shuffled within the cells of the context (1,)."""
    corpus, limit = corpora.markov(150), 4
    data = corpus.data.tolist()
    steps = um.greedy_steps(corpus, 2, limit, null=PERMUTED)
    assert steps[1].test is not None
    first = steps[0].offset
    places = range(limit, len(data))
    cells: dict[int, list[int]] = {}
    for t in places:
        cells.setdefault(data[t - first], []).append(t)

    def largest_gain(target: dict[int, int]) -> float:
        known = naive.conditional_entropy([(bytes([data[t - first]]), target[t]) for t in places])
        return max(
            known - naive.conditional_entropy([(bytes([data[t - first], data[t - d]]), target[t]) for t in places])
            for d in range(1, limit + 1)
            if d != first
        )

    rng = np.random.default_rng(9)
    drawn = []
    for _ in range(150):
        target: dict[int, int] = {}
        for members in cells.values():
            target.update(zip(members, rng.permutation([data[t] for t in members]).tolist()))
        drawn.append(largest_gain(target))
    assert steps[1].test.gain == pytest.approx(largest_gain({t: data[t] for t in places}), abs=1e-10)
    assert steps[1].test.null_gain == pytest.approx(np.mean(drawn), abs=5 * np.std(drawn) * np.sqrt(2 / 150))


@pytest.mark.parametrize(("permutations", "least"), [(1, 0.5), (19, 0.05), (98, 1 / 99)])
def test_greedy__of_few_shuffles_says_that_nothing_can_be_significant(permutations: int, least: float) -> None:
    found = um.greedy_patterns(SITEINFO, 2, 8, check=Check(null=Null(permutations)))
    assert found.headline()["least_p_value"] == pytest.approx(least)
    assert found.headline()["significant_offsets"] is None
    assert not found.can_be_significant


def test_greedy__of_99_shuffles_can_be_significant() -> None:
    found = um.greedy_patterns(SITEINFO, 1, 8, check=Check(null=Null(99)))
    assert found.headline()["least_p_value"] == 0.01
    assert found.headline()["significant_offsets"] == [1]
