"""Norms, connections and spectra: the published figures, planted weights, random matrices."""

import numpy as np
import pytest

from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.weights import read_weights
from umrnn.rnn.weights import Elman

NORMS = {b"<": 3.75, b" ": 3.74, b">": 3.49, b"m": 3.10, b"i": 2.96, b"r": 2.89, b"a": 2.71}


def test_weights__published_figures(reference):
    found = read_weights(rnn.load(reference / "sat-rnn-published.bin"), Corpus.siteinfo())
    norms = {row.byte: row.in_norm for row in found.bytes}
    assert {byte: round(norms[byte], 2) for byte in NORMS} == NORMS
    assert found.unseen_norms[0] == pytest.approx(0.03, abs=0.005)
    top = {(row.source, row.target): row.weight for row in found.connections[:4]}
    assert round(top[50, 76], 2) == 1.39
    assert round(top[8, 52], 2) == 1.28
    assert round(top[8, 8], 2) == -1.25
    arrays = {row.array: row for row in found.arrays}
    W_h = arrays["W_h"]
    assert W_h.frobenius_norm == pytest.approx(16.976, abs=0.0005)
    assert W_h.largest_singular_value == pytest.approx(5.505, abs=0.0005)
    assert W_h.spectral_radius == pytest.approx(2.764, abs=0.0005)
    assert round(arrays["W_x"].small_share, 3) == 0.836
    assert [round(arrays[name].max_abs_weight, 2) for name in ("W_x", "W_h", "W_y")] == [1.99, 1.39, 4.08]


def planted() -> Elman:
    arrays = {name: np.zeros_like(array) for name, array in Elman.zeros(3, np.float64).arrays().items()}
    arrays["W_x"][0, [ord("a"), ord("b"), ord("z")]] = [3, -4, 100]
    arrays["W_h"][2, 1], arrays["W_h"][0, 0] = -0.9, 0.5
    arrays["W_y"][ord("b"), 2] = 2
    arrays["b_h"][1] = -7
    return Elman(**arrays)


def test_weights__of_a_planted_network():
    found = read_weights(planted(), Corpus.from_bytes(b"abab" + b"a"), top=2, strongest=2)
    assert [(row.byte, row.count, row.in_norm, row.out_norm) for row in found.bytes] == [
        (b"b", 2, 4.0, 2.0),
        (b"a", 3, 3.0, 0.0),
    ]
    assert found.unseen_norms == pytest.approx((100 / 254, 0))  # only z has a weight, and it is not in the corpus
    assert [(row.source, row.target, row.weight) for row in found.connections] == [(1, 2, -0.9), (0, 0, 0.5)]
    assert (found.rows[0].raised_by, found.rows[0].lowered_by) == ((b"a",), (b"b",))
    assert (found.rows[2].predicts, found.rows[2].predicts_against) == ((b"b",), ())
    assert (found.rows[2].fan_in, found.rows[2].fan_out, found.rows[1].fan_out) == (1, 0, 1)
    assert (found.rows[1].recurrent_out_norm, found.rows[2].recurrent_in_norm) == (0.9, 0.9)
    assert (found.rows[1].bias, found.rows[0].self_weight) == (-7, 0.5)
    W_h = next(row for row in found.arrays if row.array == "W_h")
    assert W_h.spectral_radius == pytest.approx(0.5)
    assert W_h.largest_singular_value == pytest.approx(0.9)


def test_weights__of_random_numbers_are_chance():
    """Girko's and Marchenko-Pastur's limits, at H = 300."""
    rng = np.random.default_rng(0)
    shapes = {name: array.shape for name, array in Elman.zeros(300).arrays().items()}
    model = Elman(**{name: rng.standard_normal(shape) for name, shape in shapes.items()})
    for row in read_weights(model, Corpus.siteinfo()).arrays:
        if row.largest_singular_value is not None:
            assert row.largest_singular_value == pytest.approx(row.null_largest_singular_value, rel=0.03)
        if row.array == "W_h":
            assert row.spectral_radius == pytest.approx(row.null_spectral_radius, rel=0.08)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights__of_every_byte_seen_has_no_baseline(dtype):
    found = read_weights(Elman.zeros(1, dtype), Corpus.from_bytes(bytes(range(256))))
    assert found.unseen_norms is None
    assert found.headline()["unseen_in_norm"] is None
    assert len(found.bytes) == 256
    assert len(found.connections) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 0}, "top must be at least 1, got 0"),
        ({"strongest": 0}, r"strongest must be in \[1, 256\], got 0"),
        ({"strongest": 257}, r"strongest must be in \[1, 256\], got 257"),
    ],
)
def test_weights__bad_input(options, message):
    with pytest.raises(InputError, match=message):
        read_weights(Elman.zeros(2), Corpus.siteinfo(), **options)
