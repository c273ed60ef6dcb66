"""One prediction shared out among the bytes before it: integrated gradients, leave-one-out, gradient times input."""

from dataclasses import dataclass
from math import log
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, byte_counts
from umrnn.errors import InputError
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.weights import Elman

__all__ = ["Baseline", "PastByte", "PastBytes", "Sharing", "past_bytes"]

Baseline = Literal["mean", "zero"]
_WINDOW = 20
_MOST_STEPS, _WORK = 1 << 13, 1 << 27  # points of the integral; times H²
_CELLS = 1 << 22  # states held at once: points x steps x neurons
_NODES, _RESIDUAL = 16, 1e-3  # of each part of the path; bits

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PastByte:
    """What one past byte did for the prediction, in bits of log2 p(next byte); positive made it likelier."""

    lag: int
    byte: bytes
    gradient_times_input_bits: float
    integrated_bits: float
    restored_bits: float
    leave_one_out_bits: float


@dataclass(frozen=True)
class PastBytes:
    """A prediction and its shares.

    Parameters
    ----------
    log2_p, baseline_log2_p : of the byte predicted, with the inputs as they were and with all of them at the baseline
    points : of the integral
    rows : a record per lag, 0 first
    """

    log2_p: float
    baseline_log2_p: float
    points: int
    rows: tuple[PastByte, ...]

    @property
    def residual_bits(self) -> float:
        """Sum of the integrated gradients less the difference they share out; 0 if the integral were exact."""
        return sum(row.integrated_bits for row in self.rows) - (self.log2_p - self.baseline_log2_p)


@dataclass(frozen=True)
class Sharing:
    """How a prediction is shared out among the bytes before it.

    Parameters
    ----------
    window : largest lag of the bytes; default: 20, or as far as the corpus allows
    steps : most points of the integral, 1 … 8192; default: as many, and fewer for more than 128 neurons
    baseline : input that stands for no byte: the ``mean`` column of W_x over the corpus, or ``zero``
    """

    window: int | None = None
    steps: int | None = None
    baseline: Baseline = "mean"

    def __post_init__(self) -> None:
        if self.window is not None:
            integer("window", self.window, 0)
        if self.steps is not None:
            integer("steps", self.steps, 1, _MOST_STEPS)
        if self.baseline not in get_args(Baseline):
            raise InputError(f"baseline must be one of {', '.join(get_args(Baseline))}, got {self.baseline}")

    def reach(self, corpus: Corpus, position: int) -> int:
        """The window, or an error where fewer bytes of ``corpus`` lie before the one at ``position``."""
        before = corpus.index(position)
        if self.window is not None and self.window > before:
            raise InputError(
                f"window must be at most the {before} bytes before the one at position {position}, got {self.window}",
                hint="name a smaller --window or a later --at",
            )
        return min(_WINDOW, before) if self.window is None else self.window

    def points(self, hidden: int) -> int:
        """Most points of the integral in a network of ``hidden`` neurons."""
        return self.steps or max(64, min(_MOST_STEPS, _WORK // hidden**2))


def past_bytes(
    model: Elman, corpus: Corpus, at: int, before: Floats, window: int, *, steps: int, baseline: Baseline
) -> PastBytes:
    """Share out log2 p(x_{t+1}) among x_{t-window} … x_t in float64; byte t stands at position ``at`` of the source.

        integrated_d     = (c_d - c')ᵀ integral over a from 0 to 1 of d log2 p / d c_d at c' + a (c - c')
        restored_d       = log2 p with c' after lag d - log2 p with c' from lag d on
        leave_one_out_d  = log2 p - log2 p with c' at lag d
        gradient × input = c_dᵀ d log2 p / d c_d

    c_d is the column of W_x that x_{t-d} adds, c' the baseline: the mean column of the bytes of the corpus, or zero.
    Integrated gradients and restored bits both share out log2 p - log2 p with c' everywhere; the first as well as the
    integral is known, the second exactly, in the order the bytes were read. The integral is taken by Gauss-Legendre
    quadrature on parts of the path. What each part should add up to is known, log2 p at its ends; the parts that miss
    it most are halved until all together miss a thousandth of a bit, or ``steps`` is reached: over some 20 bytes the
    prediction swings fast along a few short parts. A run that differs from lag d on begins there.

    Parameters
    ----------
    before : shape (H,), the state before x_{t-window}, which stays as it is

    Examples
    --------
    >>> corpus, model = Corpus.from_bytes(b"abc"), Elman.zeros(hidden=1)
    >>> past_bytes(model, corpus, 1, np.zeros(1), 1, steps=32, baseline="zero").log2_p
    -8.0
    """
    t = corpus.index(at)
    run = _Run(model, before, int(corpus.data[t + 1]))
    counts = byte_counts(corpus.data)
    rest: Array = (1.0 if baseline == "mean" else 0.0) * (run.W_x @ counts) / len(corpus)  # c', shape (H,)
    seen = corpus.data[t - window : t + 1]
    columns = np.ascontiguousarray(run.W_x[:, seen].T)  # (K + 1, H), oldest first
    [here] = run.slopes(columns[np.newaxis])
    [whole] = run.states(columns[np.newaxis])
    [reached] = run.log2_p(whole[-1:])
    ends = np.append(run.replaced_from(columns, rest, for_good=True), reached)
    points, integrated = _integrated(run, columns, rest, steps)
    plain, left_out = (columns * here).sum(axis=1), reached - run.replaced_from(columns, rest, for_good=False)
    shares = (plain, integrated, np.diff(ends), left_out)
    rows = tuple(
        PastByte(window - k, bytes([int(seen[k])]), *(float(each[k]) for each in shares)) for k in range(window, -1, -1)
    )
    return PastBytes(float(reached), float(ends[0]), points, rows)


def _integrated(run: "_Run", columns: Array, rest: Array, most: int) -> tuple[int, Array]:
    """Points taken and integrated gradients of each row of ``columns``, which run from ``rest`` to what they are."""
    path = _Path(run, columns, rest, min(_NODES, most))
    parts = min(2, most // path.nodes)
    pieces = path.measured(np.arange(parts) / parts, np.full(parts, 1 / parts))
    points = parts * path.nodes
    while pieces.errors.sum() >= _RESIDUAL:
        worst = np.argsort(-pieces.errors, kind="stable")[: (most - points) // (2 * path.nodes)]
        split = worst[pieces.errors[worst] >= _RESIDUAL * pieces.widths[worst]]
        if not len(split):
            break
        half = pieces.widths[split] / 2
        starts = np.concatenate([pieces.starts[split], pieces.starts[split] + half])
        pieces = pieces.without(split).joined(path.measured(starts, np.tile(half, 2)))
        points += len(starts) * path.nodes
    return points, pieces.shares.sum(axis=0)


class _Pieces(NamedTuple):
    """Parts [a, a + w] of a path from 0 to 1, and what they give."""

    starts: Array  # (n,) a
    widths: Array  # (n,) w
    shares: Array  # (n, K + 1) integral over the part, of each row
    errors: Array  # (n,) by how much their sum misses the difference between the ends

    def without(self, which: NDArray[np.int64]) -> "_Pieces":
        return _Pieces(*(np.delete(each, which, axis=0) for each in self))

    def joined(self, other: "_Pieces") -> "_Pieces":
        return _Pieces(*(np.concatenate(pair) for pair in zip(self, other)))


class _Path:
    """The straight line from one input to another, and log2 p along it."""

    def __init__(self, run: "_Run", columns: Array, rest: Array, nodes: int) -> None:
        self._run, self._rest, self._way, self.nodes = run, rest, columns - rest, nodes
        along, weights = np.polynomial.legendre.leggauss(nodes)
        self._along, self._weights = (along + 1) / 2, weights / 2

    def measured(self, starts: Array, widths: Array) -> _Pieces:
        """The parts from each of ``starts`` on."""
        size = max(1, _CELLS // (self._way.size * max(2, self.nodes)))
        some = [self._some(starts[i : i + size], widths[i : i + size]) for i in range(0, len(starts), size)]
        shares, errors = (np.concatenate(each) for each in zip(*some))
        return _Pieces(starts, widths, shares, errors)

    def _some(self, starts: Array, widths: Array) -> tuple[Array, Array]:
        slopes = self._run.slopes(self._inputs(starts[:, np.newaxis] + widths[:, np.newaxis] * self._along))
        means = np.einsum("m,nmkh->nkh", self._weights, slopes.reshape(len(starts), self.nodes, *self._way.shape))
        shares: Array = widths[:, np.newaxis] * (self._way * means).sum(axis=2)
        ends = self._run.states(self._inputs(np.stack([starts, starts + widths])))[:, -1]
        low, high = self._run.log2_p(ends).reshape(2, -1)
        return shares, np.abs(shares.sum(axis=1) - (high - low))

    def _inputs(self, along: Array) -> Array:
        inputs: Array = self._rest + along.reshape(-1, 1, 1) * self._way
        return inputs


class _Run:
    """The network in float64 from one state to one prediction; m inputs side by side."""

    def __init__(self, model: Elman, before: Floats, target: int) -> None:
        wide = model.astype(np.float64)
        self.W_x: Array = np.asarray(wide.W_x, np.float64)
        self._W_h, self._b_h, self._W_y, self._b_y = wide.W_h, wide.b_h, wide.W_y, wide.b_y
        self._before, self._target = before.astype(np.float64), target

    def states(self, columns: Array) -> Array:
        """States after each of ``columns`` (m, K + 1, H), same shape."""
        h = np.empty_like(columns)
        state = np.broadcast_to(self._before, h[:, 0].shape)
        for k in range(columns.shape[1]):
            state = np.tanh(columns[:, k] + state @ self._W_h.T + self._b_h)
            h[:, k] = state
        return h

    def log2_p(self, states: Array) -> Array:
        """log2 p(target) of each state (m, H), shape (m,)."""
        logits = states @ self._W_y.T + self._b_y
        top = logits.max(axis=1)
        chosen = logits[:, self._target] - top
        found: Array = (chosen - np.log(np.exp(logits - top[:, np.newaxis]).sum(axis=1))) / log(2)
        return found

    def slopes(self, columns: Array) -> Array:
        """Derivative of log2 p(target) by ``columns``, same shape (m, K + 1, H)."""
        h = self.states(columns)
        logits = h[:, -1] @ self._W_y.T + self._b_y
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[:, self._target] = 0
        delta = -p  # the cell of the target is the sum of the others: 1 - p would leave nothing of a p next to 1
        delta[:, self._target] = p.sum(axis=1)
        slope, out = delta @ self._W_y / log(2), np.empty_like(columns)
        for k in range(columns.shape[1] - 1, -1, -1):
            out[:, k] = (1 - h[:, k]) * (1 + h[:, k]) * slope
            slope = out[:, k] @ self._W_h
        return out

    def replaced_from(self, columns: Array, rest: Array, *, for_good: bool) -> Array:
        """log2 p(target) with row k of ``columns`` (K + 1, H), or all from k on, replaced by ``rest``, shape (K + 1,).

        Run k is the run as it was up to there, so it begins at k.
        """
        [whole] = self.states(columns[np.newaxis])
        changed = np.empty_like(columns)
        for k in range(len(columns)):
            changed[k] = whole[k - 1] if k else self._before
            inputs = np.broadcast_to(rest if for_good else columns[k], (k + 1, columns.shape[1])).copy()
            inputs[k] = rest
            changed[: k + 1] = np.tanh(inputs + changed[: k + 1] @ self._W_h.T + self._b_h)
        return self.log2_p(changed)
