"""Sums over the states of a network, from which its weights are estimated; memory does not grow with the corpus."""

from concurrent.futures import Executor
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous
from umrnn.construct.kernels.hebbian import count_flips
from umrnn.corpus import Corpus
from umrnn.nulls import Split
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.moments import add_by_class
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.score import check_predicts
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.counts import offset_counts

__all__ = ["ImitationSums", "sampled_positions", "sum_states", "whole_positions"]

_SAMPLES = 51  # intervals between the positions of the published influence: 0, 20, …, 1020 of 1,024 bytes
_MOST_FLIPS = 1 << 36  # of a neuron by a neuron; 4 million positions of 128 neurons
_ROWS = 32  # of W_h whose flips are counted in one piece of work
_STATES = 256  # counted together: they stay in the second cache

Counts = NDArray[np.int64]
Wide = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class ImitationSums:
    """Sums over the states h_t whose next byte lies in a stretch of a corpus; those of two stretches add up.

    s_j = +1 where h_j >= 0, else -1. A *pair* is (h_{t-1}, h_t) with h_t among the states.

    Parameters
    ----------
    bytes : shape (V, V), how often byte x_t was read and x_{t+1} came next
    read, next : shape (V, H), sums of h_t by x_t, and by x_{t+1}
    read_on, next_on : shape (V, H), how many of these are >= 0
    pairs : shape (1,), number of pairs
    before, after : shape (H,), sums over pairs of h_{t-1}, and of h_t
    products, signs : shape (H, H), sums over pairs of h_i(t) h_j(t-1), and of s_i(t) s_j(t-1)
    sampled, whole : shape (1,), pairs in which every neuron was negated: some 52 of the corpus, and all or very many
    sampled_flips, whole_flips : shape (H, H), in how many of them negating h_j(t-1) flips s_i(t)
    """

    bytes: Counts
    read: Wide
    next: Wide
    read_on: Wide
    next_on: Wide
    pairs: Wide
    before: Wide
    after: Wide
    products: Wide
    signs: Wide
    sampled: Wide
    whole: Wide
    sampled_flips: Wide
    whole_flips: Wide

    @classmethod
    def zeros(cls, hidden: int, counted: Counts) -> "ImitationSums":
        """No state yet; ``counted`` are the pairs of bytes of the stretch."""
        by_byte, square = (ALPHABET, hidden), (hidden, hidden)
        shapes = (by_byte,) * 4, ((1,), (hidden,), (hidden,), square, square), ((1,), (1,), square, square)
        return cls(counted, *(np.zeros(shape) for group in shapes for shape in group))

    def __add__(self, other: "ImitationSums") -> "ImitationSums":
        return ImitationSums(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def sampled_positions(length: int) -> range:
    """Some 52 positions t, evenly spaced, such that h_t and h_{t+1} both have a next byte.

    Examples
    --------
    >>> sampled_positions(1024), len(sampled_positions(1024))
    (range(0, 1022, 20), 52)
    """
    return range(0, max(0, length - 2), max(1, (length - 2) // _SAMPLES))


def whole_positions(length: int, hidden: int) -> range:
    """All such positions, or as many evenly spaced ones as make 2³⁶ flips.

    Examples
    --------
    >>> whole_positions(1024, 128), whole_positions(10**6, 2048)
    (range(0, 1022), range(0, 999998, 62))
    """
    most = max(1, _MOST_FLIPS // hidden**2)
    return range(0, max(0, length - 2), -(-max(1, length - 2) // most))


def sum_states(model: Elman, corpus: Corpus, *, work: Work = Work()) -> tuple[ImitationSums, ImitationSums]:
    """Sums over the states of ``model`` reading ``corpus`` that have a next byte, first and second half of these bytes.

    Memory holds some twenty arrays of H² numbers and one block of states, however long the corpus.

    Raises
    ------
    InputError
        If the corpus is a single byte.

    Examples
    --------
    >>> first, second = sum_states(Elman.zeros(hidden=2), Corpus.from_bytes(b"abcdef"))
    >>> int(first.bytes.sum()), int(second.bytes.sum()), (first + second).pairs.tolist()
    (2, 3, [4.0])
    """
    check_predicts(corpus)
    boundary = max(1, Split().boundary(len(corpus)))
    stretches = ((0, boundary), (boundary, len(corpus)))
    tables = (offset_counts(corpus, [1], start=a, stop=b, work=work.silent()).table(1) for a, b in stretches)
    halves = [ImitationSums.zeros(model.hidden, table) for table in tables]
    before = np.zeros((1, model.hidden), model.dtype)
    work.progress.start("states", len(corpus), "B")
    with one_thread(), pool(work.threads) as executor:
        for block in trace(model, corpus):
            first, targets = block.start, corpus.data[block.start + 1 : block.start + 1 + len(block.bits)]
            read = corpus.data[first : first + len(targets)]
            earlier = np.concatenate([before, block.h])[: len(targets)]
            cut = min(max(boundary - 1 - first, 0), len(targets))  # the state whose next byte begins the second half
            for half, (a, b) in zip(halves, ((0, cut), (cut, len(targets)))):
                _add_by_byte(half, block.h[a:b], read[a:b], targets[a:b])
                a = max(a, 1 - first)  # the very first state has none before it
                _add_pairs(half, earlier[a:b], block.h[a:b])
                place = (first + a - 1, len(corpus))
                _add_flips(half, model, earlier[a:b], block.z[a:b], place, executor)
            before = block.h[-1:]
            work.progress.advance(len(block.h))
    work.progress.finish()
    return halves[0], halves[1]


def _add_by_byte(sums: ImitationSums, h: Floats, read: NDArray[np.uint8], following: NDArray[np.uint8]) -> None:
    on = (h >= 0).astype(h.dtype)
    for labels, total, total_on in ((read, sums.read, sums.read_on), (following, sums.next, sums.next_on)):
        numbers = contiguous(labels, np.int32)
        add_by_class(contiguous(h), numbers, total)
        add_by_class(contiguous(on), numbers, total_on)


def _add_pairs(sums: ImitationSums, earlier: Floats, later: Floats) -> None:
    """Products in float64, since a covariance is what is left of them; those of signs are exact in either."""
    a, b = earlier.astype(np.float64), later.astype(np.float64)
    sums.pairs[0] += len(a)
    sums.before[:] += a.sum(axis=0)
    sums.after[:] += b.sum(axis=0)
    sums.products[:] += b.T @ a
    one = np.float32(1)
    sums.signs[:] += np.where(later >= 0, one, -one).T @ np.where(earlier >= 0, one, -one)


def _add_flips(
    sums: ImitationSums, model: Elman, h: Floats, z: Floats, place: tuple[int, int], executor: Executor | None
) -> None:
    """Count flips in those of the pairs that are wanted; ``place`` is the position of the first, and the length."""
    first, length = place
    wanted = (
        (sampled_positions(length), sums.sampled, sums.sampled_flips),
        (whole_positions(length, model.hidden), sums.whole, sums.whole_flips),
    )
    for positions, number, flips in wanted:
        chosen = np.arange(-first % positions.step, len(h), positions.step)
        number[0] += len(chosen)
        for start in range(0, len(chosen), _STATES):
            rows = chosen[start : start + _STATES]
            flips[:] += _flips(model, h[rows], z[rows], executor)


def _flips(model: Elman, h: Floats, z: Floats, executor: Executor | None) -> NDArray[np.int32]:
    """How often negating neuron j flips neuron i one step on, [i, j]."""

    def counted(first: int) -> NDArray[np.int32]:
        rows = model.W_h[first : first + _ROWS]
        out = np.zeros(rows.shape, np.int32)
        count_flips(rows, first, h, z, out)
        return out

    return np.concatenate(list(map_ordered(counted, range(0, model.hidden, _ROWS), executor)))
