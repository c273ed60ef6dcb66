"""Weight prediction: the published figures, what shuffled bytes and scrambled weights give, bad input."""

import numpy as np
import pytest

from tests.construct.test_state_sums import model_of
from tests.corpora import markov, small
from umrnn import construct, rnn
from umrnn.construct.imitation.agreement import SelectedWeights, agreements, correlation, relabelled
from umrnn.construct.imitation.comparison import scrambled, usual_null
from umrnn.construct.predict import predict
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.report.machine import to_json
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit
FAST = {"null": Null(2), "shuffles": 1}
# EXPERIMENTS section 21, and its headline keys.
PUBLISHED = {
    "hebbian_r": 0.524,
    "sign_correlation_r": 0.439,
    "boolean_influence_r": 0.563,
    "float_influence_r": 0.563,
    "float_influence_whole_r": 0.625,
    "wy_sign_split_r": 0.537,
    "wx_sign_conditioned_r": 0.245,
    "wx_pmi_r": 0.479,
    "bh_log_odds_r": 0.585,
    "wy_sign_split_mean_neuron_r": 0.675,
    "wx_sign_conditioned_mean_neuron_abs_r": 0.283,
}
BY_SIZE = {"|w|>=0.1": 0.658, "|w|>=0.2": 0.737, "|w|>=0.5": 0.843, "largest 36 %": 0.624}
SIGN_ACCURACY = {"|w|>=0.1": 0.806, "|w|>=0.2": 0.86, "largest 36 %": 0.786}


@pytest.fixture(scope="module")
def published(reference):
    return predict(rnn.load(reference / "sat-rnn-published.bin"), Corpus.siteinfo(), null=Null(19))


def test_predict__published_figures(published):
    head = published.headline()
    assert {key: round(head[key], 3) for key in PUBLISHED} == PUBLISHED
    rows = {(row.array, row.estimate, row.weights): row for row in published.predictors}
    assert {size: round(rows["W_h", "hebbian", size].r, 3) for size in BY_SIZE} == BY_SIZE
    found = {size: round(rows["W_h", "hebbian", size].sign_accuracy, 3) for size in SIGN_ACCURACY}
    assert found == SIGN_ACCURACY
    others = {("W_x", "hebbian"): 0.274, ("W_y", "hebbian"): 0.582, ("W_x", "PMI, promoted only"): 0.315}
    assert {key: round(rows[*key, "all"].r, 3) for key in others} == others
    settings = published.provenance["parameters"]
    assert (settings["influence_samples"], settings["influence_positions"]) == (52, "0:1022:20")


def test_predict__published_neurons(published):
    by = {row.neuron: row for row in published.neurons}
    assert [round(by[j].wy_sign_split_r, 2) for j in (117, 59, 94)] == [0.89, 0.87, 0.85]
    assert [round(by[j].wx_sign_conditioned_r, 2) for j in (8, 68, 52)] == [0.78, 0.78, 0.76]
    best = sorted(by, key=lambda j: -by[j].wx_sign_conditioned_r)[:3]
    assert best == [8, 68, 52]
    top = published.largest[0]
    assert (top.source, top.target, round(top.weight, 2)) == (50, 76, 1.39)
    assert [row.hebbian * row.weight > 0 for row in published.largest] == [True] * 10


def test_predict__what_is_said_by_the_text_and_what_by_the_dynamics(published):
    """The recurrent estimates are nearly as good on shuffled bytes; those of the read-out, and PMI, are not."""
    head = published.headline()
    assert head["shuffled_hebbian_r"] > 0.95 * head["hebbian_r"]
    assert head["shuffled_float_influence_r"] > 0.85 * head["float_influence_r"]
    assert head["scrambled_hebbian_r"] > 0.15
    for key in ("wy_sign_split", "wx_pmi"):
        assert abs(head[f"shuffled_{key}_r"]) < 0.15 * head[f"{key}_r"]
    for key in ("hebbian", "wy_sign_split", "wx_pmi", "bh_log_odds"):
        assert head[f"null_{key}_r"] < 0.15 * head[f"{key}_r"]
        assert head[f"{key}_held_out_r"] < head[f"{key}_r"]


def test_agreements__are_correlations_of_the_selected_weights():
    rng = np.random.default_rng(0)
    weights, *estimates = rng.standard_normal((4, 6, 6))
    rows = agreements(("W_h", "x"), SelectedWeights(weights, {"all": 0.0, "large": 0.7}), estimates, Null(5, seed=3))
    for row, chosen in zip(rows, (weights == weights, np.abs(weights) >= 0.7)):
        assert row.count == chosen.sum()
        assert row.r == pytest.approx(np.corrcoef(weights[chosen], estimates[0][chosen])[0, 1])
        assert row.held_out_r == pytest.approx(np.corrcoef(weights[chosen], estimates[2][chosen])[0, 1])
        assert row.split_half_r == pytest.approx(np.corrcoef(estimates[1][chosen], estimates[2][chosen])[0, 1])
        assert row.sign_accuracy == np.mean(weights[chosen] * estimates[0][chosen] > 0)
        drawn = []
        for number in range(5):
            order = Null(5, seed=3).generator(number).permutation(6)
            drawn.append(abs(np.corrcoef(weights[chosen], estimates[0][np.ix_(order, order)][chosen])[0, 1]))
        assert row.null_r == pytest.approx(np.mean(drawn))
        assert row.p_value == (1 + sum(value >= abs(row.r) for value in drawn)) / 6


def test_agreements__without_draws_or_variation():
    weights, flat = np.ones((2, 2)), np.zeros((2, 2))
    (row,) = agreements(("W_x", "x"), SelectedWeights(weights, {"all": 0.0}), [flat] * 3, Null(0))
    assert (row.null_r, row.p_value, row.null_sign_accuracy) == (None, None, None)
    assert np.isnan([row.r, row.sign_accuracy, row.split_half_r, row.rank_r]).all()
    (row,) = agreements(("W_x", "x"), SelectedWeights(weights, {"all": 0.0}), [flat] * 3, Null(3))
    assert (row.null_r, row.p_value) == (None, None)


def test_cells__of_some_columns():
    weights, estimate = np.random.default_rng(1).standard_normal((2, 3, 5))
    cells = SelectedWeights(weights, {"some": 0.0}, columns=np.array([1, 4]))
    (row,) = agreements(("W_x", "x"), cells, [estimate] * 3, Null(0))
    assert row.r == pytest.approx(correlation(weights[:, [1, 4]], estimate[:, [1, 4]]))


@pytest.mark.parametrize(("array", "shape"), [("W_x", (4, 9)), ("W_h", (4, 4)), ("b_h", (4,)), ("W_y", (9, 4))])
def test_relabelled__moves_neurons_and_leaves_bytes(array, shape):
    rows, columns = relabelled(array, shape, np.random.default_rng(0))
    moved = {"W_x": (True, False), "W_h": (True, True), "b_h": (True, False), "W_y": (False, True)}[array]
    assert [side.tolist() != list(range(len(side))) for side in (rows, columns)] == list(moved)
    assert array != "W_h" or rows.tolist() == columns.tolist()


def test_scrambled__keeps_the_numbers():
    model = model_of(3)
    other = scrambled(model, np.random.default_rng(0))
    for name, array in model.arrays().items():
        assert np.array_equal(np.sort(array, axis=None), np.sort(getattr(other, name), axis=None))
        assert not np.array_equal(array, getattr(other, name))


def test_predict__does_not_depend_on_threads():
    found = [predict(rnn.shipped(), Corpus.siteinfo(), work=Work(n), **FAST) for n in (1, 3)]
    assert repr(found[0].headline()) == repr(found[1].headline())
    assert repr(found[0].tables()) == repr(found[1].tables())


def test_predict__knows_in_sample():
    from umrnn.rnn.shipped import shipped_file

    assert predict(shipped_file(), Corpus.siteinfo(), **FAST).headline()["scored"] == "in_sample"


@pytest.mark.parametrize(("name", "corpus"), [(n, c) for n, c in small() if len(c) > 1], ids=lambda v: str(v)[:12])
@pytest.mark.parametrize("hidden", [1, 5])
def test_predict__any_corpus(name, corpus, hidden):
    found = predict(model_of(hidden, np.float32), corpus, **FAST)
    assert len(found.neurons) == hidden
    assert to_json("construct predict", found, found.tables())


def test_predict__of_a_network_of_zeros_says_nothing():
    head = predict(Elman.zeros(hidden=2), markov(50), **FAST).headline()
    assert np.isnan(head["hebbian_r"])
    assert head["null_hebbian_r"] is head["shuffled_hebbian_r"] is None


def test_predict__finds_planted_weights():
    """Each neuron follows one other, driven at random: the covariance is large where the weight is."""
    rng = np.random.default_rng(0)
    arrays = {name: np.zeros_like(array) for name, array in Elman.zeros(20, np.float64).arrays().items()}
    arrays["W_x"][:] = rng.standard_normal((20, 256))
    arrays["W_h"][np.arange(20), rng.permutation(20)] = rng.choice([-2.0, 2.0], 20)
    corpus = Corpus.from_bytes(rng.integers(0, 256, 5000).astype(np.uint8))
    found = predict(Elman(**arrays), corpus, **FAST)
    rows = {(row.estimate, row.weights): row for row in found.predictors if row.array == "W_h"}
    assert rows["hebbian", "all"].r > 0.95
    assert rows["hebbian", "|w|>=0.5"].sign_accuracy == 1
    assert rows["hebbian", "|w|>=0.5"].count == 20
    assert abs(rows["hebbian, reversed", "all"].r) < 0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [({"shuffles": -1}, "shuffles must be at least 0, got -1"), ({"corpus": Corpus.from_bytes(b"x")}, "one byte")],
)
def test_predict__bad_input(options, message):
    with pytest.raises(InputError, match=message):
        construct.predict(Elman.zeros(2), **{"corpus": Corpus.siteinfo(), **options})


def test_usual_null__is_smaller_for_much_work():
    short, wide = Corpus.siteinfo(), Elman.zeros(hidden=512)
    found = [usual_null(None, Elman.zeros(hidden=2), short), usual_null(None, wide, short), usual_null(7, wide, short)]
    assert [null.permutations for null in found] == [199, 39, 7]
