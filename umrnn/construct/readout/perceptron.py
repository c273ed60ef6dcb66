"""A layer of rectified neurons under a softmax, trained by plain steps over all positions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from umrnn._validate import contiguous
from umrnn.construct.kernels import perceptron as kernels
from umrnn.construct.kernels.softmax import Room
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.progress import SILENT, Progress
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Bytes, Floats
from umrnn.rnn.weights import ALPHABET

__all__ = ["Layers", "descend_layers", "draw_layers"]

_BLOCK = 64  # positions; as in the read-out without a hidden layer


@dataclass(frozen=True, eq=False)
class Layers:
    """W_1 (M, F), b_1 (M,), W_y (V, M), b_y (V,)."""

    W_1: Floats
    b_1: Floats
    W_y: Floats
    b_y: Floats


def draw_layers(features: int, neurons: int, generator: np.random.Generator) -> Layers:
    """Weights uniform in ±1/√(what the layer reads), biases 0; the same numbers for every text.

    Examples
    --------
    >>> draw_layers(4, 2, np.random.default_rng(0)).W_y.shape
    (256, 2)
    """
    W_1 = generator.uniform(-1, 1, (neurons, features)) / math.sqrt(features)
    W_y = generator.uniform(-1, 1, (ALPHABET, neurons)) / math.sqrt(neurons)
    return Layers(W_1, np.zeros(neurons), W_y, np.zeros(ALPHABET))


def descend_layers(
    rows: Floats, targets: Bytes, start: Layers, rates: Sequence[float], *, progress: Progress = SILENT
) -> tuple[Layers, float]:
    """Steps ``weights -= rate * gradient of the mean loss in nats``; the weights after them, and their loss in bits.

    Bytes that are no target begin with one row of W_y in common, that of the first of them: then they have it in
    common for ever, and on 1,024 bytes of 52 symbols 53 outputs do the work of 256.

    Parameters
    ----------
    rows : features (T, F), float32 or float64, which the sums are taken in
    targets : (T,), uint8
    """
    seen = np.bincount(targets, minlength=ALPHABET) > 0
    W_y = np.where(seen[:, None], start.W_y, start.W_y[np.argmin(seen)])
    outputs = Regression(rows, targets, Linear(W_y, np.where(seen, start.b_y, start.b_y[np.argmin(seen)])), threads=1)
    top = outputs.gathered(Linear(W_y, start.b_y))
    W_1, b_1 = start.W_1.astype(np.float64), start.b_1.astype(np.float64)
    raised, share = np.log(outputs.shared), 1 / outputs.shared
    room, hidden = _room(len(outputs.shared), len(b_1), rows)

    def gradient() -> tuple[float, kernels.Slope]:
        slope = kernels.Slope(*(np.zeros(a.shape) for a in (W_1, b_1, top.W, top.b)))
        layers = tuple(contiguous(a, rows.dtype) for a in (W_1.T, b_1, top.W, top.b + raised))
        return kernels.add_layers_gradient(rows, outputs.targets, layers, room, hidden, slope), slope

    with one_thread():
        for rate in rates:
            loss, slope = gradient()
            step = rate / len(rows)
            W_1, b_1 = W_1 - step * slope.W_1, b_1 - step * slope.b_1
            top = top.plus(Linear(slope.W_y * share[:, None], slope.b_y * share), -step)
            progress.advance(1, bpc=loss / len(rows) / math.log(2))
        bits = gradient()[0] / len(rows) / math.log(2)
    whole = outputs.spread(top)
    return Layers(W_1, b_1, whole.W, whole.b), bits


def _room(outputs: int, neurons: int, rows: Floats) -> tuple[Room, kernels.Hidden]:
    block, kind, features = min(_BLOCK, len(rows)), rows.dtype, rows.shape[1]
    logits, top, total, chosen = (np.empty(n * block, kind) for n in (outputs, 1, 1, 1))
    room = Room(logits, logits[:0], top, total, chosen, np.empty((outputs, neurons), kind), np.empty(outputs, kind))
    hidden = kernels.Hidden(
        np.empty((block, neurons), kind), np.empty((block, neurons), kind), np.empty((neurons, features), kind)
    )
    return room, hidden
