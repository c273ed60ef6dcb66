"""Loss, gradient and second derivative of a softmax read-out equal their definitions."""

import numpy as np
import pytest

from tests.naive import softmax as naive
from umrnn.construct.kernels import softmax as kernels

TOLERANCE = {np.float32: 3e-5, np.float64: 1e-12}
SIZES = [(1, 1, 1), (2, 3, 1), (5, 4, 7), (9, 6, 3)]  # positions, outputs, features


class Tiny:
    """A random problem, a random direction, and room for blocks of ``block`` positions."""

    def __init__(self, positions, outputs, inner, dtype=np.float64, block=3, scale=1.0):
        rng = np.random.default_rng((positions, outputs, inner))

        def draw(*shape):
            return (scale * rng.standard_normal(shape)).astype(dtype)

        self.rows, self.W, self.b, self.U, self.c = (
            draw(*shape) for shape in ((positions, inner), (outputs, inner), (outputs,), (outputs, inner), (outputs,))
        )
        self.targets = rng.integers(0, outputs, positions).astype(np.uint8)
        flat = (outputs * block, outputs * block, block, block, block)
        self.room = kernels.Room(
            *(np.full(size, np.nan, dtype) for size in flat),
            np.full((outputs, inner), np.nan, dtype),
            np.full(outputs, np.nan, dtype),
        )
        self.by_W, self.by_b = np.zeros((outputs, inner)), np.zeros(outputs)

    def wide(self):
        """All in float64, as the definitions want it."""
        return (array.astype(np.float64) for array in (self.W, self.b, self.rows, self.U, self.c))


def each(test):
    test = pytest.mark.parametrize("dtype", [np.float32, np.float64])(test)
    test = pytest.mark.parametrize("block", [1, 3, 16])(test)
    return pytest.mark.parametrize("size", SIZES)(test)


@each
def test_add_gradient__is_the_definition(size, block, dtype):
    tiny = Tiny(*size, dtype, block)
    W, b, rows, _, _ = tiny.wide()
    nats = kernels.add_gradient(tiny.rows, tiny.targets, tiny.W, tiny.b, tiny.room, tiny.by_W, tiny.by_b)
    by_W, by_b = naive.gradient(W, b, rows, tiny.targets)
    bound = TOLERANCE[dtype] * len(rows)
    assert nats == pytest.approx(naive.loss(W, b, rows, tiny.targets), abs=bound)
    np.testing.assert_allclose(tiny.by_W, by_W, rtol=0, atol=bound)
    np.testing.assert_allclose(tiny.by_b, by_b, rtol=0, atol=bound)


@each
def test_add_curvature__is_the_definition(size, block, dtype):
    tiny = Tiny(*size, dtype, block)
    W, b, rows, U, c = tiny.wide()
    kernels.add_curvature(tiny.rows, tiny.W, tiny.b, tiny.U, tiny.c, tiny.room, tiny.by_W, tiny.by_b)
    by_W, by_b = naive.curvature(W, b, rows, U, c)
    bound = 3 * TOLERANCE[dtype] * len(rows)
    np.testing.assert_allclose(tiny.by_W, by_W, rtol=0, atol=bound)
    np.testing.assert_allclose(tiny.by_b, by_b, rtol=0, atol=bound)


@each
def test_bits_of_targets__is_the_definition(size, block, dtype):
    tiny = Tiny(*size, dtype, block)
    W, b, rows, _, _ = tiny.wide()
    bits = np.empty(len(rows))
    kernels.bits_of_targets(tiny.rows, tiny.targets, tiny.W, tiny.b, tiny.room, bits)
    np.testing.assert_allclose(bits, naive.bits(W, b, rows, tiny.targets), rtol=0, atol=3 * TOLERANCE[dtype])


@each
def test_deltas__are_the_definition(size, block, dtype):
    tiny = Tiny(*size, dtype, block)
    W, b, rows, _, _ = tiny.wide()
    out = np.full((len(rows), len(b)), np.nan, dtype)
    kernels.deltas(tiny.rows, tiny.targets, tiny.W, tiny.b, tiny.room, out)
    np.testing.assert_allclose(out, naive.deltas(W, b, rows, tiny.targets), rtol=0, atol=3 * TOLERANCE[dtype])


def test_sums__add_up_over_calls():
    whole, parts = Tiny(7, 4, 3), Tiny(7, 4, 3)
    kernels.add_gradient(whole.rows, whole.targets, whole.W, whole.b, whole.room, whole.by_W, whole.by_b)
    for span in (slice(0, 4), slice(4, 7)):
        kernels.add_gradient(
            parts.rows[span], parts.targets[span], parts.W, parts.b, parts.room, parts.by_W, parts.by_b
        )
    np.testing.assert_allclose(parts.by_W, whole.by_W, rtol=0, atol=1e-13)
    np.testing.assert_allclose(parts.by_b, whole.by_b, rtol=0, atol=1e-13)


def test_large_logits__stay_finite():
    """Logits of a thousand: the probability of the target underflows, its logarithm does not."""
    tiny = Tiny(4, 3, 2, scale=30.0)
    bits = np.empty(4)
    kernels.bits_of_targets(tiny.rows, tiny.targets, tiny.W, tiny.b, tiny.room, bits)
    logits = tiny.rows @ tiny.W.T + tiny.b
    top = logits.max(axis=1)
    expected = (top - logits[np.arange(4), tiny.targets]) / np.log(2)
    assert expected.max() > 1000
    np.testing.assert_allclose(bits, expected, rtol=0, atol=1.6)  # at most log2 of three equal logits
