"""How far back a state of few mantissa bits can remember: what the bits predict, and what is measured.

The prediction: each byte read takes its surprisal from a budget of mantissa bits, so the budget of p bits is spent
after d = p / (mean surprisal) bytes. The measurement: change one byte, follow the run in that precision, and see when
the change sinks into the rounding noise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.interpret.contexts.batches import other_seen
from umrnn.progress import Work
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.weights import Elman

__all__ = ["Deviation", "PrecisionDepth", "depth_limits"]

PRECISIONS: dict[str, tuple[int, Any]] = {  # mantissa bits with the leading one; dtype of the states
    "float64": (53, np.float64),
    "float32": (24, np.float32),
    "float16": (11, np.float16),
}
_STARTS = 64
_WARM_UP = 50  # bytes read from h = 0 before the change
_READABLE = 0.75  # share of runs in which the change must exceed the noise; by chance, half


@dataclass(frozen=True)
class PrecisionDepth:
    """One precision of the states.

    Parameters
    ----------
    predicted_depth : mantissa_bits / mean surprisal, in bytes: the time after which the budget is spent
    energy_kt : least energy to erase so many bits (Landauer), in units of kT
    measured_depth : largest k such that a byte changed up to k places back can be read from the state; 0 for none
    at_horizon : still readable as far back as was looked
    spent_bits_per_byte : mantissa_bits / measured_depth, what a byte read really takes; at most that at the horizon
    """

    precision: str
    mantissa_bits: int
    predicted_depth: float
    energy_kt: float
    measured_depth: int
    at_horizon: bool
    spent_bits_per_byte: float


@dataclass(frozen=True)
class Deviation:
    """Median distance of states after another byte at offset ``offset``, beside that of a nudge of the last bit."""

    precision: str
    offset: int
    change: float
    noise: float
    readable_share: float


def depth_limits(
    model: Elman,
    corpus: Corpus,
    seen: NDArray[np.uint8],
    mean_surprisal: float,
    *,
    horizon: int,
    generator: np.random.Generator,
    work: Work = Work(),
) -> tuple[tuple[PrecisionDepth, ...], tuple[Deviation, ...]]:
    """Predicted and measured depth at each precision, and deviations at the offsets 1, 2, 5, 10, 20, ….

    From up to 64 places of the corpus, after 50 bytes of warm-up from h = 0, three runs of ``horizon`` bytes: as it is;
    with another seen byte (x + 128 where there is no other) read first; and with every value of the state after that
    byte moved to a neighbouring number. States are rounded to the precision after every step; sums are formed in
    float64 for float64, else in float32. A change k places back can be read where its distance from the plain run
    exceeds that of the nudge in three quarters of the places; two runs that have met exactly stay together.
    """
    places, warm_up = _places(len(corpus), horizon)
    data = corpus.data
    other = other_seen(data[places], seen, generator)
    other = data[places] ^ np.uint8(128) if other is None else other
    up = generator.random((len(places), model.hidden)) < 0.5
    work.progress.start("depth by precision", len(PRECISIONS) * horizon, "steps")
    limits, rows = [], []
    for name, (bits, kind) in PRECISIONS.items():
        with one_thread():
            change, noise = _followed(_stepper(model, kind), kind, data, places, warm_up, other, up, horizon, work)
        readable = (change > noise).mean(axis=1)
        lost = np.flatnonzero(readable < _READABLE)
        depth = int(lost[0]) if len(lost) else horizon
        predicted = bits / mean_surprisal if mean_surprisal > 0 else inf
        spent = bits / depth if depth else inf
        limits.append(PrecisionDepth(name, bits, predicted, bits * log(2), depth, depth == horizon, spent))
        rows += [
            Deviation(name, k, float(np.median(change[k - 1])), float(np.median(noise[k - 1])), float(readable[k - 1]))
            for k in _shown(horizon)
        ]
    work.progress.finish()
    return tuple(limits), tuple(rows)


def _shown(horizon: int) -> list[int]:
    steps = {k * 10**i for i in range(len(str(horizon))) for k in (1, 2, 5)}
    return sorted({k for k in steps if k < horizon} | {horizon})


def _places(length: int, horizon: int) -> tuple[NDArray[np.int64], int]:
    """Positions of the byte to change, evenly spaced, with ``warm_up`` bytes before and horizon - 1 after each."""
    warm_up = min(_WARM_UP, length - horizon)
    return np.unique(np.linspace(warm_up, length - horizon, _STARTS).astype(np.int64)), warm_up


Step = Callable[[Floats, NDArray[np.uint8]], Floats]


def _stepper(model: Elman, kind: Any) -> Step:
    """One step in the precision ``kind``: states in, states out, both of that dtype."""
    wide: Any = np.float64 if kind is np.float64 else np.float32
    W_h = np.ascontiguousarray(model.W_h.T, wide)
    inputs = np.ascontiguousarray(model.W_x.T, wide) + model.b_h.astype(wide)

    def step(h: Floats, x: NDArray[np.uint8]) -> Floats:
        z: Floats = h.astype(wide, copy=False) @ W_h
        z += inputs[x]
        after: Floats = np.tanh(z, out=z).astype(kind, copy=False)
        return after

    return step


def _followed(
    step: Step,
    kind: Any,
    data: NDArray[np.uint8],
    places: NDArray[np.int64],
    warm_up: int,
    other: NDArray[np.uint8],
    up: NDArray[np.bool_],
    horizon: int,
    work: Work,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances of the changed and of the nudged run from the plain one, each shape (horizon, places).

    The runs are multiplied separately, in equal shapes: what BLAS does with a row may depend on where it stands.
    """
    h = np.zeros(up.shape, kind)
    for s in range(warm_up):
        h = step(h, data[places - warm_up + s])
    plain, changed = step(h, data[places]), step(h, other)
    nudged = np.nextafter(plain, np.where(up, kind(2), kind(-2)), dtype=kind)
    change, noise = np.empty((2, horizon, len(places)))
    for k in range(horizon):
        if k:
            read = data[places + k]
            plain, changed, nudged = step(plain, read), step(changed, read), step(nudged, read)
        wide = plain.astype(np.float64)
        change[k] = np.linalg.norm(changed - wide, axis=1)
        noise[k] = np.linalg.norm(nudged - wide, axis=1)
        work.progress.advance(1)
    return change, noise
