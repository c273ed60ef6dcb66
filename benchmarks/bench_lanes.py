"""Guards: many stretches of a text side by side against one after the other, and against NumPy doing the same.

    pytest benchmarks/bench_lanes.py --benchmark-enable -s

Each comparison first asserts that both sides compute the same states. BLAS is held at one thread on both sides.
"""

import numpy as np

from benchmarks.harness import generated_text, ratio
from umrnn.progress import Work
from umrnn.rnn import initial
from umrnn.rnn.blas import one_thread
from umrnn.rnn.lanes import lane_states
from umrnn.rnn.states import States

HIDDEN, LANES, STRETCH, WARM = 128, 32, 4096, 64
TEXT = generated_text(LANES * STRETCH)
MODEL = initial(HIDDEN, seed=1)
ALONE = Work(threads=1)


def by_numpy() -> np.ndarray:
    """All lanes by one product of matrices a byte: what a good NumPy program does."""
    text = np.concatenate((np.zeros(WARM, np.uint8), TEXT.data)).astype(np.int64)
    begins = STRETCH * np.arange(LANES)
    rows, state = np.empty((LANES, STRETCH, HIDDEN), np.float32), np.zeros((LANES, HIDDEN), np.float32)
    inputs, recurrent = MODEL.W_x.T + MODEL.b_h, MODEL.W_h.T
    with one_thread():
        for t in range(WARM + STRETCH):
            state = np.tanh(inputs[text[begins + t]] + state @ recurrent)
            if t == WARM - 1:
                state[0] = 0  # the first lane has nothing before it
            if t >= WARM:
                rows[:, t - WARM] = state
    return rows.reshape(-1, HIDDEN)


def test_lanes__against_numpy(benchmark) -> None:
    def ours() -> np.ndarray:
        return lane_states(MODEL, TEXT, warm=WARM, work=ALONE)

    np.testing.assert_allclose(ours(), by_numpy(), atol=1e-4)
    assert ratio(benchmark, ours, by_numpy, named="NumPy, one product a byte", rounds=5) >= 1.4


def test_lanes__against_one_stretch_after_the_other(benchmark) -> None:
    """What the lanes are for: a product of matrices in place of a matrix times a vector."""

    def ours() -> np.ndarray:
        return lane_states(MODEL, TEXT, warm=WARM, work=ALONE)

    def in_turn() -> np.ndarray:
        with one_thread():
            return States.of(MODEL, TEXT, work=ALONE).rows

    np.testing.assert_allclose(ours()[:STRETCH], in_turn()[:STRETCH], atol=1e-4)
    assert ratio(benchmark, ours, in_turn, named="the trace, byte after byte", rounds=5) >= 1.2
