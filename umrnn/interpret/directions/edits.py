"""Interventions: a network run with directions of its state taken out, or set, at every step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous
from umrnn.corpus import Corpus
from umrnn.interpret.directions.feature_values import FeatureValues
from umrnn.interpret.kernels.intervene import STATE, Edit, run_edited
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.layout import parameters
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman
from umrnn.statistics import correlation_of_sums

__all__ = ["Intervention", "edited_bits", "edited_states", "nearby", "post_hoc_bits", "random_frames", "residual"]

_TOGETHER = 16  # runs side by side, always: a run's last bits must not depend on how many others there are
_CELLS = 1 << 21  # numbers in a block of states: 8 MiB in float32
_NEARBY = 1e-3


@dataclass(frozen=True, eq=False)
class Intervention:
    """R runs, each with q orthonormal directions edited at every step.

    Parameters
    ----------
    frames : shape (R, q, H), float64
    place : one of ``STATE``, ``FED_STATE``, ``RECURRENT_INPUT`` of the kernels
    targets : shape (C, R, q), the component put in, by class of the position; None takes the component out
    """

    frames: NDArray[np.float64]
    place: int = STATE
    targets: NDArray[np.float64] | None = None

    def pieces(self) -> Iterator["Intervention"]:
        """The same in pieces of 16 runs, the last filled up with runs that nothing is done to."""
        for first in range(0, len(self.frames), _TOGETHER):
            frames = np.zeros((_TOGETHER, *self.frames.shape[1:]))
            own = self.frames[first : first + _TOGETHER]
            frames[: len(own)] = own
            targets = None
            if self.targets is not None:
                targets = np.zeros((len(self.targets), _TOGETHER, frames.shape[1]))
                targets[:, : len(own)] = self.targets[:, first : first + _TOGETHER]
            yield Intervention(frames, self.place, targets)


def random_frames(seed: int, draws: int, rank: int, hidden: int) -> NDArray[np.float64]:
    """Orthonormal frames spanned by Gaussian vectors, shape (draws, rank, H); each has a random stream of its own."""
    drawn = [np.random.default_rng((seed, 1, i)).standard_normal((rank, hidden)) for i in range(draws)]
    return np.array([_orthonormal(frame) for frame in drawn]).reshape(draws, rank, hidden)


def nearby(frame: NDArray[np.float64], seed: int, draws: int) -> NDArray[np.float64]:
    """``frame`` (q, H) itself, then ``draws`` frames each of whose vectors moved by 0.001, shape (1 + draws, q, H)."""
    frames = [frame]
    for i in range(draws):
        moves = np.random.default_rng((seed, 2, i)).standard_normal(frame.shape)
        moves /= np.linalg.norm(moves, axis=1, keepdims=True)
        frames.append(_orthonormal(frame + _NEARBY * moves))
    return np.array(frames)


def _orthonormal(frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of the same span; the first keeps its sense."""
    rows: NDArray[np.float64] = np.linalg.qr(frame.T)[0].T
    rows *= np.sign((rows * frame).sum(axis=1, keepdims=True))
    return rows


def edited_states(
    model: Elman, corpus: Corpus, labels: NDArray[np.int32], intervention: Intervention
) -> Iterator[tuple[int, Floats]]:
    """Start and states, shape (m, 16, H), of each block of a piece of 16 runs, from h_{-1} = 0."""
    weights, transposed = parameters(model), np.ascontiguousarray(model.W_h.T)
    runs, _, hidden = intervention.frames.shape
    targets = intervention.targets
    if targets is None:
        targets = np.zeros((1, *intervention.frames.shape[:2]))
        labels = np.broadcast_to(np.int32(0), labels.shape)
    frames = contiguous(intervention.frames, model.dtype)
    size = min(max(1, _CELLS // (runs * hidden)), len(corpus))
    h, scratch = np.zeros((size + 1, runs, hidden), model.dtype), np.empty((2, runs, hidden), model.dtype)
    for start in range(0, len(corpus), size):
        data = corpus.data[start : start + size]
        here = contiguous(labels[start : start + size], np.int32)
        edit = Edit(intervention.place, frames, here, contiguous(targets, np.float64))
        run_edited(data, weights, transposed, edit, scratch, h)
        yield start, h[1 : len(data) + 1]
        h[0] = h[len(data)]


def _piece_bits(model: Elman, corpus: Corpus, labels: NDArray[np.int32], piece: Intervention) -> NDArray[np.float64]:
    """Mean bits per byte of each of 16 runs; NaN for those that only fill the piece up."""
    read_out, totals = OutputLayer(model), np.where(piece.frames.any(axis=(1, 2)), 0.0, np.nan)
    for start, states in edited_states(model, corpus, labels, piece):
        targets = corpus.data[start + 1 : start + 1 + len(states)]
        for r in np.flatnonzero(~np.isnan(totals)):
            totals[r] += read_out.bits(states[: len(targets), r], targets).sum()
    mean: NDArray[np.float64] = totals / (len(corpus) - 1)
    return mean


def edited_bits(
    model: Elman,
    corpus: Corpus,
    labels: NDArray[np.int32],
    interventions: Mapping[tuple[str, str], Intervention],
    work: Work,
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Mean bits per byte of every run of each intervention, shape (R,); named by what is done and along what."""
    pieces = [(name, piece) for name, one in interventions.items() for piece in one.pieces()]
    found: dict[tuple[str, str], list[NDArray[np.float64]]] = {name: [] for name in interventions}
    work.progress.start("interventions", len(pieces) * len(corpus), "B")
    score = partial(_piece_bits, model, corpus, labels)
    with pool(work.threads) as executor:
        for (name, _), bits in zip(pieces, map_ordered(lambda pair: score(pair[1]), pieces, executor)):
            found[name].append(bits)
            work.progress.advance(len(corpus))
    work.progress.finish()
    return {name: np.concatenate([np.empty(0), *found[name]])[: len(one.frames)] for name, one in interventions.items()}


def post_hoc_bits(
    model: Elman, corpus: Corpus, directions: NDArray[np.float64], offsets: NDArray[np.float64], work: Work
) -> NDArray[np.float64]:
    """Mean bits per byte when the read-out alone sees h - (h . d - offset) d, for each d (R, H), shape (R,)."""
    read_out, totals = OutputLayer(model), np.zeros(len(directions))
    typed, shifts = directions.astype(model.dtype), offsets.astype(model.dtype)
    work.progress.start("at the read-out", len(corpus) - 1, "B")
    for block in trace(model, corpus):
        targets = corpus.data[block.start + 1 : block.start + 1 + len(block.bits)]
        states = block.h[: len(targets)]
        for number, (d, shift) in enumerate(zip(typed, shifts)):
            totals[number] += read_out.bits(states - np.outer(states @ d - shift, d), targets).sum()
        work.progress.advance(len(targets))
    work.progress.finish()
    mean: NDArray[np.float64] = totals / (len(corpus) - 1)
    return mean


def residual(
    model: Elman, corpus: Corpus, feature: FeatureValues, intervention: Intervention, work: Work
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlation of a feature with a new covariance direction of edited states, (R,): in-sample, and held out.

    Held out, the direction is fitted on the first half of the corpus and scored on the second. Each run is made twice,
    to fit and to score, so that no states are kept.
    """
    fitted, scored = [], []
    pieces = list(intervention.pieces())
    work.progress.start("read again", 2 * len(pieces) * len(corpus), "B")
    for piece in pieces:
        first, second = _summed(model, corpus, feature, piece, _fit, work)
        directions = [_covariance(first + second), _covariance(first)]
        first, second = _summed(model, corpus, feature, piece, partial(_score, directions), work)
        fitted.append(correlation_of_sums(*(first + second)[:, :, 0]))
        scored.append(correlation_of_sums(*second[:, :, 1]))
    work.progress.finish()
    count = len(intervention.frames)
    return np.concatenate(fitted)[:count], np.concatenate(scored)[:count]


def _summed(
    model: Elman,
    corpus: Corpus,
    feature: FeatureValues,
    piece: Intervention,
    summarise: Callable[[Floats, NDArray[np.float64]], NDArray[np.float64]],
    work: Work,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What ``summarise`` makes of states and values of the feature, summed over the first half and over the second."""
    totals: list[NDArray[np.float64]] = [np.zeros(1), np.zeros(1)]
    for start, states in edited_states(model, corpus, feature.labels, piece):
        values = feature.values[start : start + len(states)].astype(np.float64)
        cut = min(max(len(corpus) // 2 - start, 0), len(states))
        for half, rows in enumerate((slice(0, cut), slice(cut, len(states)))):
            totals[half] = totals[half] + summarise(states[rows], values[rows])
        work.progress.advance(len(states))
    return totals[0], totals[1]


def _fit(states: Floats, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of h, of f h, of 1 and of f, shape (4, 16, H); the last two are the same everywhere."""
    wide = states.astype(np.float64)
    total, product = wide.sum(axis=0), np.tensordot(values, wide, axes=(0, 0))
    return np.array([total, product, np.full_like(total, len(values)), np.full_like(total, values.sum())])


def _covariance(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance direction of each run, shape (16, H), of length 1 (or 0, where nothing covaries)."""
    total, product, count, feature = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        both = np.nan_to_num(product / count - total * feature / count**2)
    length = np.linalg.norm(both, axis=1, keepdims=True)
    directions: NDArray[np.float64] = np.divide(both, length, out=np.zeros_like(both), where=length > 0)
    return directions


def _score(
    directions: Sequence[NDArray[np.float64]], states: Floats, values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sums of 1, p, p p, f, f f and p f, p being the component along each direction, shape (6, 16, 2)."""
    p = np.stack([np.einsum("trh,rh->tr", states.astype(np.float64), d) for d in directions], axis=2)
    f = np.broadcast_to(values[:, np.newaxis, np.newaxis], p.shape)
    return np.array([part.sum(axis=0) for part in (np.ones_like(f), p, p * p, f, f * f, p * f)])
