"""Knock-outs, rounding and flips equal their definitions on tiny networks."""

from itertools import pairwise

import numpy as np
import pytest

from tests.kernels.test_network_forward import DTYPES, TOLERANCE, data_of, layout
from tests.naive import network, neurons
from umrnn.interpret.kernels.knockout import VARIANTS, knocked_out_bits
from umrnn.interpret.kernels.rounding import round_states, run_rounded
from umrnn.interpret.kernels.saturation import sign_flips
from umrnn.interpret.rounding.representation import Representation


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [0.7, 40.0])  # the second is wider than the bound on the largest logit allows
def test_knocked_out_bits__are_the_read_out_of_a_changed_state(scale, dtype):
    weights = network.random_weights(5, 3, scale=0.7, dtype=dtype)
    weights["W_y"] *= dtype(scale)
    rng = np.random.default_rng(1)
    h, targets = np.tanh(rng.standard_normal((3, 3))).astype(dtype), data_of(5, 3)
    h[0, 0] = 0  # whose sign is +1
    means, out = h.mean(axis=0), np.ones((VARIANTS, 3))
    W_y = np.ascontiguousarray(weights["W_y"])
    knocked_out_bits(h, targets, W_y, np.ascontiguousarray(W_y.T), weights["b_y"], means, out)
    wide = {name: array.astype(np.float64) for name, array in weights.items()}
    expected = neurons.knocked_out_bits(wide, h.astype(np.float64), targets, means.astype(np.float64))
    np.testing.assert_allclose(out - 1, expected, rtol=200 * TOLERANCE[dtype], atol=200 * TOLERANCE[dtype])


@pytest.mark.needs_jit
@pytest.mark.parametrize("length", [1, 63, 64, 65, 130])
def test_knocked_out_bits__of_any_length(length):
    """Blocks of 64 positions and what is left of them; 70 symbols: more than one row of cells at a time."""
    weights, rng = network.random_weights(70, 2), np.random.default_rng(length)
    h, targets, out = np.tanh(rng.standard_normal((length, 2))), data_of(70, length), np.zeros((VARIANTS, 2))
    columns = np.ascontiguousarray(weights["W_y"].T)
    knocked_out_bits(h, targets, weights["W_y"], columns, weights["b_y"], h.mean(axis=0), out)
    np.testing.assert_allclose(out, neurons.knocked_out_bits(weights, h, targets, h.mean(axis=0)), rtol=1e-13)


VALUES = [0.0, 1.0, -1.0, 0.3, -0.7, 1 / 3, 6.1e-5, 6.104e-5, 3e-6, -5.96e-8, 2.9e-8, 1e-9, 0.99999, 2**-12 * 1.5]
# 1 + 2^-11 lies halfway between two numbers of half precision, and so does 1 + 3 * 2^-11: ties go to even.
VALUES += [1 + 2**-11, 1 + 3 * 2**-11, -(0.5 + 2**-12), 2**-24 * 1.5]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Representation.float16(), neurons.half_precision),
        (Representation.sign(), lambda value: 1.0 if value >= 0 else -1.0),
        (Representation.float32(), lambda value: float(np.float32(value))),
        *((Representation.mantissa(k), lambda value, k=k: neurons.cut(value, k)) for k in (0, 1, 10, 23)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_round_states__is_the_arithmetic(kind, expected, dtype):
    values = np.array(VALUES, dtype)
    wanted = [expected(float(value)) for value in values]
    round_states(kind.masks(dtype), values, values.view(f"u{values.dtype.itemsize}"))
    assert values.tolist() == wanted


@pytest.mark.parametrize("dtype", DTYPES)
def test_run_rounded__feeds_the_rounded_state_back(dtype):
    weights, data, kind = network.random_weights(4, 3, dtype=dtype), data_of(4, 6), Representation.mantissa(2)
    z, h = np.empty((6, 3), dtype), np.empty((7, 3), dtype)
    h[0] = 0.3  # taken as it is
    transposed = np.ascontiguousarray(weights["W_h"].T)
    run_rounded(data, layout(weights), transposed, kind.masks(dtype), z, h, h.view(f"u{h.dtype.itemsize}"))
    wide = {name: array.astype(np.float64) for name, array in weights.items()}
    expected = neurons.run_rounded(wide, data, h[0].astype(np.float64), lambda value: neurons.cut(value, 2))
    np.testing.assert_array_equal(h[1:], expected)  # exact: a value near a step would show as a whole step
    np.testing.assert_allclose(np.tanh(z), h[1:], rtol=0.25)


@pytest.mark.parametrize("cuts", [(), (4,), (1, 2, 11)])
def test_sign_flips__and_dwell_for_any_blocks(cuts):
    states = np.random.default_rng(5).standard_normal((12, 4))
    states[3:5, 1] = 0  # + by convention
    states[:, 2] = 1  # never flips
    last, dwell, found = np.full(4, -1), np.zeros((4, 3), np.int64), []
    edges = [0, *cuts, 11]
    for first, stop in pairwise(edges):
        flips = np.full((stop - first, 4), 7, np.float32)
        sign_flips(states[first : stop + 1], first, last, flips, dwell)
        found.append(flips)
    expected = neurons.flips(states)
    seen = np.concatenate(found)
    assert [(np.flatnonzero(seen[:, j]) + 1).tolist() for j in range(4)] == expected
    assert set(np.unique(seen)) <= {0, 1}
    assert dwell.tolist() == [neurons.dwell(steps, 3) for steps in expected]
    assert last.tolist() == [steps[-1] if steps else -1 for steps in expected]
