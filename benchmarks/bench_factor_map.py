"""Guards: the exhaustive pair search against NumPy, against reading the states once, and on two threads.

    pytest benchmarks/bench_factor_map.py --benchmark-enable

NumPy's search sorts the positions by the two bytes and sums runs with ``np.add.reduceat``, all neurons at once; it is
timed on a few pairs, since it takes as long for each.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, islice

import numpy as np
import pytest

from benchmarks.harness import generated_text, ratio
from umrnn.corpus import Corpus
from umrnn.interpret.factors.chance import best_by_chance, shuffles
from umrnn.interpret.factors.pair_search import PairSearch
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.states import States

HIDDEN, LAGS, FIRST = 128, range(25), 24
PAIRS = len(LAGS) * (len(LAGS) - 1) // 2
needs_two_processors = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor")


def made(length: int) -> tuple[Corpus, States]:
    corpus = generated_text(length)
    rows = np.random.default_rng(0).random((length, HIDDEN), dtype=np.float32) - np.float32(0.5)
    return corpus, States.given(rows, corpus)


def searched(search: PairSearch, threads: int | None = None) -> dict[tuple[int, int], np.ndarray]:
    return {p: r2 for part in search.scores(work=Work(threads)) for p, r2 in zip(part.pairs, part.r2[0])}


def by_numpy(corpus: Corpus, rows: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    length = len(corpus)
    a, b = (corpus.data[FIRST - d : length - d].astype(np.int64) for d in pair)
    codes, h = a * 256 + b, rows[FIRST:]
    order = np.argsort(codes, kind="stable")
    sorted_codes = codes[order]
    starts = np.flatnonzero(np.concatenate(([True], sorted_codes[1:] != sorted_codes[:-1])))
    sizes = np.diff(np.append(starts, len(codes)))
    centred = h - h.mean(axis=0, dtype=np.float64).astype(h.dtype)
    sums = np.add.reduceat(centred[order], starts, axis=0)
    return (sums**2 / sizes[:, np.newaxis]).sum(axis=0) / (centred**2).sum(axis=0)


@pytest.mark.parametrize(("length", "pairs", "least"), [(1_000_000, 1, 100), (100_000, 6, 100), (1024, 60, 10)])
def test_search__against_numpy(benchmark, length, pairs, least) -> None:
    """On the 1,024 bytes of siteinfo the calls cost as much as the sums: the ratio is far smaller there."""
    corpus, states = made(length)
    search = PairSearch.over(states, corpus, LAGS, FIRST, length)
    some = list(islice(combinations(LAGS, 2), 0, None, PAIRS // pairs))[:pairs]
    rounds = 3 if length == 1_000_000 else 7
    ours = searched(search)
    for pair in some:
        np.testing.assert_allclose(ours[pair], by_numpy(corpus, states.rows, pair), rtol=0, atol=2e-5)
    found = ratio(
        benchmark,
        lambda: searched(search),
        lambda: [by_numpy(corpus, states.rows, pair) for pair in some],
        named=f"NumPy sort and reduceat, {length} positions, {pairs} of {PAIRS} pairs",
        rounds=rounds,
    )
    found *= PAIRS / pairs
    print(f"per pair: {found:.0f}")
    assert found >= least


def test_search__costs_no_more_than_summing_the_states(benchmark) -> None:
    corpus, states = made(1_000_000)
    search = PairSearch.over(states, corpus, LAGS, FIRST, len(corpus))
    found = ratio(
        benchmark,
        lambda: searched(search),
        lambda: states.rows.sum(),
        named="one sum of all states by NumPy, against the search of 300 pairs",
        rounds=3,
    )
    assert found * PAIRS >= 1


@needs_two_processors
def test_search__two_threads(benchmark) -> None:
    """One search on two threads against two searches side by side: a busy neighbour slows both alike."""
    corpus, states = made(300_000)
    search = PairSearch.over(states, corpus, LAGS, FIRST, len(corpus))

    def side_by_side() -> None:
        with ThreadPoolExecutor(2) as executor:
            list(executor.map(lambda _: searched(search, 1), range(2)))

    found = ratio(benchmark, lambda: searched(search, 2), side_by_side, named="two searches, a thread each", rounds=5)
    assert found >= 1.5


def test_null__reuses_the_grouping(benchmark) -> None:
    """199 shuffles of the states cost less than 199 searches: cells are arranged once for sixteen of them."""
    corpus, states = made(2000)
    search = PairSearch.over(states, corpus, LAGS, FIRST, len(corpus))
    null = Null(64)
    found = ratio(
        benchmark,
        lambda: best_by_chance(search, shuffles(null, FIRST, len(corpus)), work=Work(1)),
        lambda: [searched(search, 1) for _ in range(null.permutations)],
        named="as many searches",
        rounds=3,
    )
    assert found >= 1.2


def test_search__is_linear_in_positions(benchmark) -> None:
    searches = []
    for length in (150_000, 600_000):  # states of the smaller fill no cache either
        corpus, states = made(length)
        searches.append(PairSearch.over(states, corpus, LAGS, FIRST, length))
    found = ratio(
        benchmark,
        lambda: searched(searches[1], 1),
        lambda: searched(searches[0], 1),
        named="a quarter of the positions",
        rounds=3,
    )
    assert 1 / found <= 4 * 1.35
