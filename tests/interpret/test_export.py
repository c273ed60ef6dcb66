"""Exports: arrays are those of the definitions, files hold them, sizes are bounded."""

import json
import sys

import numpy as np
import pytest

from tests.corpora import markov
from tests.naive import gradient as naive
from tests.naive import network
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.export import chosen_positions, export, export_file, save_export
from umrnn.rnn.weights import Elman

pytestmark = pytest.mark.needs_jit
CORPUS = markov(40)


def model_of(hidden, dtype=np.float64):
    return Elman(**network.random_weights(256, hidden, scale=0.5, dtype=dtype))


@pytest.mark.parametrize("hidden", [1, 4])
@pytest.mark.parametrize(("start", "stop"), [(0, 9), (3, 4), (20, 39)])
def test_export__is_the_definition(hidden, start, stop):
    model, depth = model_of(hidden), 5
    weights = model.arrays()
    z, h = network.run(weights, CORPUS.data, np.zeros(hidden))
    found = export(model, CORPUS, start, stop, depth=depth, top=3)
    np.testing.assert_allclose(found.z, z[start:stop], atol=1e-13)
    np.testing.assert_allclose(found.h, h[start:stop], atol=1e-13)
    np.testing.assert_allclose(found.bits, network.bits(weights, CORPUS.data, np.zeros(hidden))[start:stop], atol=1e-12)
    assert bytes(found.read) + bytes(found.following[-1:]) == bytes(CORPUS.data[start : stop + 1])
    for i, t in enumerate(range(start, stop)):
        p = network.probabilities(weights, h[t])
        assert found.top_bytes[i].tolist() == np.argsort(-p)[:3].tolist()
        np.testing.assert_allclose(found.top_probabilities[i], np.sort(p)[::-1][:3])
        path = naive.followed(weights, h, t, int(CORPUS.data[t + 1]), depth)
        np.testing.assert_allclose(found.gradients[i, : len(path)], path, atol=1e-13)
        assert not found.gradients[i, len(path) :].any()
        assert found.past[i].tolist() == [int(CORPUS.data[t - k]) if k <= t else -1 for k in range(depth + 1)]
        figures = np.array(naive.figures(weights, CORPUS.data, h, t, depth))
        np.testing.assert_allclose(found.attributions[i, : len(path)], figures[:, 1], atol=1e-13)
        np.testing.assert_allclose(found.gated_attributions[i, : len(path)], figures[:, 2], atol=1e-13)
        assert not found.attributions[i, len(path) :].any()


@pytest.mark.parametrize(("t", "depth"), [(7, 0), (7, 1), (7, 4), (0, 4), (2, 4)])
def test_export__lists_the_weights_used_most(t, depth):
    model = model_of(3)
    weights = model.arrays()
    _, h = network.run(weights, CORPUS.data, np.zeros(3))
    path = naive.followed(weights, h, t, int(CORPUS.data[t + 1]), depth)
    largest = {}
    for k, g in enumerate(path):
        through = (1 - h[t - k] ** 2) * g
        x = int(CORPUS.data[t - k])
        values = {("W_x", j, x): weights["W_x"][j, x] * g[j] for j in range(3)}
        if k < min(depth, t):
            values |= {("W_h", i, j): through[i] * weights["W_h"][i, j] for i in range(3) for j in range(3)}
        if k == 0:
            values |= {("W_y", j, int(CORPUS.data[t + 1])): g[j] for j in range(3)}
        for weight, value in values.items():
            if abs(value) > abs(largest.get(weight, (0, 0))[0]):
                largest[weight] = (value, k)
    found = export(model, CORPUS, t, t + 1, depth=depth, patterns=1000).patterns
    assert {(p.array, p.neuron, p.source): (pytest.approx(p.attribution), p.lag) for p in found} == largest
    sizes = [abs(p.attribution) for p in found]
    assert sizes == sorted(sizes, reverse=True)
    few = export(model, CORPUS, t, t + 1, depth=depth, patterns=4).patterns
    assert few == found[:4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("suffix", [".npz", ".json", ".JSON"])
def test_save_export__holds_all_arrays(tmp_path, suffix, dtype):
    found = export(model_of(3, dtype), CORPUS, 0, 4)
    path = save_export(found, tmp_path / f"out{suffix}")
    if suffix == ".npz":
        with np.load(path) as archive:
            header = json.loads(archive["header"].tobytes())
            stored = {name: archive[name] for name in archive.files if name != "header"}
    else:
        header = json.loads(path.read_text())
        stored = {name: np.array(header.pop(name)) for name in found.arrays()}
    assert header["format"] == "umrnn export"
    assert header["provenance"]["corpus"]["sha256"] == CORPUS.sha256
    arrays = found.arrays()
    assert set(stored) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(stored[name], array)
    assert arrays["gradients"].shape == (4, 39, 3)
    assert stored["positions"].tolist() == [0, 1, 2, 3]
    assert {0, 1, 2} >= set(stored["pattern_array"].tolist())


def test_save_export__refuses_too_much_text(tmp_path, monkeypatch):
    found = export(model_of(3), CORPUS, 0, 4)
    monkeypatch.setattr(sys.modules["umrnn.interpret.export"], "_CELLS", {".json": 400, ".npz": 1000})
    with pytest.raises(InputError, match=r"must not exceed 400 in \.json, got 468") as refused:
        save_export(found, tmp_path / "out.json")
    assert "or write .npz" in refused.value.hint
    assert list(tmp_path.iterdir()) == []
    save_export(found, tmp_path / "out.npz")
    with pytest.raises(InputError, match=r"must not exceed 1000 in \.npz, got 1170"):
        export(model_of(3), CORPUS, 0, 10)


def test_export__of_the_shortest_corpus():
    found = export(Elman.zeros(1), Corpus.from_bytes(b"ab"), 0, 1)
    assert found.gradients.shape == (1, 1, 1)
    assert (found.patterns, found.headline()["bpc"]) == ((), 8)


def test_chosen_positions():
    assert chosen_positions(CORPUS, None, None) == (10, 11)
    assert chosen_positions(CORPUS, 38, None) == (38, 39)
    assert chosen_positions(CORPUS, None, (None, None)) == (0, 39)
    assert chosen_positions(CORPUS, None, (2, 5)) == (2, 5)
    with pytest.raises(InputError, match="name one position or several, got both 1 and a span"):
        chosen_positions(CORPUS, 1, (2, 5))


def test_export__positions_count_in_the_source():
    part, alone = CORPUS.slice(10, 30), Corpus.from_bytes(bytes(CORPUS.data[10:30]))
    found, other = export(model_of(2), part, 15, 18, depth=3), export(model_of(2), alone, 5, 8, depth=3)
    assert found.arrays()["positions"].tolist() == [15, 16, 17]
    assert found.arrays()["pattern_position"].tolist() == [10 + t for t in other.arrays()["pattern_position"]]
    for name in ("read", "following", "h", "bits", "gradients", "past"):
        assert getattr(found, name).tolist() == getattr(other, name).tolist()
    assert chosen_positions(part, None, (None, None)) == (10, 29)
    assert chosen_positions(part, None, None) == (20, 21)
    with pytest.raises(InputError, match=r"the first position must be in \[10, 28\], got 5"):
        export(model_of(2), part, 5, 12)


@pytest.mark.parametrize(
    ("start", "stop", "options", "message"),
    [
        (39, 40, {}, r"position must be in \[0, 38\], got 39"),
        (3, 3, {}, "the end of the positions must lie beyond the first, 3, got 3"),
        (3, 40, {}, r"the end of the positions must be in \[0, 39\], got 40"),
        (3, 4, {"top": 0}, r"top must be in \[1, 256\], got 0"),
        (3, 4, {"patterns": -1}, r"patterns must be in \[0, 100000\], got -1"),
        (3, 4, {"depth": 39}, "depth must be at most 38 in a corpus of 40 bytes, got 39"),
    ],
)
def test_export__bad_input(start, stop, options, message):
    with pytest.raises(InputError, match=message):
        export(model_of(2), CORPUS, start, stop, **options)


def test_export_file__needs_a_known_suffix(tmp_path):
    with pytest.raises(InputError, match=r"output must be a \.json or \.npz file"):
        export_file(tmp_path / "out.csv")
