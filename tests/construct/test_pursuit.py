"""Projection pursuit: sums by byte, a planted conjunction found, taken out, and the next one found."""

import numpy as np
import pytest

from tests.naive import pursuit as naive
from umrnn.construct.state import pursuit as module
from umrnn.construct.state.pursuit import moments, pursue

pytestmark = pytest.mark.needs_jit


class Planted:
    """Deltas that are two conjunctions and noise: gates of bytes 0-3 and 4-7, each with its direction and pattern."""

    def __init__(self, positions: int = 6000, inner: int = 5, outputs: int = 6, noise: float = 0.1) -> None:
        rng = np.random.default_rng(1)
        self.before = rng.standard_normal((positions, inner)).astype(np.float32)
        self.read = rng.integers(0, 12, positions).astype(np.uint8)
        self.gates = np.zeros((2, 256))
        self.gates[0, :4] = self.gates[1, 4:8] = 1
        self.directions = np.linalg.qr(rng.standard_normal((inner, 2)))[0].T
        self.patterns = np.linalg.qr(rng.standard_normal((outputs, 2)))[0].T * np.array([[2.0], [1.0]])
        deltas = noise * rng.standard_normal((positions, outputs))
        for gate, direction, pattern in zip(self.gates, self.directions, self.patterns):
            deltas += (gate[self.read] * (self.before @ direction))[:, None] * pattern
        self.deltas = deltas.astype(np.float32)
        self.mean, self.spread = np.zeros(inner), np.ones(inner)

    def moments(self, **how):
        return moments(self.before, self.read, lambda span: self.deltas[span], self.mean, self.spread, **how)


@pytest.mark.parametrize("chunk", [100, 1 << 14])
def test_moments__are_the_sums_by_byte(chunk, monkeypatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", chunk)
    planted = Planted(700)
    planted.mean, planted.spread = planted.before.mean(axis=0), planted.before.std(axis=0)
    found = planted.moments()
    cross, square = naive.moments(planted.before, planted.read, planted.deltas, planted.mean, planted.spread)
    assert found.seen.tolist() == sorted(cross)
    assert found.count.tolist() == np.bincount(planted.read).tolist()
    for index, byte in enumerate(found.seen.tolist()):
        assert np.abs(found.cross[index] - cross[byte]).max() < 1e-3
        assert np.abs(found.square[index] - square[byte]).max() < 1e-3


def test_moments__leave_out_bytes_too_rare_to_have_any() -> None:
    planted = Planted(6000)
    planted.read[:] = 0
    planted.read[:2], planted.read[10:15] = 7, 9
    assert planted.moments().seen.tolist() == [0, 9]


def test_moments__same_bits_on_any_number_of_threads() -> None:
    one, three = (Planted().moments(threads=threads) for threads in (1, 3))
    assert one.cross.tobytes() == three.cross.tobytes()
    assert one.square.tobytes() == three.square.tobytes()


def test_pursue__finds_the_stronger_conjunction_then_the_other() -> None:
    planted = Planted()
    wide = np.column_stack((planted.before, np.ones(len(planted.before))))
    found = pursue(planted.moments(), 3)
    for one, gate, direction, pattern in zip(found, planted.gates, planted.directions, planted.patterns):
        assert np.flatnonzero(one.gate > 0.5).tolist() == np.flatnonzero(gate).tolist()
        assert one.gate[gate == 0].max() < 0.1
        cosine = one.direction[:-1] @ direction / np.linalg.norm(one.direction)
        assert abs(cosine) > 0.99
        assert abs(one.pattern @ pattern) / np.linalg.norm(pattern) > 0.99
    first = naive.gain(found[0].gate, found[0].direction, wide, planted.read, planted.deltas)
    assert found[0].gain == pytest.approx(first, rel=1e-3)
    assert found[0].gain > found[1].gain > 20 * found[2].gain  # what is left is noise


def test_pursue__directions_have_unit_variance_where_open() -> None:
    planted = Planted()
    wide = np.column_stack((planted.before, np.ones(len(planted.before))))
    (one,) = pursue(planted.moments(), 1)
    weight = one.gate[planted.read] ** 2
    assert weight @ (wide @ one.direction) ** 2 / weight.sum() == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (6, 6), (1, 4), (4, 1)])
def test_foremost__is_the_first_right_singular_vector(shape) -> None:
    matrix = np.random.default_rng(3).standard_normal(shape)
    expected = np.linalg.svd(matrix)[2][0]
    found = module._foremost(matrix)
    np.testing.assert_allclose(found * np.sign(found @ expected), expected, atol=1e-12)


def test_pursue__of_nothing_left_promises_nothing() -> None:
    planted = Planted()
    planted.deltas[:] = 0
    assert [one.gain for one in pursue(planted.moments(), 2)] == [0, 0]
