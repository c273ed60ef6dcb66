"""What the neurons of a constructed carrier are, in bytes."""

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.state.growth import Growth
from umrnn.construct.state.linear import LinearState
from umrnn.corpus import Corpus
from umrnn.nulls import share_of
from umrnn.progress import Work
from umrnn.result import Table
from umrnn.rnn.lanes import lane_states
from umrnn.rnn.weights import ALPHABET

__all__ = ["component_rows", "conjunction_rows"]

_ENDS = 6  # bytes shown at either end
_COMMON = 5e-4  # share from which a byte is shown
_SHOWN = 1 << 16  # positions of the text that say what a neuron reads
_OFFSETS = 12  # looked at for what a direction reads
_OPEN = 0.5  # of a gate

Doubles = NDArray[np.float64]


def component_rows(state: LinearState) -> Table:
    """A row per component: its canonical correlation, and which bytes at which offset it mostly looks at.

    ``share`` is how much of the variance of its parts, offset by offset, that offset has; ``highest`` and ``lowest``
    are the bytes there that push it most.
    """
    common = np.flatnonzero(state.p >= min(_COMMON, state.p.max()))
    means = state.weights @ state.p
    variances = (state.weights**2) @ state.p - means**2  # (H, past)
    rows = []
    for j, correlation in enumerate(state.correlations.tolist()):
        lag = int(np.argmax(variances[j]))
        order = common[np.argsort(-state.weights[j, lag, common], kind="stable")]
        share = float(variances[j, lag] / max(variances[j].sum(), 1e-300))
        rows.append(
            (j, correlation, lag + 1, share, bytes(order[:_ENDS].tolist()), bytes(order[::-1][:_ENDS].tolist()))
        )
    return Table.of(("component", "correlation", "offset", "share", "highest", "lowest"), rows)


def conjunction_rows(growth: Growth, text: Corpus) -> Table:
    """A row per grown neuron: when it is open, and which byte at which offset says most about what it then passes on.

    ``offset`` counts from the predicted byte: 1 is the byte just read, which the gate looks at, so the direction begins
    at 2. ``r2`` is the share of the direction's variance that the byte at that offset explains, ``highest`` and
    ``lowest`` are the bytes there with the highest and lowest mean.
    """
    part = text.slice(0, min(len(text), _SHOWN))
    states = lane_states(growth.model, part, work=Work(threads=1))
    shares = np.bincount(part.data, minlength=ALPHABET) / len(part)
    rows, neuron = [], growth.began
    for turn, one in enumerate(growth.rounds, start=1):
        for conjunction in one.conjunctions:
            before = states[:-1] @ growth.model.W_h[neuron]  # at 1 … n-1
            offset, r2, highest, lowest = _reads(before.astype(np.float64), part.data)
            opened = np.flatnonzero(conjunction.gate >= _OPEN)
            opened = opened[np.argsort(-(conjunction.gate * shares)[opened], kind="stable")]
            share = float(conjunction.gate @ shares)
            gain = float(conjunction.gain)
            rows.append((neuron, turn, gain, share, bytes(opened[:12].tolist()), offset, r2, highest, lowest))
            neuron += 1
    columns = ("neuron", "round", "gain_nats", "share_open", "open_for", "offset", "r2", "highest", "lowest")
    return Table.of(columns, rows)


def _reads(values: Doubles, data: NDArray[np.uint8]) -> tuple[int | None, float | None, bytes, bytes]:
    """The offset whose byte explains most of ``values[i]``, seen before byte i + 1, and the bytes at its ends."""
    total = float(np.sum((values - values.mean()) ** 2))
    best: tuple[int | None, float | None, bytes, bytes] = (None, None, b"", b"")
    if total == 0:
        return best
    least = max(1, share_of(len(values), _COMMON))
    for offset in range(2, min(_OFFSETS, len(values)) + 1):
        rest = values[offset - 2 :]
        read = data[: len(rest)]
        counts = np.bincount(read, minlength=ALPHABET)
        sums = np.bincount(read, rest - values.mean(), minlength=ALPHABET)
        seen = np.flatnonzero(counts)
        r2 = float(np.sum(sums[seen] ** 2 / counts[seen])) / total
        if best[1] is None or r2 > best[1] + 1e-12:
            common = np.flatnonzero(counts >= least)
            order = common[np.argsort(-sums[common] / counts[common], kind="stable")]
            best = (offset, r2, bytes(order[:_ENDS].tolist()), bytes(order[::-1][:_ENDS].tolist()))
    return best
