"""Gathered states, added logits, scaled losses and decoding equal their definitions on tiny registers."""

import math

import numpy as np
import pytest

from tests.naive import register as naive
from umrnn.construct.kernels import carrier as kernels

ALPHABET = 5


def data_of(length, seed=1):
    return np.random.default_rng(seed).integers(0, ALPHABET, length).astype(np.uint8)


def codes_of(bits, seed=2):
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (ALPHABET, bits))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("groups", "bits"), [(1, 1), (3, 2), (4, 1)])
@pytest.mark.parametrize("first", [0, 2, 6])
def test_gather_states__is_the_definition(groups, bits, first, dtype):
    data, codes = data_of(9), codes_of(bits)
    table = np.stack([(1 + g) * codes for g in range(groups)]).astype(dtype)
    out = np.full((9 - first, groups * bits), np.nan, dtype)
    kernels.gather_states(data, first, table, out)
    expected = naive.signs(codes, groups, data)[first:] * np.repeat(1 + np.arange(groups), bits)
    assert np.array_equal(out, expected)


@pytest.mark.parametrize(("groups", "first"), [(1, 0), (3, 0), (3, 1), (3, 5)])
def test_additive_logits__is_the_definition(groups, first):
    data, tables = data_of(9), np.random.default_rng(3).standard_normal((groups, ALPHABET, 4))
    out = np.full((9 - first, 4), np.nan)
    kernels.additive_logits(data, first, tables, out)
    for i, row in enumerate(out):
        np.testing.assert_allclose(row, naive.additive(tables, data, first + i), rtol=1e-13)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-6), (np.float64, 1e-12)])
@pytest.mark.parametrize("scale", [0.0, 0.7, -3.0])
def test_bits_of_scale__is_the_definition(scale, dtype, tolerance):
    rng = np.random.default_rng(4)
    plain, b = rng.standard_normal((4, 7)).astype(dtype), rng.standard_normal(4).astype(dtype)
    targets = rng.integers(0, 4, 7).astype(np.uint8)
    logits, top, total, bits = np.empty_like(plain), np.empty(7, dtype), np.empty(7, dtype), np.empty(7)
    kernels.bits_of_scale(plain, targets, b, scale, logits, top, total, bits)
    for t, y in enumerate(targets):
        powers = np.exp(b.astype(float) + scale * plain[:, t].astype(float))
        assert bits[t] == pytest.approx(-math.log2(powers[y] / powers.sum()), abs=tolerance)


@pytest.mark.parametrize(("groups", "bits", "first"), [(1, 3, 0), (3, 2, 0), (3, 2, 4), (2, 1, 1)])
def test_match_codes__is_the_definition(groups, bits, first):
    """Also with signs that no byte has, and groups that reach back before the corpus."""
    rng, codes = np.random.default_rng(5), codes_of(bits)
    distinct = np.unique(codes, axis=0, return_index=True)[1]
    distinct.sort()
    states = rng.choice([-0.9, 0.9], (6, groups * bits))
    found = np.full((6, groups), 99, np.int64)
    kernels.match_codes(states, codes[distinct], first, found)
    for i, row in enumerate(states):
        expected = naive.decoded(codes[distinct], groups, row, first + i)
        assert found[i].tolist() == expected
