"""R² of every pair of lags for every neuron, exhaustively, on the states as they are or in any other order.

    R² = SSB / SST        SSB = sum over cells of (sum of states)² / size,  both about the mean

A cell holds the positions that share the bytes at both lags. Work is cut by the first lag and by few enough second lags
for the table of sums to stay small; every pair is summed in the same order whatever the cut and the threads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus, byte_counts
from umrnn.interpret.factors.cells import Grouping
from umrnn.interpret.kernels import pairs as kernels
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.states import States

__all__ = ["PairScores", "PairSearch"]

_CHUNK = 512  # rows: with a slice of float32 neurons 256 KiB, which fits a second cache
_SLICE = 128  # neurons whose chunk of states stays in the second cache
_SECOND = 24  # second lags served by one copy of the states
_TABLE_BYTES = 1 << 27  # sums of cells that chunks split
_BLOCK = 1 << 18  # positions arranged together; bounds what a search holds beside the states
_BLOCK_BYTES = 1 << 28  # states of a block where they are mapped from a file
_SMALL = 1 << 28  # neurons times positions times pairs below which threads cost more than they save


class PairScores(NamedTuple):
    """R² of the pairs of one first lag, for P orders of the states."""

    pairs: tuple[tuple[int, int], ...]
    r2: NDArray[np.float64]  # (P, pairs, H); NaN for neurons that never change


class _Unit(NamedTuple):
    """Pairs of one first lag that are summed together."""

    first: NDArray[np.uint8]  # (m,) bytes at the first lag
    second: list[NDArray[np.uint8]]  # D times (m,) bytes at the second lags; views, as the first
    sizes: NDArray[np.int32]  # (D, k, k)
    places: NDArray[np.int32]  # (D, k, k)
    rows: int  # of the table of sums


@dataclass(frozen=True, eq=False)
class PairSearch:
    """The search over the positions ``[first, stop)`` of a corpus.

    Parameters
    ----------
    states : one row per byte
    data : shape (n,), uint8, the bytes
    ranks : shape (n,), uint8, their ranks among the distinct ones
    lags : candidates; a pair (d1, d2) takes d1 before d2 in this order
    """

    states: States
    data: NDArray[np.uint8]
    ranks: NDArray[np.uint8]
    lags: tuple[int, ...]
    first: int
    stop: int

    @classmethod
    def over(cls, states: States, corpus: Corpus, lags: Sequence[int], first: int, stop: int) -> "PairSearch":
        """Prepare a search; positions must have all lags: ``first >= max(lags)``."""
        seen = np.flatnonzero(byte_counts(corpus.data))
        rank = np.zeros(256, np.uint8)
        rank[seen] = np.arange(len(seen))
        return cls(states, corpus.data, rank[corpus.data], tuple(lags), first, stop)

    def scores(
        self,
        orders: NDArray[np.int32] | None = None,
        *,
        single: bool = False,
        work: Work = Work(),
    ) -> Iterator[PairScores]:
        """R² of all pairs, first lag by first lag, in the order of the lags.

        Parameters
        ----------
        orders : shape (P, stop - first), which row of the states stands at each position; None for their own
        single : with the pairs (d, d) too, which are single lags
        """
        own = np.arange(self.first, self.stop, dtype=np.int32)[np.newaxis]
        rows = own if orders is None else orders
        moments = self.states.moments(self.first, self.stop)

        def score(number: int) -> PairScores:
            seconds = self.lags[number + (not single) :]
            found = [self._score(unit, rows, moments) for unit in self._units(self.lags[number], seconds)]
            return PairScores(tuple((self.lags[number], second) for second in seconds), np.concatenate(found, axis=1))

        numbers = range(len(self.lags) - (not single))
        small = rows.size * self.states.neurons * len(self.lags) ** 2 < _SMALL
        with pool(1 if small else work.threads) as executor:
            for scores in map_ordered(score, numbers, executor):
                work.progress.advance(len(scores.pairs) * rows.size)
                yield scores

    def grouping(self, lags: Sequence[int], *columns: NDArray[np.uint8]) -> Grouping:
        """The positions by the bytes at ``lags``, and by further ``columns`` of shape (n,)."""
        return Grouping.by(*map(self._column, lags), *(column[self.first : self.stop] for column in columns))

    @property
    def _block(self) -> int:
        """Positions summed together: few enough to read mapped states in their order."""
        row = self.states.neurons * self.states.rows.dtype.itemsize
        return min(_BLOCK, max(1, _BLOCK_BYTES // row) if self.states.mapped else _BLOCK)

    def _column(self, lag: int) -> NDArray[np.uint8]:
        return self.ranks[self.first - lag : self.stop - lag]

    def _units(self, lag: int, seconds: tuple[int, ...]) -> Iterator[_Unit]:
        """The pairs of ``lag`` with ``seconds``, cut so that no table of sums grows beyond its bound."""
        distinct = int(self.ranks.max()) + 1
        whole = _CHUNK if self._block >= self.stop - self.first else 0
        most = max(1, _TABLE_BYTES // (8 * min(_SLICE, self.states.neurons)))
        for i in range(0, len(seconds), _SECOND):
            first, second = self._column(lag), [self._column(d) for d in seconds[i : i + _SECOND]]
            sizes, places = (np.empty((len(second), distinct, distinct), np.int32) for _ in range(2))
            needed = np.empty(len(second), np.int64)
            for d, column in enumerate(second):
                part = slice(d, d + 1)
                kernels.count_cells(first, column[np.newaxis], whole, sizes[part], places[part], needed[part])
            begin = 0
            for end in range(1, len(second) + 1):
                if end == len(second) or needed[begin : end + 1].sum() > most:
                    before = np.cumsum(needed[begin:end]) - needed[begin:end]
                    places[begin:end] += np.where(places[begin:end] >= 0, before[:, np.newaxis, np.newaxis], 0)
                    rows = int(needed[begin:end].sum())
                    yield _Unit(first, second[begin:end], sizes[begin:end], places[begin:end], rows)
                    begin = end

    def _score(self, unit: _Unit, rows: NDArray[np.int32], moments: tuple[Any, Any, Any]) -> NDArray[np.float64]:
        """R² of the pairs of ``unit``, shape (P, D, H)."""
        centre, rest, squares = moments
        count, hidden = self.stop - self.first, self.states.neurons
        explained = np.zeros((len(rows), len(unit.second), hidden))
        batch = max(1, _TABLE_BYTES // (8 * _SLICE * max(1, unit.rows)))
        blocks = [slice(begin, min(begin + self._block, count)) for begin in range(0, count, self._block)]
        only = _plan(unit, blocks[0]) if len(blocks) == 1 else None  # serves every slice and every shuffle
        for begin in range(0, hidden, _SLICE):
            neurons = (begin, min(begin + _SLICE, hidden))
            for p in range(0, len(rows), batch):
                table = _Table.empty(unit, len(rows[p : p + batch]), neurons[1] - begin, self.states.rows.dtype)
                for block in blocks:
                    part = np.ascontiguousarray(rows[p : p + batch, block])
                    table.add(self.states.rows, part, centre, neurons, only or _plan(unit, block))
                explained[p : p + batch, :, begin : neurons[1]] = table.explained(unit)
        explained -= count * rest**2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(squares > 0, np.clip(explained / squares, 0.0, 1.0), np.nan)


class _Table(NamedTuple):
    """Sums of one slice of neurons, for some orders of the states."""

    work: kernels.Room
    sums: NDArray[np.float64]  # (P, r, W)
    whole: NDArray[np.float64]  # (P, D, W)

    @classmethod
    def empty(cls, unit: _Unit, orders: int, width: int, dtype: Any) -> "_Table":
        work = kernels.Room(*(np.empty(shape, dtype) for shape in ((_CHUNK, width), width, width)))
        return cls(work, np.zeros((orders, unit.rows, width)), np.zeros((orders, len(unit.second), width)))

    def add(self, states: Any, rows: Any, centre: Any, neurons: tuple[int, int], plan: kernels.Plan) -> None:
        kernels.explain(states, rows, centre, neurons, plan, self.work, self.sums, self.whole)

    def explained(self, unit: _Unit) -> NDArray[np.float64]:
        """SSB about the centre of each order, pair and neuron, shape (P, D, W)."""
        kernels.settle(unit.sizes, unit.places, self.sums, self.whole)
        return self.whole


def _plan(unit: _Unit, block: slice) -> kernels.Plan:
    second = np.stack([column[block] for column in unit.second])
    lags, count = second.shape
    plan = kernels.Plan(
        np.empty(count, np.int32),
        np.empty(count + 1, np.int32),
        np.empty((lags, count), np.uint16),
        np.empty((lags, count + 1), np.int32),
        np.empty((lags, count), np.uint16),
        np.empty((lags, count), np.int32),
    )
    tally = np.empty(unit.sizes.shape[1] + 1, np.int32)
    chunks = kernels.arrange(unit.first[block], second, unit.places, _CHUNK, plan, tally)
    return plan._replace(starts=plan.starts[: chunks + 1].copy())
