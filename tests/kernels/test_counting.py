"""Counting kernels equal their definitions, jitted and as plain Python."""

import numpy as np
import pytest

from tests import corpora
from tests.naive import counting as naive
from umrnn.corpus import Corpus
from umrnn.um.cells import Cells
from umrnn.um.fixed_point import growth, scale
from umrnn.um.kernels import cells as cell_kernels
from umrnn.um.kernels import chance, counts, entropy

CORPORA = dict(corpora.small())


@pytest.fixture(params=CORPORA.values(), ids=CORPORA.keys())
def corpus(request: pytest.FixtureRequest) -> Corpus:
    return request.param


def tuples_for(corpus: Corpus) -> list[tuple[int, ...]]:
    return [offsets for offsets in ((), (1,), (2,), (1, 3), (3, 1), (1, 2, 5)) if max(offsets, default=0) < len(corpus)]


@pytest.mark.parametrize("block", [3, 4096])
@pytest.mark.parametrize("offset", [0, 1, 7])
def test_pair_counts__equal_definition(corpus: Corpus, offset: int, block: int) -> None:
    if offset >= len(corpus):
        return
    table, partial = np.zeros((256, 256), np.int64), np.zeros(65536, np.uint32)
    keys = np.empty(block, np.uint16)
    counts.pair_counts(corpus.data, offset, offset, len(corpus), keys, partial, table)
    expected = naive.pair_counts(corpus.data.tolist(), offset, offset, len(corpus))
    assert {(int(a), int(b)): int(table[a, b]) for a, b in zip(*np.nonzero(table))} == expected
    assert not partial.any()


def test_refine__groups_every_position_by_its_context(corpus: Corpus) -> None:
    data = corpus.data.tolist()
    for offsets in tuples_for(corpus):
        cells = Cells.whole(corpus)
        for offset in offsets:
            cells = cells.refined(offset)
        expected: dict[bytes, list[int]] = {}
        for t in range(max(offsets, default=0), len(data)):
            expected.setdefault(bytes(data[t - d] for d in offsets), []).append(t)
        grouped = [
            cells.members[begin:end].tolist() for begin, end in zip(cells.starts[:-1], cells.starts[1:], strict=True)
        ]
        assert grouped == [expected[context] for context in sorted(expected)]


def test_unsettled__keeps_cells_with_more_than_one_target(corpus: Corpus) -> None:
    cells = Cells.whole(corpus).refined(0)
    assert len(cells.unsettled()) == 0
    if len(corpus) > 2:
        contexts = Cells.whole(corpus).refined(1)
        kept = contexts.unsettled()
        sets = [set(corpus.data[part].tolist()) for part in np.split(kept.members, kept.starts[1:-1])]
        assert all(len(targets) > 1 for targets in sets if targets)
        pairs = naive.contexts(corpus.data.tolist(), (1,))
        several = {c for c, y in pairs if any(c == d and y != z for d, z in pairs)}
        assert len(kept) == len(several)


def test_label__numbers_cells_and_leaves_others(corpus: Corpus) -> None:
    cells = Cells.whole(corpus, min(2, len(corpus) - 1)).refined(0)
    labels = cells.labels()
    for number in range(len(cells)):
        members = cells.members[cells.starts[number] : cells.starts[number + 1]]
        assert (labels[members] == number).all()
    assert (labels >= 0).sum() == len(cells.members)


def candidate_weights(corpus: Corpus, offsets: list[int], limit: int = 2**62) -> list[int]:
    """Call the kernel as the search does, with contexts of the byte at offset 2."""
    cells = Cells.whole(corpus).refined(2)
    by_target = cells.refined(0)
    runs = np.repeat(by_target.starts[:-1], by_target.sizes) - np.repeat(cells.starts[:-1], cells.sizes)
    size, out = len(corpus), np.empty(len(offsets), np.int64)
    entropy.candidate_weights(
        corpus.data,
        np.array(offsets),
        np.full(len(offsets), limit),
        by_target.members,
        cells.starts,
        runs.astype(np.uint32),
        growth(size, size),
        np.empty(size, np.uint8),
        np.empty(size, np.uint32),
        np.empty(256, np.uint32),
        np.empty(256, np.uint32),
        out,
    )
    return out.tolist()


def test_candidate_weights__are_the_weights_of_the_counts(corpus: Corpus) -> None:
    if len(corpus) <= 4:
        return
    for offset, found in zip((1, 4), candidate_weights(corpus, [1, 4])):
        rows = naive.contexts(corpus.data.tolist(), (2, offset))
        of_contexts = naive.weight(list(naive.Counter(c for c, _ in rows).values()))
        of_patterns = naive.weight(list(naive.Counter(rows).values()))
        assert found / scale(len(corpus)) == pytest.approx(of_contexts - of_patterns, abs=1e-9)


def test_candidate_weights__gives_up_only_beyond_the_limit() -> None:
    corpus = corpora.markov(300)
    full = candidate_weights(corpus, [1, 3, 4, 5])
    limit = sorted(full)[1]
    for exact, found in zip(full, candidate_weights(corpus, [1, 3, 4, 5], limit)):
        assert found == exact if exact <= limit else limit < found <= exact


def test_candidate_weights__counters_start_over_before_they_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when 2**31 positions were counted; the limit is compiled in, so this runs where kernels are plain Python."""
    expected = candidate_weights(corpora.markov(60), [1, 4, 5])
    monkeypatch.setattr(entropy, "_HIGHEST_FLOOR", np.uint32(20))
    assert candidate_weights(corpora.markov(60), [1, 4, 5]) == expected


def test_target_weight__is_the_weight_of_the_counts(corpus: Corpus) -> None:
    if len(corpus) < 2:
        return
    cells = Cells.whole(corpus).refined(1)
    targets = corpus.data[cells.members]
    order = np.arange(len(targets), dtype=np.int32)
    steps, tally = growth(len(corpus), len(corpus)), np.empty(256, np.uint32)
    found = entropy.target_weight(targets, order, cells.starts, steps, tally)
    rows = naive.contexts(corpus.data.tolist(), (1,))
    assert found / scale(len(corpus)) == pytest.approx(naive.weight(list(naive.Counter(rows).values())), abs=1e-9)


def test_shuffle_cells__permutes_within_each_cell_only(corpus: Corpus) -> None:
    if len(corpus) < 2:
        return
    cells = Cells.whole(corpus).refined(1)
    targets = corpus.data[cells.members]
    shuffled = targets.copy()
    entropy.shuffle_cells(shuffled, cells.starts, np.random.default_rng(0).random(len(targets)))
    for begin, end in zip(cells.starts[:-1], cells.starts[1:], strict=True):
        assert sorted(shuffled[begin:end].tolist()) == sorted(targets[begin:end].tolist())


def test_shuffle_cells__every_order_equally_likely() -> None:
    rng = np.random.default_rng(1)
    orders: dict[bytes, int] = {}
    for _ in range(1200):
        row = np.array([1, 2, 3], np.uint8)
        entropy.shuffle_cells(row, np.array([0, 3]), rng.random(3))
        orders[row.tobytes()] = orders.get(row.tobytes(), 0) + 1
    assert len(orders) == 6
    assert all(140 < count < 260 for count in orders.values())  # mean 200, five standard deviations


@pytest.mark.parametrize(("a", "b", "n"), [(1, 1, 5), (3, 4, 10), (10, 10, 10), (7, 9, 11), (50, 60, 200), (2, 30, 31)])
def test_expected_weights__equal_the_hypergeometric_mean(a: int, b: int, n: int) -> None:
    out = np.empty((1, 1))
    chance.expected_weights(np.array([a]), np.array([b]), n, out)
    assert out[0, 0] == pytest.approx(naive.expected_weight(a, b, n), rel=1e-12, abs=1e-12)


def test_refine__large_cells_are_distributed_like_small_ones() -> None:
    data = np.random.default_rng(2).integers(0, 4, 90).astype(np.uint8)
    members, starts = np.arange(90, dtype=np.int32), np.array([0, 90])
    new_members, new_starts = np.empty_like(members), np.empty(91, np.int64)
    positions, count = cell_kernels.refine(data, 5, members, starts, new_members, new_starts, np.empty(257, np.int64))
    assert (positions, count) == (85, len(set(data[:85].tolist())))
    assert data[new_members[:85] - 5].tolist() == sorted(data[:85].tolist())
