"""Products, transposes and the random numbers of the C library equal their definitions."""

import ctypes
import ctypes.util

import numpy as np
import pytest

from tests.naive import network as naive
from umrnn.rnn.initial import c_random
from umrnn.rnn.kernels import products


def matrix(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 5), (8, 4), (17, 9)])
def test_transpose__is_the_transpose(rows, columns):
    a, out = matrix(rows, columns), np.empty((columns, rows))
    products.transpose(a, out)
    assert np.array_equal(out, a.T)


@pytest.mark.parametrize("shape", [(3, 2, 4), (300, 90, 60), (2, 1100, 1000)])
def test_multiply__is_the_product_below_and_above_the_block(shape):
    rows, inner, columns = shape
    a, b = matrix(rows, inner), matrix(inner, columns, seed=1)
    out = np.empty((rows, columns))
    products.multiply(a, b, out)
    np.testing.assert_allclose(out, a @ b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("seed", [0, 1, 42, 127773, 2**31 - 1, 2**31, 2**32 - 1])
def test_c_random__is_its_definition(seed):
    assert c_random(seed, 40).tolist() == naive.c_random(seed, 40)


@pytest.mark.parametrize("seed", [0, 1, 42, 2**31, 2**32 - 1])
def test_c_random__is_glibc(seed):
    name = ctypes.util.find_library("c")
    library = ctypes.CDLL(name) if name else None
    if not hasattr(library, "gnu_get_libc_version"):
        pytest.skip("the C library is not glibc")
    library.srand(ctypes.c_uint(seed))
    assert c_random(seed, 500).tolist() == [library.rand() for _ in range(500)]
