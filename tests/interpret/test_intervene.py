"""Interventions: the published figures, planted networks with a known answer, one definition for every figure."""

import numpy as np
import pytest

from tests.corpora import independent, markov, small
from tests.naive import intervene as naive
from tests.naive import network
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.directions.edits import Intervention, edited_bits, nearby, random_frames
from umrnn.interpret.directions.feature_sums import FeatureSums, Sums
from umrnn.interpret.directions.feature_values import feature_names, feature_values
from umrnn.interpret.directions.vectors import open_direction, unit
from umrnn.interpret.intervene import intervene
from umrnn.interpret.patching import patch_positions, patch_texts
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit


def model_of(hidden, dtype=np.float64, scale=0.5):
    return Elman(**network.random_weights(256, hidden, scale=scale, dtype=dtype))


def words(length=300, seed=0):
    """Words of one to nine letters, each followed by a space."""
    rng = np.random.default_rng(seed)
    text = b"".join(bytes(rng.integers(97, 105, rng.integers(1, 10)).astype(np.uint8)) + b" " for _ in range(length))
    return Corpus.from_bytes(text[:length])


@pytest.fixture(scope="module")
def published(reference):
    return intervene(rnn.load(reference / "sat-rnn-published.bin"), Corpus.siteinfo())


def test_intervene__published_figures(published):
    head = published.headline()
    exact = {
        "in_sample_r": 0.576,
        "in_sample_r2": 0.332,
        "in_tag_r": 0.573,
        "in_tag_cosine": 0.499,
        "post_hoc_delta": 0.146,
        "post_hoc_centred_delta": 0.130,
        "space_reset": 5.308,
        "propagation_norm": 2.483,
        "propagation_cosine": 0.786,
        "propagation_span_ratio": 0.924,
        "max_neuron_r": 0.432,
    }
    assert {name: round(head[name], 3) for name in exact} == exact
    assert round(head["propagation_norm_8"], 1) == 2831.4
    assert (round(head["max_distance"], 2), head["max_distance_value"]) == (7.93, 5)
    assert round(head["space_reset_current"], 2) == 5.57
    assert round(head["space_input_cosine"], 3) == -0.205
    components = published.tables()["components"]
    shares = [dict(zip(components.columns, row)) for row in components.rows]
    assert [round(100 * row["share_of_3"], 1) for row in shares] == [37.6, 33.4, 28.9]
    assert [round(100 * row["share"], 1) for row in shares] == [20.9, 18.5, 16.1]


def test_intervene__published_figures_that_are_chaotic(published):
    """Fed back, a change of 0.001 in the direction moves the loss by tenths of a bit: the order of magnitude holds."""
    head = published.headline()
    assert 6 < head["step_delta_min"] <= head["step_delta"] <= head["step_delta_max"] < 8  # published 7.3
    assert 0.2 < head["step_delta_max"] - head["step_delta_min"] < 1.5
    assert 1 < head["random_step_delta_min"] < head["random_step_delta"] < head["random_step_delta_max"] < 5
    assert head["random_step_delta"] == pytest.approx(2.75, abs=0.6)
    assert head["random_post_hoc_delta"] == pytest.approx(0.003, abs=0.002)
    assert head["residual_r_min"] < 0.324 < head["residual_r_max"]
    assert head["residual_r"] == pytest.approx(0.324, abs=0.05)
    rows = {(row.intervention, row.direction): row for row in published.interventions}
    expected = {
        ("written in", "covariance"): 3.8,
        ("written in, linear", "covariance"): 4.9,
        ("written in", "span of means"): 4.8,
        ("removed from what W_h reads", "pc_1"): 5.3,
        ("removed from what W_h writes", "pc_1"): 5.9,
        ("removed from what W_h reads", "covariance"): 6.8,
    }
    for key, delta in expected.items():
        assert rows[key].delta_min - 0.5 < delta < rows[key].delta_max + 0.5, key
    assert head["weight_pc_1_delta"] == rows["removed from what W_h reads", "pc_1"].delta_bpc
    step = rows["removed at every step", "covariance"]
    assert step.delta_min <= step.delta_median <= step.delta_max
    assert step.random_delta_max < step.delta_min


def test_intervene__readable_is_not_writable(published):
    """The table says it: read far above chance on bytes not fitted, and setting it to the truth costs bits."""
    by = {row.direction: row for row in published.directions}
    assert by["covariance"].held_out_r > 3 * by["covariance"].null_r
    assert by["covariance"].write_in_delta > 20 * by["covariance"].post_hoc_delta
    assert by["regression"].in_sample_r > by["covariance"].in_sample_r
    assert by["regression"].in_sample_r > by["regression"].held_out_r  # 128 weights on 1,024 positions
    assert by["regression"].null_r > 2 * by["covariance"].null_r


def test_intervene__finds_a_planted_direction():
    """Neuron 1 is a latch of the tag; the bytes 'd' and 'a' are predicted by it alone."""
    corpus = Corpus.from_bytes(b"ab<cd>efg" * 30)
    W_x = np.zeros((3, 256))
    W_h, W_y = np.zeros((3, 3)), np.zeros((256, 3))
    W_x[1, ord("<")], W_x[1, ord(">")], W_h[1, 1] = 9.0, -9.0, 3.0
    W_x[2, ord("a")] = 2.0
    W_y[ord("d"), 1], W_y[ord("a"), 1] = 4.0, -4.0
    model = Elman(W_x, W_h, np.zeros(3), W_y, np.zeros(256))
    found = intervene(model, corpus, feature="in-tag", draws=3, null=Null(5))
    head, by = found.headline(), {row.direction: row for row in found.directions}
    assert head["max_neuron"] == 1
    assert by["regression"].held_out_r > 0.99 > 5 * by["covariance"].null_r
    latch = intervene(model, corpus, feature="in-tag", direction=[0, -5, 0], draws=0, null=Null(0)).headline()
    assert latch["direction"] == "given"
    assert latch["in_sample_r"] == pytest.approx(-head["max_neuron_r"])
    # Without the latch all bytes are equally likely; setting it to its means changes little.
    assert latch["post_hoc_delta"] == pytest.approx(latch["step_delta"], abs=1e-9)
    assert latch["post_hoc_delta"] == pytest.approx(8 - latch["bpc"], abs=1e-9)
    assert abs(latch["write_in_delta"]) < 0.05
    assert latch["random_step_delta"] is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", [1, 4])
def test_intervene__is_the_definition(hidden, dtype):
    model, corpus = model_of(hidden, dtype, 0.3), words(120)
    wide = {name: array.astype(np.float64) for name, array in model.arrays().items()}
    _, h = network.run(wide, corpus.data, np.zeros(hidden))
    feature = naive.word_length(corpus.data)
    d, base = naive.covariance_direction(h, feature), naive.bits(wide, h, corpus.data)
    means = naive.class_means(h, feature)
    line = np.polyfit(feature, h @ d, 1)
    wanted = {
        "bpc": 0.0,
        "post_hoc_delta": naive.bits(wide, h - np.outer(h @ d, d), corpus.data),
        "post_hoc_centred_delta": naive.bits(wide, h - np.outer((h - h.mean(axis=0)) @ d, d), corpus.data),
    }
    targets = {
        "step_delta": np.zeros(120),
        "write_in_delta": np.array([means[f] @ d for f in feature]),
        "write_in_linear_delta": np.polyval(line, feature),
    }
    for name, target in targets.items():
        edited = naive.edited_run(wide, corpus.data, np.zeros(hidden), naive.projection([d], target[:, np.newaxis]))
        wanted[name] = naive.bits(wide, edited, corpus.data)
        if name == "step_delta":
            again = edited @ naive.covariance_direction(edited, feature) if hidden > 1 else None
    found = intervene(model, corpus, draws=2, null=Null(2)).headline()
    for name, value in wanted.items():
        expected = base if name == "bpc" else value - base
        assert found[name] == pytest.approx(expected, abs=1e-9 if dtype == np.float64 else 2e-4), name
    assert found["in_sample_r"] == pytest.approx(np.corrcoef(h @ d, feature)[0, 1], abs=1e-5)
    if hidden > 1:
        assert found["residual_r"] == pytest.approx(np.corrcoef(again, feature)[0, 1], abs=1e-3)
        after = np.append(False, corpus.data[:-1] == 32)
        apart = np.linalg.norm(h[after].mean(axis=0) - h[~after].mean(axis=0))
        assert found["space_reset"] == pytest.approx(apart, rel=1e-4)


def test_intervene__chance_is_what_unrelated_positions_show():
    """Without memory and on independent bytes, states know nothing of the position modulo 8."""
    model = model_of(4)
    model = Elman(model.W_x, np.zeros((4, 4)), model.b_h, model.W_y, model.b_y)
    found = intervene(model, independent(8000), feature="position-mod-8", draws=0, null=Null(20))
    means = found.tables()["means"]
    column = {name: np.array([row[i] for row in means.rows]) for i, name in enumerate(means.columns)}
    ratio = np.mean(column["distance"][1:] ** 2) / np.mean(column["chance_distance"][1:] ** 2)
    assert 0.4 < ratio < 2
    head = found.headline()
    assert abs(head["held_out_r"]) < 0.05 > head["null_r"] > 0
    assert 0.4 < head["in_sample_r"] / head["null_r"] < 2.5
    assert 0.3 < head["space_reset"] / head["null_space_reset"] < 2
    assert head["space_reset_current"] > 3 * head["null_space_reset"]  # the byte just read is no matter of chance


def test_regression__is_least_squares():
    model, corpus = model_of(6), words(200)
    feature = feature_values("word-length", corpus)
    sums = FeatureSums.over(model, corpus, feature, Null(3))
    total = sums.halves[0].joined(sums.halves[1])
    h = trace(model, corpus).states()
    centred = h - h.mean(axis=0)
    expected = np.linalg.lstsq(centred, feature.values - feature.values.mean(), rcond=None)[0]
    np.testing.assert_allclose(total.regression()[0], expected, rtol=1e-8)
    assert total.correlation(expected) == pytest.approx(np.corrcoef(h @ expected, feature.values)[0, 1], abs=1e-12)
    assert np.abs(total.neurons()[0]).max() == pytest.approx(
        max(abs(np.corrcoef(h[:, j], feature.values)[0, 1]) for j in range(6)), abs=1e-12
    )
    assert len(total.regression()) == len(feature_names()) + 3


def test_regression__of_neurons_that_are_copies_says_its_rank():
    model = model_of(3)
    arrays = {name: np.array(array) for name, array in model.arrays().items()}
    for name in ("W_x", "W_h", "b_h"):
        arrays[name][2] = arrays[name][1]
    found = intervene(Elman(**arrays), words(), draws=0, null=Null(1)).headline()
    assert found["state_rank"] == 2
    assert 0 < found["regression_r"] <= 1


def test_intervene__for_any_threads():
    model, corpus = model_of(5, np.float32), words(400)
    runs = [intervene(model, corpus, draws=17, null=Null(4), work=Work(threads)) for threads in (1, 2)]
    assert repr(runs[0].headline()) == repr(runs[1].headline())
    assert repr(runs[0].tables()) == repr(runs[1].tables())  # NaN equals NaN in print
    patches = [patch_positions(model, corpus, 50, 90, max_lag=3, work=Work(threads)) for threads in (1, 2)]
    assert patches[0].headline() == patches[1].headline()


def test_edited_bits__do_not_depend_on_how_many_runs_there_are():
    model, corpus = model_of(40, np.float32), words(150)
    labels = np.zeros(150, np.int32)
    few, many = nearby(random_frames(0, 1, 1, 40)[0], 3, 2), nearby(random_frames(0, 1, 1, 40)[0], 3, 20)
    plan = {("few", ""): Intervention(few), ("many", ""): Intervention(many)}
    found = edited_bits(model, corpus, labels, plan, Work(1))
    assert found["few", ""].tolist() == found["many", ""][:3].tolist()
    assert len(set(found["many", ""].tolist())) == 21


@pytest.mark.parametrize(("name", "corpus"), list(small()), ids=lambda value: value if isinstance(value, str) else "")
def test_intervene__any_corpus(name, corpus):
    if name == "one byte":
        with pytest.raises(InputError, match="one byte has nothing to predict"):
            intervene(model_of(3), corpus)
        return
    found = intervene(model_of(3), corpus, draws=1, null=Null(1))
    assert found.headline()["in_sample_r"] > 0
    columns = {table: len(rows.columns) for table, rows in found.tables().items()}
    assert all(len(row) == columns[table] for table, rows in found.tables().items() for row in rows.rows)


@pytest.mark.parametrize("name", feature_names())
def test_intervene__any_feature(name):
    found = intervene(model_of(4), Corpus.siteinfo().slice(100, 500), feature=name, draws=1, null=Null(1))
    assert found.headline()["feature"] == name
    assert found.tables()["features"].rows[0][0] == name
    assert found.tables()["features"].rows[0][-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"feature": "mood"}, "feature must be one of word-length, char-class, .* got 'mood'"),
        ({"draws": -1}, r"draws must be in \[0, 10000\], got -1"),
        ({"direction": np.zeros(3)}, "direction must not be zero in all 3 neurons"),
        ({"direction": np.ones(4)}, r"direction must be 3 numbers, got float64 of shape \(4,\)"),
        ({"direction": [1.0, np.nan, 0.0]}, "direction must be finite, got nan"),
    ],
)
def test_intervene__complains(options, message):
    with pytest.raises(InputError, match=message):
        intervene(model_of(3), words(50), **options)


def test_intervene__complains_of_what_cannot_correlate():
    with pytest.raises(InputError, match="feature in-tag must vary, got 0 at each of the 50 bytes"):
        intervene(model_of(3), words(50), feature="in-tag")
    with pytest.raises(InputError, match="states must vary with word-length"):
        intervene(Elman.zeros(3), words(50))


def test_unit__keeps_small_and_large_directions():
    for size in (1e-200, 1.0, 1e200):
        np.testing.assert_allclose(unit(size * np.array([3.0, 0.0, 4.0]), 3), [0.6, 0, 0.8])


def test_open_direction__complains_of_files(tmp_path):
    np.save(tmp_path / "d.npy", np.array([0.0, 2.0]))
    assert open_direction(tmp_path / "d.npy", 2).tolist() == [0, 1]
    np.savez(tmp_path / "d.npz", a=np.ones(2))
    (tmp_path / "text.npy").write_text("no array")
    for name, message in (("none.npy", "does not exist"), ("text.npy", "cannot be read"), ("d.npz", "several arrays")):
        with pytest.raises(InputError, match=message):
            open_direction(tmp_path / name, 2)


def test_feature_values__many_values_share_the_last_class():
    corpus = Corpus.from_bytes(b"a" * 5000 + b" ")
    feature = feature_values("word-length", corpus)
    assert (len(feature.classes), feature.values.max(), feature.counts.sum()) == (4096, 5000, 5001)
    assert feature.classes[-1] == pytest.approx(np.mean(range(4095, 5001)))


def test_sums__of_halves_join():
    model, corpus = model_of(3), markov(60)
    h, f = trace(model, corpus).states(), np.arange(60.0)[np.newaxis]
    parts = [Sums.none(3, 1).plus(h[rows], f[:, rows]) for rows in (slice(0, 25), slice(25, 60))]
    joined, whole = parts[0].joined(parts[1]), Sums.none(3, 1).plus(h, f)
    np.testing.assert_allclose(joined.covariance(), np.cov(h.T, ddof=0), atol=1e-14)
    np.testing.assert_allclose(joined.with_features(), whole.with_features(), atol=1e-12)


# Patching


def test_patch_positions__is_the_definition():
    model, corpus = model_of(4), words(60)
    _, h = network.run(model.arrays(), corpus.data, np.zeros(4))
    found = patch_positions(model, corpus, 40, 25, max_lag=3)
    answer = int(corpus.data[41])
    bits = [-np.log2(network.probabilities(model.arrays(), h[t])[answer]) for t in (40, 25)]
    head = found.headline()
    assert (head["answer"], head["clean_bits"]) == (bytes([answer]), pytest.approx(bits[0]))
    assert head["corrupted_bits"] == pytest.approx(bits[1])
    for row in found.lags:
        last = naive.patched(model.arrays(), corpus.data[:26], h, h[40 - row.lag], row.lag, [0, 1, 2, 3])
        whole = -np.log2(network.probabilities(model.arrays(), last)[answer])
        assert row.patched_bits == pytest.approx(whole, abs=1e-10)
        assert row.recovered_share == pytest.approx((bits[1] - whole) / (bits[1] - bits[0]))
    for row in found.neurons:
        last = naive.patched(model.arrays(), corpus.data[:26], h, h[40 - row.lag], row.lag, [row.neuron])
        expected = -np.log2(network.probabilities(model.arrays(), last)[answer])
        assert row.patched_bits == pytest.approx(expected, abs=1e-10)
        assert row.clean_state == pytest.approx(h[40 - row.lag, row.neuron])
    assert len(found.neurons) == 16  # every neuron at every lag
    assert [row.patched_bits for row in found.neurons] == sorted(row.patched_bits for row in found.neurons)


def test_patch_texts__finds_the_neuron_that_carries_the_difference():
    """Neuron 2 remembers for good whether the text began with '<'; the answer hangs on it alone."""
    W_x, W_h, W_y = np.zeros((3, 256)), np.zeros((3, 3)), np.zeros((256, 3))
    W_x[2, ord("<")], W_x[2, ord("[")], W_h[2, 2] = 5.0, -5.0, 4.0
    W_x[0], W_x[1] = np.linspace(-1, 1, 256), np.linspace(2, -2, 256)
    W_y[ord(">"), 2], W_y[ord("]"), 2] = 9.0, -9.0
    model = Elman(W_x, W_h, np.zeros(3), W_y, np.zeros(256))
    found = patch_texts(model, b"<abc", b"[xyz", max_lag=10)
    assert found.headline()["answer"] == b">"
    assert [row.lag for row in found.lags] == [0, 1, 2, 3]  # no run is longer
    assert {row.best_neuron for row in found.lags} == {2}
    assert all(row.best_neuron_recovered_share > 0.99 for row in found.lags)
    assert all(row.neurons_that_recover_half == 1 for row in found.lags)
    assert all(row.mean_neuron_recovered_share == pytest.approx(1 / 3, abs=0.01) for row in found.lags)


def test_patch_positions__of_a_run_with_itself_has_nothing_to_recover():
    found = patch_positions(model_of(70), words(60), 40, 40, max_lag=1)
    assert all(np.isnan(row.recovered_share) for row in found.lags)
    assert found.lags[0].patched_bits == pytest.approx(found.headline()["clean_bits"])


def test_patch_positions__counts_in_the_file_of_a_range():
    model, corpus = model_of(3), words(80)
    part = patch_positions(model, corpus.slice(10, 80), 40, 30, max_lag=1)
    alone = patch_positions(model, Corpus.from_bytes(corpus.data[10:]), 30, 20, max_lag=1)
    assert part.headline() == alone.headline()
    assert part.provenance["parameters"]["clean"] == 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((59, 3), r"clean must be in \[0, 58\], got 59"),
        ((3, -1), r"corrupted must be in \[0, 58\], got -1"),
        ((3, 4, -2), "max-lag must be at least 0, got -2"),
    ],
)
def test_patch_positions__complains(arguments, message):
    with pytest.raises(InputError, match=message):
        patch_positions(model_of(3), words(60), *arguments[:2], **({"max_lag": arguments[2]} if arguments[2:] else {}))


def test_patch__complains_of_nothing_to_read():
    with pytest.raises(InputError, match="the clean text is empty"):
        patch_texts(model_of(3), b"", b"a")
    with pytest.raises(InputError, match="one byte has nothing to predict"):
        patch_positions(model_of(3), Corpus.from_bytes(b"x"), 0, 0)
