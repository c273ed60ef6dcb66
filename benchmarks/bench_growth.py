"""Guards: the moments that growth is found from against NumPy's way to the same sums, and growth against training.

pytest benchmarks/bench_growth.py --benchmark-enable -s
"""

import numpy as np

from benchmarks.harness import generated_text, ratio
from umrnn.construct.spectral import spectral
from umrnn.construct.state.growth import grow
from umrnn.construct.state.pursuit import moments
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.rnn import Optimizer, Start, train
from umrnn.rnn.blas import one_thread

STATES, OUTPUTS, LENGTH = 128, 80, 60_000
TEXT = generated_text(200_000)


def test_moments__against_numpy(benchmark) -> None:
    """One chunk of positions after the other, each grouped once, against a mask of all positions for every byte."""
    rng = np.random.default_rng(0)
    before = rng.standard_normal((LENGTH, STATES), np.float32)
    left = rng.standard_normal((LENGTH, OUTPUTS), np.float32)
    read, zero, one = TEXT.data[:LENGTH], np.zeros(STATES, np.float32), np.ones(STATES, np.float32)

    def ours() -> tuple[np.ndarray, np.ndarray]:
        sums = moments(before, read, lambda span: left[span], zero, one, threads=1)
        return sums.cross, sums.square

    seen = moments(before, read, lambda span: left[span], zero, one, threads=1).seen

    def by_numpy() -> tuple[np.ndarray, np.ndarray]:
        with one_thread():
            rows = np.concatenate((before, np.ones((LENGTH, 1), np.float32)), axis=1)
            parts = [(rows[read == byte], left[read == byte]) for byte in seen]
            return np.stack([a.T @ b for a, b in parts]), np.stack([a.T @ a for a, _ in parts])

    for found, expected in zip(ours(), by_numpy()):
        np.testing.assert_allclose(found, expected, atol=0.05)
    assert ratio(benchmark, ours, by_numpy, named="NumPy, a mask for every byte", rounds=5) >= 0.85


def test_growth__against_passes_of_back_propagation(benchmark) -> None:
    """Doubling a network of 64 neurons in two rounds costs about as much as two passes of training one of 128."""
    base = spectral(TEXT, 64, check=Check(null=Null(0))).model

    def grown() -> object:
        return grow(base, TEXT, 128, rounds=2, work=Work(threads=1))

    def trained() -> object:
        return train(TEXT, Start(128), Optimizer("adam", epochs=1), work=Work(threads=1))

    assert ratio(benchmark, grown, trained, named="one pass of back-propagation, H 128", rounds=3) >= 0.3
