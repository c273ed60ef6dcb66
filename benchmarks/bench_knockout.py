"""Guard: all knock-outs at once against one evaluation of the read-out per neuron, one thread each.

pytest benchmarks/bench_knockout.py --benchmark-enable
"""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.harness import ratio
from umrnn.corpus import Corpus
from umrnn.interpret.kernels.knockout import VARIANTS, knocked_out_bits
from umrnn.rnn.blas import one_thread
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.shipped import shipped
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman


class Measured:
    """States of the shipped network, and the summed bits with each neuron replaced, either way."""

    def __init__(self, model: Elman) -> None:
        corpus = Corpus.siteinfo()
        self.model, self.targets = model, corpus.data[1:]
        self.h = np.ascontiguousarray(trace(model, corpus).states()[:-1])
        self.columns, self.means = np.ascontiguousarray(model.W_y.T), self.h.mean(axis=0)

    def at_once(self):
        """Zero, sign and mean of every neuron."""
        model, out = self.model, np.zeros((VARIANTS, self.model.hidden))
        with one_thread():
            knocked_out_bits(self.h, self.targets, model.W_y, self.columns, model.b_y, self.means, out)
        return out

    def one_by_one(self):
        """The same by 3 H evaluations: zeroed columns of W_y, then states with one neuron replaced."""
        out = np.empty((VARIANTS, self.model.hidden))
        plain = OutputLayer(self.model)
        for j in range(self.model.hidden):
            W_y = np.array(self.model.W_y)
            W_y[:, j] = 0
            out[0, j] = OutputLayer(replace(self.model, W_y=W_y)).bits(self.h, self.targets).sum()
            signs, means = self.h.copy(), self.h.copy()
            signs[:, j], means[:, j] = np.where(self.h[:, j] >= 0, 1, -1), self.means[j]
            out[1:, j] = plain.bits(signs, self.targets).sum(), plain.bits(means, self.targets).sum()
        return out


@pytest.mark.benchmark(group="knock-outs")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_knockout__against_one_evaluation_each(benchmark, dtype):
    both = Measured(shipped().astype(dtype))
    np.testing.assert_allclose(both.at_once(), both.one_by_one(), rtol=1e-4 if dtype == "float32" else 1e-11)
    with one_thread():
        assert ratio(benchmark, both.at_once, both.one_by_one, named="OutputLayer.bits, 3 per neuron") >= 3.3
