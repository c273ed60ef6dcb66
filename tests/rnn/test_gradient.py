"""Training steps of real size equal those of PyTorch."""

import numpy as np
import pytest

from umrnn._validate import contiguous
from umrnn.rnn.initial import initial
from umrnn.rnn.kernels.backward import chunk_gradient
from umrnn.rnn.kernels.records import allocate, parameter_count, views
from umrnn.rnn.layout import flatten, parameters, unflatten

pytestmark = pytest.mark.needs_jit


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", [1, 37, 128])
def test_chunk_gradient__is_that_of_autograd(hidden, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(hidden)
    model = initial(hidden, seed=1, dtype=dtype)
    noise = rng.standard_normal(len(flatten(model))) / (2 * np.sqrt(hidden))  # larger weights are chaotic
    model = unflatten(flatten(model) + noise.astype(dtype), hidden)
    data = contiguous(rng.integers(0, 256, 51).astype(np.uint8))
    before = rng.uniform(-1, 1, hidden).astype(dtype)

    leaves = {name: torch.tensor(array.copy(), requires_grad=True) for name, array in model.arrays().items()}
    state, loss = torch.tensor(before), torch.zeros((), dtype=torch.float64)
    for x, y in zip(data[:-1].tolist(), data[1:].tolist()):
        state = torch.tanh(leaves["W_x"][:, x] + leaves["W_h"] @ state + leaves["b_h"])
        loss = loss - torch.log_softmax(leaves["W_y"] @ state + leaves["b_y"], 0)[y]
    loss.backward()

    flat = np.zeros(parameter_count(256, hidden), dtype)
    gradient, work = views(flat, 256, hidden), allocate(256, hidden, 50, dtype)
    work.h[0] = before
    nats = chunk_gradient(data, parameters(model), gradient, work)
    tolerance = 2e-4 if dtype == np.float32 else 1e-11
    assert nats == pytest.approx(loss.item(), rel=tolerance)
    for name in ("W_h", "b_h", "W_y", "b_y"):
        expected = leaves[name].grad.numpy()
        scale = np.abs(expected).max()
        np.testing.assert_allclose(getattr(gradient, name), expected, atol=tolerance * scale, err_msg=name)
    expected = leaves["W_x"].grad.numpy().T
    np.testing.assert_allclose(gradient.W_x, expected, atol=tolerance * np.abs(expected).max())


def test_layout__comes_back_whole():
    model = initial(5, seed=3)
    again = unflatten(flatten(model), 5)
    assert again.sha256 == model.sha256
