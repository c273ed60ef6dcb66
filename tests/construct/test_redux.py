"""Redux: published pruning of the published network, what a count of parameters is, sparse training."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training import train
from umrnn import interpret, rnn
from umrnn.construct.redux import Effort, redux
from umrnn.construct.sparse.pruned import published_prunings
from umrnn.construct.sparse.pruning import Pruning, bits_from, largest, parameters_of
from umrnn.construct.study.holdout import Holdout
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import Work

pytestmark = pytest.mark.needs_jit
TEXT = Corpus.siteinfo()
QUICK = Effort((1,), 0, 1)
EVERY = np.arange(128)


@pytest.fixture(scope="module")
def published(reference):
    """The published checkpoint with its published prunings, all of siteinfo counted."""
    model = rnn.load(reference / "sat-rnn-published.bin")
    parts = Holdout.against(TEXT, Corpus.from_bytes(b"not of interest"))
    return redux(model, parts, effort=Effort((1,), 10, 1), null=Null(1))


def runs_of(result, pruning):
    return next(one for one in result.pruned if one.pruning == pruning).given.runs


# EXPERIMENTS §19 on pair A. Runs are chaotic: the published figure is one of runs that begin near each other.
@pytest.mark.parametrize(("drop", "figure"), [(0.05, 0.59), (0.36, 2.08), (0.64, 4.28)])
def test_published_figures__are_within_the_spread_of_nearby_runs(published, drop, figure):
    runs = runs_of(published, Pruning(drop=drop))
    assert min(runs) - 0.1 < figure < max(runs) + 0.1
    assert max(runs) - min(runs) > 0.3


def test_published_combination(published):
    """EXPERIMENTS §19: the top 20 neurons with the top 36 % of W_h give 4.37."""
    asked = published.pruned[-1]
    assert asked.pruning == Pruning(0.64, 20)
    assert min(asked.given.runs) < 4.37 < max(asked.given.runs)
    assert published.written() is asked.given.model
    assert asked.row.published_bpc == asked.given.runs[0] == published.headline()["bpc_pruned"]


def test_published_inputs__can_go(published):
    """EXPERIMENTS §19: 83.6 % of W_x is smaller than .01 and costs nothing: bytes that never come."""
    head = published.headline()
    assert round(head["inputs_removable_share"], 3) == 0.836
    assert abs(head["inputs_removable_delta_bpc"]) < 5e-4
    assert round(head["bpc_trained"], 4) == 0.0792


def test_random_weights__are_not_as_dispensable(published):
    for one in published.pruned[1:4]:
        assert one.given.random_pruning_bpc > max(one.given.runs)
    assert published.pruned[0].given.random_pruning_bpc is None


def test_parameters__count_what_must_be_stored(published):
    """EXPERIMENTS §19 gives 32,768 + 5,887 + 128 + 5,120 + 256 for 5,887 entries of W_h and 20 neurons."""
    assert published.pruned[0].given.parameters == 82_304
    asked = published.pruned[-1].given
    assert asked.counts == {"W_x": 32_768, "W_h": round(0.36 * 16_384), "W_y": 20 * 256}
    assert asked.parameters == 32_768 + 5_898 + 128 + 5_120 + 256
    assert parameters_of(asked.model, {**asked.counts, "W_h": 5_887}) == 44_159
    stored = sum(np.count_nonzero(array) for array in asked.model.arrays().values())
    assert stored <= asked.parameters


def test_pruning__takes_away_what_it_says():
    model = rnn.shipped()
    ranking = np.roll(EVERY, 5)
    left, counts = Pruning(0.25, 3, 0.01).applied(model, ranking)
    assert np.flatnonzero(abs(left.W_y).sum(0)).tolist() == sorted(ranking[:3].tolist())
    dropped = abs(model.W_h)[left.W_h == 0]
    assert dropped.max() <= abs(model.W_h)[left.W_h != 0].min()
    assert len(dropped) == 4096
    assert counts["W_x"] == int((abs(model.W_x) >= 0.01).sum()) == np.count_nonzero(left.W_x)
    assert (left.b_h is model.b_h) or (left.b_h == model.b_h).all()


def test_pruning__of_nothing_and_of_all():
    model = rnn.initial(4)
    same, counts = Pruning().applied(model, np.arange(4))
    assert same.sha256 == model.sha256
    assert parameters_of(same, counts) == 2324
    none, counts = Pruning(1.0, 0, 9.0).applied(model, np.arange(4))
    assert all((getattr(none, name) == 0).all() for name in ("W_x", "W_h", "W_y"))
    assert parameters_of(none, counts) == 260


def test_pruning__at_random_drops_as_many():
    model = rnn.shipped()
    pruning = Pruning(0.5, 7, 0.02)
    _, chosen = pruning.applied(model, EVERY)
    left, random = pruning.applied(model, EVERY, np.random.default_rng(0))
    assert random == chosen
    assert np.count_nonzero(abs(left.W_y).sum(0)) == 7
    assert left.sha256 != pruning.applied(model, EVERY, np.random.default_rng(1))[0].sha256


def test_pruning__names_itself():
    assert str(Pruning()) == "all weights"
    assert str(Pruning(0.64, 20)) == "64% of W_h dropped, 20 neurons read out"
    assert str(Pruning(below=0.01)) == "W_x below 0.01 dropped"


def test_largest__breaks_ties_by_place():
    assert largest(np.array([1.0, -1.0, 1.0, 0.5]), 0.5).tolist() == [True, True, False, False]


def test_bits_from__is_a_part_of_the_run_from_a_state():
    model, before = rnn.initial(3), np.full(3, 0.5)
    bits = rnn.trace(model, TEXT.slice(0, 50), before=before).bits()
    assert bits_from(model, TEXT.slice(0, 50), 20, before) == pytest.approx(bits[19:].mean(), rel=1e-12)


def test_small_networks__read_out_what_they_have():
    assert {pruning.neurons for pruning in published_prunings(20)} == {None, 15, 10}
    result = redux(rnn.initial(4), TEXT.slice(0, 60), effort=QUICK, null=Null(0))
    assert result.pruned[-1].pruning == Pruning(0.64, 4)


@pytest.fixture(scope="module")
def small():
    """A network of 12 neurons trained on 200 bytes, and everything asked of it."""
    text = TEXT.slice(0, 200)
    model = train(text, hidden=12, optimizer="adam", epochs=20).model
    return text, model, redux(model, text, Pruning(0.5, 6), effort=Effort((2, 3), 2, 2), null=Null(1, 3))


def test_held_out__is_another_network_pruned_in_the_same_way(small):
    """It is trained on the counted half alone, for the most epochs, and its own neurons are ranked there."""
    text, _, result = small
    other = train(text.slice(0, 100), hidden=12, optimizer="adam", epochs=3, seed=3).model
    row = next(one.row for one in result.pruned if one.pruning == Pruning(drop=0.5))
    expected = bits_from(Pruning(drop=0.5).applied(other, np.arange(12))[0], text, 100)
    assert row.held_out_bpc == pytest.approx(expected, rel=1e-12)


def test_scaffolds__train_with_their_masks(small):
    text, model, result = small
    kinds = [kind for optimizer, epochs, kind in result.scaffolds if (optimizer, epochs) == ("adam", 3)]
    assert kinds == ["dense", "trained mask", "random mask", "no W_h"]
    found = {kind: result.scaffolds["adam", 3, kind].published_fit.model for kind in kinds}
    assert [np.count_nonzero(found[kind].W_h) for kind in kinds] == [144, 72, 72, 0]
    assert ((found["trained mask"].W_h != 0) == largest(model.W_h, 0.5)).all()
    assert ((found["random mask"].W_h != 0) != largest(model.W_h, 0.5)).any()
    dense = train(text, hidden=12, optimizer="adam", epochs=3, seed=3)
    assert found["dense"].sha256 == dense.model.sha256
    assert result.scaffolds["adam", 3, "dense"].row.published_bpc == dense.bpc
    assert result.written("sparse") is found["trained mask"]


def test_scaffolds__held_out_masks_know_the_counted_part_alone(small):
    text, _, result = small
    other = train(text.slice(0, 100), hidden=12, optimizer="adam", epochs=3, seed=3).model
    counted = result.scaffolds["sgd", 2, "trained mask"].fit.model
    assert ((counted.W_h != 0) == largest(other.W_h, 0.5)).all()


def test_tables__have_a_row_for_everything(small):
    _, _, result = small
    tables = result.tables()
    assert len(tables["constructions"].rows) == 1 + len(result.pruned) + len(result.scaffolds)
    place = tables["pruning"].columns.index("nearby_runs")
    assert [row[place] for row in tables["pruning"].rows] == [2] * len(result.pruned)
    assert len(tables["draws"].rows) == len(result.pruned) + 16
    assert result.headline()["epochs"] == 2
    assert result.provenance["parameters"]["pruning"] == {"drop": 0.5, "neurons": 6, "below": 0.0}


def test_same_bits__on_any_number_of_threads():
    runs = [redux(rnn.initial(5), TEXT.slice(0, 80), effort=Effort((1,), 1, 1), work=Work(n)) for n in (1, 3)]
    first, second = ([(one.given.runs, one.row) for one in run.pruned] for run in runs)
    assert [replace(row, seconds=0) for _, row in first] == [replace(row, seconds=0) for _, row in second]
    assert [runs for runs, _ in first] == [runs for runs, _ in second]
    assert runs[0].headline() == runs[1].headline()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pruning(drop=1.5), "drop must lie between 0 and 1, got 1.5"),
        (lambda: Pruning(drop=float("nan")), "drop must lie between 0 and 1"),
        (lambda: Pruning(neurons=-1), "neurons must be at least 0, got -1"),
        (lambda: Pruning(below=float("inf")), "below must be a finite number of at least 0"),
        (lambda: Effort(epochs=()), "epochs must name at least one number"),
        (lambda: Effort(epochs=(0,)), "epochs must be"),
        (lambda: Effort(starts=-1), "starts must be at least 0"),
        (lambda: Effort(draws=0), "draws must be at least 1"),
        (lambda: redux(rnn.initial(3), TEXT, Pruning(neurons=4)), "neurons must be at most 3, .* got 4"),
        (lambda: redux(rnn.initial(3), TEXT.slice(0, 2)), "at least two bytes to count"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_rows__are_of_one_network_each_and_read_the_same_bytes(small):
    """In-sample and held out are of one fit; the network given has a column of its own."""
    text, model, result = small
    table = result.tables()["constructions"]
    rows = [dict(zip(table.columns, row)) for row in table.rows]
    assert {row["bytes_read"] for row in rows} == {100}
    for one in (*(each.measured for each in result.pruned), *result.scaffolds.values()):
        trained = one.fit.model
        assert one.row.bpc == pytest.approx(bits_from(trained, text.slice(0, 100), 1), rel=1e-6)
        assert one.row.held_out_bpc == pytest.approx(bits_from(trained, text, 100), rel=1e-6)
    for one in result.pruned:
        left = one.pruning.applied(model, knocked_out(model, text))[0]
        assert one.row.published_bpc == pytest.approx(bits_from(left, text, 1), rel=1e-12)
        assert one.row.published_null_bpc is None


def test_null__trains_and_prunes_on_shuffled_bytes(small):
    text, _, result = small
    shuffled = Corpus.from_bytes(Null(1, 3).shuffled(text.slice(0, 100).data, 0))
    trained = train(shuffled, hidden=12, optimizer="adam", epochs=3, seed=3).model
    for one in result.pruned:
        left = one.pruning.applied(trained, knocked_out(trained, shuffled))[0]
        assert one.row.null_bpc == pytest.approx(bits_from(left, shuffled, 1), rel=1e-12)


def knocked_out(model, text):
    rows = interpret.knockout(model, text, null=Null(0)).rows
    return np.array([row.neuron for row in sorted(rows, key=lambda row: row.cost_rank)])


def test_another_text__tests_the_network_given_too():
    text, other = TEXT.slice(0, 80), Corpus.from_bytes(b"another text, not of these bytes at all")
    result = redux(rnn.initial(4), Holdout.against(text, other), effort=QUICK, null=Null(0))
    for one in result.pruned:
        assert one.given.held_out_bpc == pytest.approx(bits_from(one.given.model, other, 1), rel=1e-12)
    halves = redux(rnn.initial(4), text, effort=QUICK, null=Null(0))
    assert {one.given.held_out_bpc for one in halves.pruned} == {None}
