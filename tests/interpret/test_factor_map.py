"""The factor map: its definitions, the published figures, a network that is exactly a map, what chance gives."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.corpora import independent, markov, small
from tests.naive import factor_map as naive
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.factor_map import PUBLISHED_LAGS, factor_map
from umrnn.interpret.factors.cells import CellMeans, Grouping
from umrnn.interpret.factors.chance import best_by_chance, rotations, shuffles
from umrnn.interpret.factors.pair_search import PairSearch
from umrnn.nulls import Check, Null, Split
from umrnn.progress import Work
from umrnn.rnn.states import States
from umrnn.rnn.weights import Elman
from umrnn.statistics import false_discovery_q

NONE = Check(null=Null(0))


def chance(permutations: int) -> Check:
    return Check(null=Null(permutations))


def states_of(corpus: Corpus, hidden: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((len(corpus), hidden))


def planted(pairs: list[tuple[int, int]], symbols: bytes, dtype: type = np.float64) -> Elman:
    """Neuron j is tanh(2 a + b - 1), a and b telling whether the bytes at the two lags are the first symbol.

    A shift register of the first symbol, lag by lag, in the states' linear range: state d holds 1e-3 [x_{t-d} = first].
    """
    longest = max(d for pair in pairs for d in pair)
    hidden = len(pairs) + longest
    W_x, W_h = np.zeros((hidden, 256)), np.zeros((hidden, hidden))
    b_h = np.concatenate((np.full(len(pairs), -1.0), np.zeros(longest)))
    small = 1e-4
    W_x[len(pairs), symbols[0]] = small
    for d in range(1, longest):
        W_h[len(pairs) + d, len(pairs) + d - 1] = 1.0
    for j, pair in enumerate(pairs):
        for strength, d in zip((2.0, 1.0), pair):
            if d == 0:
                W_x[j, symbols[0]] += strength
            else:
                W_h[j, len(pairs) + d - 1] += strength / small
    return Elman(*(a.astype(dtype) for a in (W_x, W_h, b_h, np.zeros((256, hidden)), np.zeros(256))))


@pytest.mark.parametrize(
    "corpus", [pytest.param(corpus, id=name) for name, corpus in small() if len(corpus) > 20 and name != "all bytes"]
)
def test_neurons__have_the_figures_of_the_definition(corpus: Corpus) -> None:
    corpus, h, lags = corpus.slice(0, 40), states_of(corpus.slice(0, 40)), (3, 0, 1)
    for row in factor_map(States.given(h, corpus), corpus, lags, check=NONE).neurons:
        column = h[:, row.neuron]
        assert (row.lags, pytest.approx(row.r2, abs=1e-12)) == naive.best_pair(corpus.data, column, lags, 3)
        loo = naive.leave_one_out(corpus.data, column, row.lags, 3)
        assert row.loo_r2 == pytest.approx(loo, abs=1e-12)
        early, _ = naive.best_pair(corpus.data[:20], column[:20], lags, 3)
        held_out = naive.held_out(corpus.data, column, early, 3, 20)
        assert row.held_out_r2 == pytest.approx(held_out, abs=1e-12)
        singles = [naive.in_sample(corpus.data, column, (d,), 3) for d in lags]
        assert row.single_r2 == pytest.approx(max(singles), abs=1e-12)
        assert row.cells == len(naive.cells(corpus.data, row.lags, 3, 40)) == row.degrees_of_freedom + 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_planted_conjunctions__are_read_back_exactly(dtype: type) -> None:
    pairs = [(0, 4), (2, 7), (1, 3), (0, 1)]
    corpus = Corpus.from_bytes(np.random.default_rng(1).choice(np.frombuffer(b"abc", np.uint8), 600))
    found = factor_map(planted(pairs, b"abc", dtype), corpus, range(9), check=chance(19))
    for pair, row in zip(pairs, found.neurons):
        assert row.lags == pair
        for score in (row.r2, row.loo_r2, row.held_out_r2):
            assert score == pytest.approx(1, abs=1e-9 if dtype == np.float64 else 1e-6)
        assert row.p_value == 1 / 20


def test_chance__of_a_fixed_pair_is_exact() -> None:
    """(cells - 1) / (positions - 1) is the mean over all orders: over all 720 of six states."""
    from itertools import permutations

    cells = Grouping.by(np.array([0, 0, 1, 1, 1, 2], np.uint8))
    values = np.array([1.0, 5.0, 2.0, -3.0, 0.5, 9.0])
    scores = [CellMeans.of(cells, cells.labels(), values[list(o)]).in_sample_r2 for o in permutations(range(6))]
    assert np.mean(scores) == pytest.approx(cells.chance_r2, abs=1e-12)


def test_nothing_to_find__is_not_found() -> None:
    corpus = independent(400)
    found = factor_map(States.given(states_of(corpus, 40), corpus), corpus, range(4), check=chance(99)).headline()
    assert found["mean_r2"] == pytest.approx(found["null_r2"], abs=0.01)
    assert found["loo_r2"] < 0.01
    assert found["held_out_r2"] < 0.01
    assert found["significant_neurons"] <= 4


def test_search_repeated_on_shuffles__is_the_definition() -> None:
    corpus, null = markov(60), Null(5, seed=3)
    h = states_of(corpus, 2)
    search = PairSearch.over(States.given(h, corpus), corpus, (0, 1, 2), 2, 60)
    drawn = best_by_chance(search, shuffles(null, 2, 60), work=Work(1))
    turned = best_by_chance(search, rotations(null, 2, 60), work=Work(1))
    for k, order in enumerate(shuffles(null, 2, 60)):
        moved = np.concatenate((h[:2], h[order]))
        assert drawn[k] == pytest.approx([naive.best_pair(corpus.data, moved[:, j], (0, 1, 2), 2)[1] for j in (0, 1)])
    for k, order in enumerate(rotations(null, 2, 60)):
        assert set(np.diff(order)) <= {1, -57}
        moved = np.concatenate((h[:2], h[order]))
        assert turned[k] == pytest.approx([naive.best_pair(corpus.data, moved[:, j], (0, 1, 2), 2)[1] for j in (0, 1)])


def test_q_values__control_false_discoveries() -> None:
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(0).random(50)
    np.testing.assert_allclose(false_discovery_q(p), false_discovery_control(p), rtol=1e-12)
    assert np.isnan(false_discovery_q(np.array([0.2, np.nan]))).tolist() == [False, True]


@pytest.mark.needs_jit
def test_published_checkpoint__published_lags(reference: Path) -> None:
    model, corpus = rnn.load(reference / "sat-rnn-published.bin"), Corpus.siteinfo()
    result = factor_map(model, corpus, PUBLISHED_LAGS, features=True)
    found = result.headline()
    assert round(found["mean_r2"], 3) == 0.837
    assert found["neurons_r2_80"] == 120
    assert (found["dominant_pair"], found["dominant_pair_neurons"]) == ([1, 7], 52)
    pairs = {pair: count for pair, count, *_ in result.tables()["lag_pairs"].rows}
    assert {(1, 8): 20, (8, 2): 18, (1, 12): 9, (2, 7): 8, (3, 12): 6, (1, 20): 5, (2, 12): 4}.items() <= pairs.items()
    assert round(found["bpc_from_map"], 3) == 0.677
    assert round(found["bpc"], 4) == 0.0813
    assert round(found["single_r2"], 3) == 0.447
    assert round(found["loo_r2"], 3) == 0.509
    assert found["null_r2"] == pytest.approx(0.457, abs=0.005)
    assert found["null_r2_fixed"] == pytest.approx(0.36, abs=0.006)
    maps = [round(row[1], 3) for row in result.tables()["maps"].rows]
    assert maps == [0.853, 0.499, 0.395, 0.430, 0.337]
    best = {row[0]: row[-1] for row in result.tables()["features"].rows}
    assert len(best) == 8
    assert best["word_len"] == 128


@pytest.mark.needs_jit
def test_published_checkpoint__all_lags(reference: Path) -> None:
    """The source's 14 neurons of (1, 7) leave the state after the last byte out; with it there are 15."""
    model, corpus = rnn.load(reference / "sat-rnn-published.bin"), Corpus.siteinfo()
    found = factor_map(model, corpus, check=chance(9)).headline()
    assert (round(found["mean_r2"], 3), found["neurons_r2_80"]) == (0.857, 127)
    assert (found["dominant_pair"], found["dominant_pair_neurons"]) == ([1, 7], 15)
    h = rnn.trace(model, corpus).states()
    shorter = corpus.slice(0, 1023)
    rows = factor_map(States.given(h[:1023], shorter), shorter, check=NONE).neurons
    assert Counter(row.lags for row in rows)[1, 7] == 14


@pytest.mark.needs_jit
def test_figures__do_not_depend_on_threads() -> None:
    corpus = Corpus.siteinfo()
    results = [factor_map(rnn.shipped(), corpus, range(13), check=chance(40), work=Work(n)) for n in (1, 2, 5)]
    assert results[0].headline() == results[1].headline() == results[2].headline()
    assert results[0].neurons == results[1].neurons == results[2].neurons


@pytest.mark.parametrize("hidden", [1, 130])
def test_any_width(hidden: int) -> None:
    found = factor_map(rnn.initial(hidden), Corpus.siteinfo().slice(0, 80), range(3), check=chance(2))
    assert [row.neuron for row in found.neurons] == list(range(hidden))


def test_constant_neurons__are_said_and_left_out_of_means() -> None:
    corpus = markov(80)
    h = states_of(corpus, 3)
    h[:, 1] = 0.3
    found = factor_map(States.given(h, corpus), corpus, (0, 1, 2), check=chance(9))
    assert found.headline()["constant_neurons"] == 1
    row = found.neurons[1]
    assert np.isnan([row.r2, row.loo_r2, row.held_out_r2, row.p_value, row.q_value, row.single_r2]).all()
    assert np.isfinite(found.headline()["mean_r2"])


def test_short_corpora__get_fewer_lags_or_one_clear_line() -> None:
    short = Corpus.from_bytes(b"abab")
    assert factor_map(States.given(states_of(short), short), short, check=NONE).provenance["parameters"]["lags"] == [
        0,
        1,
    ]
    with pytest.raises(InputError, match="a corpus of 3 bytes is too short: at least 4 are needed"):
        factor_map(rnn.initial(2), Corpus.from_bytes(b"abc"))


@pytest.mark.parametrize(
    ("lags", "message"),
    [
        ((0, 99), "every lag must be shorter than the corpus of 40 bytes, got 99"),
        ((0, 39), "lags must leave two positions of the 40 bytes: at most 38, got 39"),
        ((0, -1), "every lag must be at least 0, got -1"),
        ((3, 3), "lags must be distinct, got 3 more than once"),
        ((3,), "a pair needs at least two lags, got 1"),
        ((), "lags must name at least one lag, got none"),
    ],
)
def test_unfit_lags__are_refused(lags: tuple[int, ...], message: str) -> None:
    corpus = markov(40)
    with pytest.raises(InputError, match=message):
        factor_map(rnn.initial(2), corpus, lags)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((9, 2)), "one row per byte, got 9 rows for 10 bytes"),
        (np.full((10, 2), np.nan), "must be finite, got nan at row 0, neuron 0"),
        (np.zeros(10), r"numbers of shape \(n, H\)"),
        (np.zeros((10, 2), complex), r"numbers of shape \(n, H\)"),
        (np.zeros((10, 0)), r"numbers of shape \(n, H\)"),
    ],
)
def test_unfit_states__are_refused(array: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        States.given(array, Corpus.from_bytes(b"0123456789"))


def test_states__from_a_file_are_those_of_the_network(tmp_path: Path) -> None:
    corpus, model = Corpus.siteinfo().slice(0, 200), rnn.shipped()
    np.save(tmp_path / "h.npy", rnn.trace(model, corpus).states())
    np.save(tmp_path / "columns.npy", np.asfortranarray(rnn.trace(model, corpus).states()))
    own = factor_map(model, corpus, range(5), check=chance(3))
    for name in ("h.npy", "columns.npy"):
        brought = factor_map(States.open(tmp_path / name, corpus), corpus, range(5), check=chance(3))
        assert [row.lags for row in brought.neurons] == [row.lags for row in own.neurons]
        np.testing.assert_allclose([r.r2 for r in brought.neurons], [r.r2 for r in own.neurons], atol=1e-12)
        assert brought.headline()["bpc_from_map"] is None
    (tmp_path / "no.npy").write_bytes(b"\x93NUMPY nonsense")
    with pytest.raises(InputError, match=r"no\.npy cannot be read as a \.npy array of numbers"):
        States.open(tmp_path / "no.npy", corpus)
    with pytest.raises(InputError, match=r"none\.npy does not exist"):
        States.open(tmp_path / "none.npy", corpus)


def test_states__beyond_the_limit_go_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, model = Corpus.siteinfo().slice(0, 300), rnn.initial(4)
    whole = factor_map(model, corpus, range(4), check=chance(3))
    monkeypatch.setattr(sys.modules["umrnn.rnn.trace"], "LARGEST_ARRAY", 1000)
    monkeypatch.setattr("umrnn.interpret.factors.pair_search._BLOCK_BYTES", 1000)
    spilled = factor_map(model, corpus, range(4), check=chance(3))
    np.testing.assert_allclose([r.r2 for r in spilled.neurons], [r.r2 for r in whole.neurons], atol=1e-12)


def test_held_out__counts_only_the_first_part() -> None:
    """What the states do after the boundary cannot move the map that scores them."""
    corpus, h = markov(90), states_of(markov(90), 2)
    other = h.copy()
    other[45:] = other[45:][::-1]
    maps = [factor_map(States.given(s, corpus), corpus, (0, 1), check=Check(Split(0.5), Null(0))) for s in (h, other)]
    for j in range(2):
        scores = [naive.held_out(corpus.data, s[:, j], (0, 1), 1, 45) for s in (h, other)]
        assert [m.neurons[j].held_out_r2 for m in maps] == pytest.approx(scores, abs=1e-12)


def test_slow_states__that_never_saw_the_bytes_are_not_significant() -> None:
    """Shuffled in time such states look significant, since they forget how slowly they change; shifted they do not."""
    corpus, rng = Corpus.siteinfo(), np.random.default_rng(4)
    h = np.zeros((len(corpus), 32))
    for t in range(1, len(h)):
        h[t] = 0.98 * h[t - 1] + rng.standard_normal(32)
    found = factor_map(States.given(h, corpus), corpus, PUBLISHED_LAGS, check=chance(99))
    assert found.headline()["loo_r2"] < 0
    assert found.headline()["significant_neurons"] <= 2


@pytest.mark.parametrize("reach", [18, 19, 20, 38])
@pytest.mark.parametrize("features", [False, True])
def test_lags__that_leave_nothing_to_count_leave_nothing_held_out(reach: int, features: bool) -> None:
    found = factor_map(rnn.initial(3), markov(40), (0, reach), features=features, check=NONE)
    known = reach < 19
    assert np.isfinite(found.headline()["held_out_r2"]) == known
    assert np.isfinite(found.headline()["bpc_from_map_held_out"]) == known
    assert np.isfinite(found.headline()["bpc_from_map"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-30, 1e-18, 1e18, 1e30])
def test_r2__does_not_depend_on_the_scale_of_the_states(dtype: type, scale: float) -> None:
    corpus, h = markov(200), states_of(markov(200), 3)
    plain, scaled = (
        factor_map(States.given((h * by).astype(dtype), corpus), corpus, (0, 1, 2), check=chance(9))
        for by in (1, scale)
    )
    for a, b in zip(plain.neurons, scaled.neurons):
        assert a.lags == b.lags
        assert (a.r2, a.null_r2, a.p_value) == pytest.approx((b.r2, b.null_r2, b.p_value), abs=1e-5)


def test_constant_neurons__have_no_pair() -> None:
    corpus, h = markov(80), np.ones((80, 5))
    h[:, 3:] = states_of(corpus, 2)
    found = factor_map(States.given(h, corpus), corpus, (0, 1, 2), check=NONE)
    assert [row.lags is None for row in found.neurons] == [True, True, True, False, False]
    assert sum(row[1] for row in found.tables()["lag_pairs"].rows) == 2
    assert found.headline()["dominant_pair"] in [list(row.lags) for row in found.neurons[3:]]
    still = factor_map(States.given(np.ones((80, 2)), corpus), corpus, (0, 1), check=chance(3)).headline()
    assert (still["dominant_pair"], still["dominant_pair_neurons"], still["constant_neurons"]) == (None, 0, 2)


@pytest.mark.parametrize(("permutations", "known"), [(0, False), (9, False), (19, True)])
def test_significance__needs_enough_shuffles(permutations: int, known: bool) -> None:
    """At 19 shuffles the smallest p is .05: three neurons that follow the bytes are three discoveries, not none."""
    corpus = Corpus.from_bytes(np.random.default_rng(1).choice(np.frombuffer(b"abc", np.uint8), 300))
    h = np.stack([np.roll(corpus.data, d).astype(float) for d in (0, 1, 2)], axis=1)
    found = factor_map(States.given(h, corpus), corpus, (0, 1, 2), check=chance(permutations)).headline()
    assert found["significant_neurons"] == (3 if known else None)
