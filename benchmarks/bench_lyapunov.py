"""Guards: Lyapunov exponents against the same by explicit Jacobians in PyTorch, and the first few against all.

pytest benchmarks/bench_lyapunov.py --benchmark-enable
"""

import numpy as np
import pytest

from benchmarks.harness import ratio
from umrnn.corpus import Corpus
from umrnn.interpret.lyapunov import lyapunov
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.shipped import shipped
from umrnn.rnn.trace import trace

BURN_IN = 50


def exponents(count: int | None = None) -> list[float]:
    """On the 1,024 bytes, beside the fixed byte, one thread."""
    found = lyapunov(shipped(), Corpus.siteinfo(), exponents=count, null=Null(0), work=Work(1))
    return [row.exponent for row in found.exponents.values]


def by_jacobians() -> list[float]:
    """As research code has it: every Jacobian by autograd, multiplied and factorised; of the corpus only."""
    import torch

    torch.set_num_threads(1)
    model, corpus = shipped(), Corpus.siteinfo()
    before = np.vstack([np.zeros(model.hidden, model.dtype), trace(model, corpus).states()[:-1]])
    W_h = torch.from_numpy(model.W_h.astype(np.float64))
    fixed = torch.from_numpy((model.W_x[:, corpus.data].T + model.b_h).astype(np.float64))
    start = Null(0).generator(1 << 32).standard_normal((model.hidden, model.hidden)).T
    Q, logs = torch.linalg.qr(torch.from_numpy(np.ascontiguousarray(start)))[0], []
    for h, x in zip(torch.from_numpy(before.astype(np.float64)), fixed):
        J = torch.autograd.functional.jacobian(lambda state, x=x: torch.tanh(W_h @ state + x), h)
        Q, R = torch.linalg.qr(J @ Q)
        logs.append(R.diagonal().abs().log())
    return sorted(torch.stack(logs[BURN_IN:]).mean(dim=0).tolist(), reverse=True)


@pytest.mark.benchmark(group="Lyapunov exponents")
def test_lyapunov__against_jacobians_in_torch(benchmark):
    pytest.importorskip("torch")
    np.testing.assert_allclose(exponents(), by_jacobians(), atol=1e-4)
    assert ratio(benchmark, exponents, by_jacobians, named="PyTorch, one of the two runs", rounds=3) >= 1.5


@pytest.mark.benchmark(group="Lyapunov exponents")
def test_lyapunov__first_against_all(benchmark):
    np.testing.assert_allclose(exponents(8), exponents()[:8], atol=1e-9)
    assert ratio(benchmark, lambda: exponents(8), exponents, named="all 128 exponents") >= 2
