"""Guards: a step of the Boolean automaton against a dense float32 tanh step of the same size, one thread each.

    pytest benchmarks/bench_boolean.py --benchmark-enable

The automaton's states are first asserted equal to its definition, which adds every sum in float64.
"""

import numpy as np
import pytest

from benchmarks.harness import ratio
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.interpret.kernels.boolean import influence, step_each
from umrnn.interpret.signs.influence import boolean_influence, sampled_indices
from umrnn.interpret.signs.machine import SignMachine
from umrnn.rnn.blas import one_thread
from umrnn.rnn.initial import initial
from umrnn.rnn.kernels.forward import run_states
from umrnn.rnn.kernels.records import aligned
from umrnn.rnn.layout import parameters

DATA = np.tile(Corpus.siteinfo().data, 4)
ROUNDS = 15


def definition(machine: SignMachine, words, data):
    """One step from each state by sums in float64, in numpy."""
    model = machine.model
    wide = machine.unpack(words).astype(np.float64) @ model.W_h.T.astype(np.float64)
    return wide + model.W_x.T.astype(np.float64)[data] + model.b_h >= 0


def step_ratio(benchmark, model) -> float:
    """Dense time / Boolean time of a run over the same bytes."""
    hidden, machine, weights = model.hidden, SignMachine(model), parameters(model)
    states, z = np.zeros((len(DATA) + 1, machine.words), np.uint64), aligned(hidden, np.int32)
    dense_z, h = np.empty((len(DATA), hidden), np.float32), np.zeros((len(DATA) + 1, hidden), np.float32)
    transposed = np.ascontiguousarray(model.W_h.T)

    def boolean() -> None:
        step_each(states[:-1], DATA, machine.table, z, states[1:])

    def dense() -> None:
        run_states(DATA, weights, transposed, dense_z, h)

    with one_thread():
        boolean()
        assert np.array_equal(machine.unpack(states[1:]) > 0, definition(machine, states[:-1], DATA))
        assert np.array_equal(states[1:], machine.run(states[0], DATA))
        return ratio(benchmark, boolean, dense, named=f"dense tanh step, H = {hidden}", rounds=ROUNDS)


@pytest.mark.benchmark(group="boolean step")
def test_step__against_dense_128(benchmark):
    assert step_ratio(benchmark, rnn.shipped()) >= 3


@pytest.mark.benchmark(group="boolean step")
def test_step__against_dense_256(benchmark):
    assert step_ratio(benchmark, initial(256, seed=1)) >= 3


@pytest.mark.benchmark(group="boolean step")
def test_step__against_dense_512(benchmark):
    # 3.0 to 4.1 measured: the table of 2 MiB lies in part in the third cache, W_h at times in the second.
    assert step_ratio(benchmark, initial(512, seed=1)) >= 2.2


@pytest.mark.benchmark(group="boolean influence")
def test_influence__against_steps_taken_anew(benchmark):
    """Flipping each neuron of each sampled state and stepping anew, by the same look-up: H steps a sample."""
    model, corpus = rnn.shipped(), Corpus.siteinfo()
    machine, sampled = SignMachine(model), np.array(sampled_indices(len(corpus)))
    states, data = machine.pack(rnn.trace(model, corpus).states()[sampled]), corpus.data[sampled + 1]
    z, columns = machine.preactivations(states, data), np.ascontiguousarray(model.W_h.T, np.float64)
    counts = np.zeros((128, 128), np.int64)

    def ours() -> None:
        counts[:] = 0
        influence(states, z, columns, 0, counts)

    def anew():
        return [machine.step(states ^ flip, data) for flip in machine.pack(2.0 * np.eye(128) - 1)]

    ours()
    after = machine.unpack(machine.step(states, data))
    assert np.array_equal(counts, [(machine.unpack(found) != after).sum(axis=0) for found in anew()])
    assert np.array_equal(counts.T / len(sampled), boolean_influence(model, corpus))
    assert ratio(benchmark, ours, anew, named="steps taken anew by look-up", rounds=ROUNDS) >= 3
