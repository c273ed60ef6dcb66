"""The run after one byte is replaced: every later effect of every byte, many runs side by side."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.kernels.flipped import Effects, Window, predictions, run_flipped
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Floats, Workspace, allocate
from umrnn.rnn.layout import parameters
from umrnn.rnn.trace import Block, trace
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.counts import offset_counts

__all__ = ["FlippedRuns", "Replacement", "checked_positions", "flipped_runs", "other_kind", "replacements"]

Replacement = Literal["unseen", "random"]

_RUNS = 256  # in one piece of work: differences of 128 neurons in float32 take 128 KiB
_TOGETHER = 8  # pieces in memory
_READ_OUT = 64  # runs whose logits stay in the second cache
_BITS = 1 / np.log(2)  # in a nat


@dataclass(frozen=True, eq=False)
class FlippedRuns:
    """Effects of replacing the bytes at ``changed``, at lags d = 0 … L - 1: at position t = changed + d.

    Parameters
    ----------
    changed : shape (m,), int64, ascending indices of the bytes replaced, 0 for the first of the corpus
    sign_changes : shape (m, L), int64, neurons whose sign at t differs
    kl_bits : shape (m, L), float64, KL(p || p') of the predictions at t
    delta_bits : shape (m, L), float64, rise of -log2 p(x[t + 1])
    neurons : shape (L, H), int64, how many of these changed bytes change the sign of the neuron

    Cells of positions that were not asked for, or that predict nothing, are 0.
    """

    changed: NDArray[np.int64]
    sign_changes: NDArray[np.int64]
    kl_bits: NDArray[np.float64]
    delta_bits: NDArray[np.float64]
    neurons: NDArray[np.int64]


def replacements(corpus: Corpus, replace: Replacement, seed: int = 0) -> NDArray[np.uint8]:
    """The byte to put in place of each, shape (n,): never the byte itself.

    ``unseen`` is (x + 128) mod 256, which text seldom holds: to a network that never saw it, a byte without weights.
    ``random`` is drawn from ``seed`` among the other bytes the corpus holds, all equally likely.

    Raises
    ------
    InputError
        If ``replace`` is neither, or is ``random`` and the corpus holds one byte only.

    Examples
    --------
    >>> bytes(replacements(Corpus.from_bytes(b"abba"), "random"))
    b'baab'
    """
    if replace not in get_args(Replacement):
        raise InputError(f"replace must be one of {', '.join(get_args(Replacement))}, got {replace!r}")
    if replace == "unseen":
        return corpus.data ^ np.uint8(128)  # + 128 changes the topmost bit and no other
    counts = offset_counts(corpus, [0]).table(0).diagonal()
    symbols = np.flatnonzero(counts).astype(np.uint8)
    if len(symbols) < 2:
        raise InputError(
            "random replacements need a corpus of at least two different bytes, got one", hint="use --replace unseen"
        )
    ranks = np.cumsum(counts > 0).astype(np.uint8) - np.uint8(1)
    draws = np.random.default_rng(seed).integers(0, len(symbols) - 1, len(corpus), dtype=np.uint8)
    draws += draws >= ranks[corpus.data]
    return symbols[draws]


def other_kind(corpus: Corpus, replace: Replacement, seed: int) -> NDArray[np.uint8] | None:
    """Replacements of the kind that was not asked for; None for random bytes of a constant corpus."""
    (kind,) = (one for one in get_args(Replacement) if one != replace)
    if kind == "random" and (corpus.data == corpus.data[0]).all():
        return None
    return replacements(corpus, kind, seed)


def checked_positions(positions: Iterable[int], corpus: Corpus) -> tuple[int, ...]:
    """``positions`` in ascending order, each of a byte of ``corpus`` that has a next one; they count in its source.

    Raises
    ------
    InputError
        If there is none, one is repeated, or one lies outside the corpus.

    Examples
    --------
    >>> checked_positions([30, 25], Corpus.siteinfo().slice(20, 40))
    (25, 30)
    """
    chosen = sorted(corpus.index(t, "every position") + corpus.start for t in positions)
    if not chosen:
        raise InputError("positions must name at least one position, got none")
    for a, b in pairwise(chosen):
        if a == b:
            raise InputError(f"positions must be distinct, got {a} more than once")
    return tuple(chosen)


def flipped_runs(
    model: Elman,
    corpus: Corpus,
    other: NDArray[np.uint8],
    asked: NDArray[np.bool_],
    lags: int,
    *,
    every: int = 1,
    tolerance: float = 0.0,
    work: Work = Work(),
) -> Iterator[FlippedRuns]:
    """Replace x[s] by ``other[s]``, run on, and compare at t = s … s + ``lags`` - 1, for every s.

    One run serves all later positions, so the cost is n L steps of the network; a run ends early where its states have
    come back to what they were.

    Parameters
    ----------
    other : shape (n,), uint8
    asked : shape (n,), whether to compare at t; bytes that reach none of them are left alone, the last is never asked
    lags : L >= 1
    every : of the pieces of 256 bytes replace only those in the first, and each ``every``-th after it
    tolerance : a run ends where no state differs by more than this; at 0 the answer is exact
    """
    run = _Piecewise(model, corpus, other, asked, lags, tolerance)
    stop = 1 + int(np.flatnonzero(asked[:-1])[-1])
    work.progress.start("replaced bytes", stop, "B")
    with one_thread(), pool(work.threads) as executor:  # held here: the limit is the calling thread's to set
        pieces = _pieces(trace(model, corpus.slice(0, stop)), asked, lags, every)
        while batch := list(islice(pieces, _TOGETHER)):
            for found in map_ordered(run.effects, batch, executor):
                work.progress.advance(min(_RUNS * every, stop - _RUNS * int(found.changed[0] // _RUNS)))
                yield found
    work.progress.finish()


class _Piecewise:
    """What the pieces of one reading share; safe to use from several threads."""

    def __init__(
        self,
        model: Elman,
        corpus: Corpus,
        other: NDArray[np.uint8],
        asked: NDArray[np.bool_],
        lags: int,
        tolerance: float,
    ) -> None:
        self._model, self._corpus, self._other, self._asked = model, corpus, other, asked
        self._lags, self._tolerance = lags, tolerance
        self._weights, self._transposed = parameters(model), contiguous(model.W_h.T)

    def effects(self, piece: tuple[int, Floats, Floats]) -> FlippedRuns:
        """Of every byte of one piece, given its first index, z and h."""
        first, z, h = piece
        here, lags, weights = slice(first, first + len(h)), self._lags, self._weights
        reached = np.convolve(self._asked[here], np.ones(lags, np.int64))[lags - 1 :][:_RUNS]
        places = np.flatnonzero(reached)
        before, after = self._corpus.data[here][places], self._other[here][places]
        window, room = self._window(first, z, h)
        shape, hidden = (len(places), lags), self._model.hidden
        out = Effects(np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape), np.zeros((lags, hidden), np.int64))
        run_flipped(weights.W_x[after] - weights.W_x[before], places, self._tolerance, window, weights, room, out)
        return FlippedRuns(first + places, out.sign_changes, out.kl * _BITS, out.rise * _BITS, out.neurons)

    def _window(self, first: int, z: Floats, h: Floats) -> tuple[Window, Workspace]:
        """The run as it was, with its predictions, and room to work in."""
        model = self._model
        room = allocate(ALPHABET, model.hidden, _READ_OUT, model.dtype)._replace(W_h_transposed=self._transposed)
        window = Window(
            asked=contiguous(self._asked[first : first + len(h)], np.uint8),
            targets=self._corpus.data[first + 1 : first + 1 + len(h)],
            z=z,
            h=h,
            q=np.empty_like(h),
            log_total=np.empty(len(h)),
            surprise=np.empty(len(h)),
        )
        predictions(self._weights, room, window)
        return window, room


def _pieces(
    blocks: Iterable[Block], asked: NDArray[np.bool_], lags: int, every: int
) -> Iterator[tuple[int, Floats, Floats]]:
    """Index of the first byte to replace, and z and h from there on as far as its piece reaches."""
    stop = 1 + int(np.flatnonzero(asked[:-1])[-1])
    held: list[Block] = []
    first = 0
    for block in blocks:
        held.append(block)
        while first < stop and (last := min(first + _RUNS + lags - 1, stop)) <= block.start + len(block.h):
            if asked[first:last].any():
                yield first, _rows(held, "z", first, last), _rows(held, "h", first, last)
            first += _RUNS * every
            held = [one for one in held if one.start + len(one.h) > first] or [block]


def _rows(held: list[Block], field: str, first: int, last: int) -> Floats:
    """Rows of the indices ``[first, last)``, which the blocks held contain; read-only."""
    parts = [getattr(one, field)[max(0, first - one.start) : max(0, last - one.start)] for one in held]
    return contiguous(np.concatenate(parts))
