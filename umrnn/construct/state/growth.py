"""A carrier grown neuron by neuron: each new one is a conjunction of the byte just read and the state before."""

from dataclasses import dataclass

import numpy as np

from umrnn._validate import integer, positive
from umrnn.construct.readout.features import log_shares
from umrnn.construct.readout.latest import affordable, outputs_of
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.readout.stochastic import fit_stochastic
from umrnn.construct.state.pursuit import Conjunction, moments, pursue
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.lanes import lane_states
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["Growth", "Round", "grow"]

_CLOSED = 4.0  # pre-activation below which a closed neuron rests: tanh(-4) = -.9993
_STEEPNESS = 0.5  # standard deviations of the projection where the gate is open: the neuron stays nearly linear
_SEEN, _MOST_PASSES = 50_000, 100  # positions a read-out sees in all where the window is short
_THINNED = 8  # every so many states say what is usual
_FLOOR = 1e-3  # added to standard deviations, so that a neuron that rests is not blown up


@dataclass(frozen=True, eq=False)
class Round:
    """One round of growth: neurons so far, bits per byte of the read-out before it, gain in bits per byte foreseen."""

    hidden: int
    bpc: float
    gain: float
    conjunctions: tuple[Conjunction, ...]


@dataclass(frozen=True, eq=False)
class Growth:
    """The carrier grown, the read-out of its last round (None of zero rounds), and the rounds."""

    model: Elman
    read_out: Linear
    rounds: tuple[Round, ...]
    bytes_read: int

    @property
    def began(self) -> int:
        """Neurons of the base."""
        return self.model.hidden - sum(len(one.conjunctions) for one in self.rounds)


@reads_text
def grow(
    base: Elman,
    corpus: Corpus,
    hidden: int,
    *,
    rounds: int = 6,
    window: int = 200_000,
    seed: int = 0,
    work: Work = Work(),
) -> Growth:
    """Add conjunctions to ``base`` until it has ``hidden`` neurons.

    Each round runs the network over a fresh window of the corpus, reads it out in one pass, and adds the conjunctions
    that explain most of what the read-out leaves (see :mod:`umrnn.construct.state.pursuit`). A neuron's input weights
    open it for the bytes of its gate, its recurrent weights are its direction; those of older neurons are never
    touched, so what they compute stays as it was and later neurons may build on it.

        z_t = alpha(x_t) + g v·s_t        1 - tanh²(alpha) = a

    Parameters
    ----------
    base : what to begin with: a linear state, a shift register, or any network; its read-out is ignored
    hidden : H to reach
    rounds : of about equal size
    window : positions of one round

    Raises
    ------
    InputError
        If ``base`` has more than ``hidden`` neurons, or the corpus has fewer than three bytes.
    """
    integer("rounds", rounds, 1)
    integer("hidden", hidden, 1)
    positive("window", window)
    if not base.hidden <= hidden:
        raise InputError(f"hidden must be at least the {base.hidden} neurons to begin with, got {hidden}")
    if len(corpus) < 3:
        raise InputError(f"growing needs at least three bytes, got {len(corpus)}")
    model, done = base, []
    read_out = Linear(np.zeros((ALPHABET, base.hidden)), log_shares(corpus))
    length = min(int(window), len(corpus) - 1)
    sizes = [len(part) for part in np.array_split(np.arange(hidden - base.hidden), rounds) if len(part)]
    work.progress.start("grow", sum(sizes), "neurons")
    for turn, size in enumerate(sizes):
        first = turn * length % max(1, len(corpus) - length)
        text = corpus.slice(first, first + length + 1)
        found, read_out, bpc = _pursue(model, text, read_out, size, seed + turn, work)
        model = _extended(model, found)
        wider = np.zeros((ALPHABET, model.hidden))
        wider[:, : read_out.W.shape[1]] = read_out.W
        read_out = Linear(wider, read_out.b)
        gain = sum(one.gain for one, _, _ in found) / length / np.log(2)
        done.append(Round(model.hidden, bpc, gain, tuple(one for one, _, _ in found)))
        work.progress.advance(size, bpc=bpc)
    work.progress.finish()
    return Growth(model, read_out, tuple(done), min(len(corpus), length * len(sizes) + 1))


def _pursue(
    model: Elman, text: Corpus, read_out: Linear, number: int, seed: int, work: Work
) -> tuple[list[tuple[Conjunction, Floats, float]], Linear, float]:
    """The next conjunctions with their recurrent weights and thresholds, and the read-out of the network as it is."""
    states = lane_states(model, text, work=work.silent())
    targets = text.data[1:]
    problem = Regression(states[:-1], targets, read_out, threads=work.threads)
    seen = affordable(_SEEN, outputs_of(text, len(targets)))
    turns = max(1, min(_MOST_PASSES, seen // len(targets)))
    fitted = fit_stochastic(problem, read_out, rate=0.2, passes=turns, seed=seed)
    gathered = problem.gathered(fitted.weights)

    def deltas(span: slice) -> Floats:  # what is read at position 1 has the state of position 0 before it
        return problem.deltas(gathered, slice(span.start + 1, span.stop + 1))

    some = states[::_THINNED]
    mean, spread = some.mean(axis=0), some.std(axis=0) + states.dtype.type(_FLOOR)
    sums = moments(states[:-2], text.data[1:-1], deltas, mean, spread, threads=work.threads)
    found = pursue(sums, number)
    return [(one, *_recurrent(one, mean, spread)) for one in found], fitted.weights, fitted.bits[-1]


def _recurrent(one: Conjunction, mean: Floats, spread: Floats) -> tuple[Floats, float]:
    """Weights on the states as they are, and the threshold: g v·((h - mean) / spread, 1)."""
    weights = _STEEPNESS * one.direction[:-1] / spread
    return weights, float(_STEEPNESS * one.direction[-1] - weights @ mean)


def _extended(model: Elman, found: list[tuple[Conjunction, Floats, float]]) -> Elman:
    """``model`` with a neuron for each conjunction, read out by nothing yet."""
    old, new = model.hidden, model.hidden + len(found)
    W_x, W_h, b_h = np.zeros((new, ALPHABET)), np.zeros((new, new)), np.zeros(new)
    W_x[:old], W_h[:old, :old], b_h[:old] = model.W_x, model.W_h, model.b_h
    for j, (one, weights, threshold) in enumerate(found, start=old):
        W_x[j] = -np.arctanh(np.sqrt(np.clip(1 - one.gate, 0, np.tanh(_CLOSED) ** 2)))
        W_h[j, :old], b_h[j] = weights, threshold
    kind = model.dtype
    empty = Elman.zeros(new, kind)
    return Elman(W_x.astype(kind), W_h.astype(kind), b_h.astype(kind), empty.W_y, empty.b_y)
