"""What is counted for a register, whole, in shards and with shuffled targets."""

from itertools import pairwise

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import register as naive
from umrnn.construct.register.counts import RegisterCounts, count_register, offsets_of
from umrnn.construct.study import Lesson
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.um.counts import OffsetCounts, offset_counts

pytestmark = pytest.mark.needs_jit
TEXT = markov(400)


def assert_counts(counts: RegisterCounts, lesson: Lesson):
    data, targets = lesson.corpus.data, lesson.targets
    for lag in range(counts.groups):
        table = np.zeros((256, 256), int)
        for x, y in naive.pairs(data, targets, lag):
            table[x, y] += 1
        assert np.array_equal(counts.nexts[lag], table)
        together = np.zeros((256, 256), int)
        np.add.at(together, (data[: len(data) - lag], data[lag:]), 1)
        assert np.array_equal(counts.pairs[lag], together)
    assert counts.length == len(data)
    assert np.array_equal(counts.byte_counts, np.bincount(data, minlength=256))
    edge = len(counts.head) - 1
    assert edge >= counts.groups
    assert np.array_equal(counts.head, data[: edge + 1])
    assert np.array_equal(counts.tail, data[-edge - 1 :])
    assert np.array_equal(counts.head_targets, targets[:edge])
    assert np.array_equal(counts.tail_targets, targets[-edge:])


@pytest.mark.parametrize("groups", [1, 2, 5])
def test_count_register__is_the_definition(groups):
    lesson = Lesson.of(TEXT)
    assert_counts(count_register(lesson, groups), lesson)


@pytest.mark.parametrize("groups", [1, 2, 5])
def test_count_register__of_shuffled_targets(groups):
    lesson = Lesson.of(TEXT).shuffled(Null(), 0)
    assert sorted(lesson.targets.tolist()) == sorted(TEXT.data[1:].tolist())
    assert not np.array_equal(lesson.targets, TEXT.data[1:])
    assert_counts(count_register(lesson, groups), lesson)


def test_marginal__is_smoothed_and_sums_to_one():
    shares = count_register(Lesson.of(TEXT), 2).marginal
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == 0.5 / 528


@pytest.mark.parametrize("cuts", [(200,), (20, 21, 390)])
def test_of__shards_merge_to_the_whole(cuts):
    edges = (0, *cuts, len(TEXT))
    parts = [offset_counts(TEXT, offsets_of(5), start=a, stop=b) for a, b in pairwise(edges)]
    merged = RegisterCounts.of(OffsetCounts.merged(parts[::-1]), 5)
    assert_counts(merged, Lesson.of(TEXT))


def test_of__offsets_may_be_more_and_in_any_order():
    counts = offset_counts(TEXT, (9, *reversed(offsets_of(5))))
    found = RegisterCounts.of(counts, 5)
    assert np.array_equal(found.nexts, count_register(Lesson.of(TEXT), 5).nexts)


def test_of__a_missing_offset():
    with pytest.raises(InputError, match="offset 0 was not counted"):
        RegisterCounts.of(offset_counts(TEXT, (1, 2, 3)), 1)


def test_of__a_shard_is_no_corpus():
    with pytest.raises(InputError, match="counts must begin where the corpus does"):
        RegisterCounts.of(offset_counts(TEXT, offsets_of(2), start=100), 2)


@pytest.mark.parametrize(("length", "groups"), [(18, 16), (3, 1), (1, 1)])
def test_count_register__of_too_few_bytes(length, groups):
    lesson = Lesson.of(Corpus.from_bytes(bytes(length)))
    with pytest.raises(InputError, match=f"a register of {groups} groups needs at least {groups + 3} bytes, got"):
        count_register(lesson, groups)


def test_count_register__of_just_enough_bytes():
    lesson = Lesson.of(Corpus.from_bytes(bytes(range(19))))
    assert_counts(count_register(lesson, 16), lesson)
