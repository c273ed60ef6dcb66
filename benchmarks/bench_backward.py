"""Guard: every prediction followed back 50 steps, against PyTorch's autograd doing the same, one thread each.

pytest benchmarks/bench_backward.py --benchmark-enable

All find the attribution of each past byte, W_x[:, x_{t-k}]ᵀ (1 - h²_{t-k}) g_{t→t-k},
for all predictions t of ``siteinfo`` and all k up to 50.

one by one : each prediction has a graph of its last 51 inputs, which begins at the detached state before them, and one
    call of ``torch.autograd.grad`` of ln p by those inputs.
batch : all those windows side by side as one batch, one call of ``torch.autograd.grad`` of the sum: the best that a
    user of autograd can do, since no window depends on another. It repeats each state 51 times.
"""

import numpy as np
import pytest

from benchmarks.harness import ratio
from umrnn.corpus import Corpus
from umrnn.interpret.backward.follow import Follower, stretches
from umrnn.rnn.blas import one_thread
from umrnn.rnn.shipped import shipped
from umrnn.rnn.trace import trace

DEPTH = 50


class Measured:
    """Gated attributions by lag (51, T), three ways; 0 before the corpus."""

    def __init__(self, dtype: str) -> None:
        self.torch = pytest.importorskip("torch")
        self.torch.set_num_threads(1)
        self.model, self.corpus = shipped().astype(dtype), Corpus.siteinfo()
        self.data = self.torch.tensor(self.corpus.data.astype(np.int64))
        arrays = (self.torch.tensor(array.copy()) for array in self.model.arrays().values())
        self.W_x, self.W_h, self.b_h, self.W_y, self.b_y = arrays
        self.targets = len(self.corpus) - 1
        self.states = self.torch.tensor(trace(self.model, self.corpus).states().copy())

    def here(self):
        follower = Follower(self.model, DEPTH)
        with one_thread():
            found = [follower.follow(one) for each in stretches(self.model, self.corpus, DEPTH) for one in each]
        return np.concatenate([one.gated for one in found], axis=1)

    def one_by_one(self):
        torch, out = self.torch, np.zeros((DEPTH + 1, self.targets))
        for t in range(self.targets):
            first = max(0, t - DEPTH)
            state = self.states[first - 1] if first else torch.zeros(self.model.hidden, dtype=self.W_h.dtype)
            inputs = self.W_x[:, self.data[first : t + 1]].T.contiguous().requires_grad_()
            for row in inputs:
                state = torch.tanh(row + self.W_h @ state + self.b_h)
            surprise = torch.log_softmax(self.W_y @ state + self.b_y, 0)[self.data[t + 1]]
            (slope,) = torch.autograd.grad(surprise, inputs)
            out[: t - first + 1, t] = (slope * inputs.detach()).sum(1).flip(0).numpy()
        return out

    def batch(self):
        torch = self.torch
        steps = torch.arange(self.targets)[:, None] - torch.arange(DEPTH, -1, -1)[None]  # (T, 51), oldest first
        inside = steps >= 0
        columns = self.W_x.T[self.data[steps.clamp(min=0)]].requires_grad_()
        state = torch.zeros(self.targets, self.model.hidden, dtype=self.W_h.dtype)
        state[DEPTH + 1 :] = self.states[: self.targets - DEPTH - 1]
        for k in range(DEPTH + 1):
            state = torch.tanh(columns[:, k] + state @ self.W_h.T + self.b_h) * inside[:, k : k + 1]
        log_p = torch.log_softmax(state @ self.W_y.T + self.b_y, 1)
        (slope,) = torch.autograd.grad(log_p[torch.arange(self.targets), self.data[1:]].sum(), columns)
        return (slope * columns.detach()).sum(2).flip(1).T.numpy()


@pytest.mark.benchmark(group="backward")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("baseline", "least"), [("one_by_one", 5), ("batch", 5)])
def test_follow__against_autograd(benchmark, baseline, least, dtype):
    measured = Measured(dtype)
    expected = getattr(measured, baseline)()
    scale = np.abs(expected).max()
    np.testing.assert_allclose(measured.here(), expected, atol=scale * (1e-3 if dtype == "float32" else 1e-10))
    found = ratio(
        benchmark,
        measured.here,
        getattr(measured, baseline),
        named=f"PyTorch autograd, {baseline.replace('_', ' ')}",
        rounds=3 if baseline == "one_by_one" else 7,
    )
    assert found >= least
