"""Memory from states alone: how many bytes back a byte still tells states apart."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import nan
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.contexts import Spread, first_below, group_spread, last_discovery
from umrnn.interpret.memory import sufficient_null
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.states import States, opened_states
from umrnn.statistics import false_discovery_q

__all__ = ["StateMemory", "StateMemoryAtOffset", "state_memory"]

_DEPTH, _POSITIONS = 30, 2000  # as in the memory of a network
_SEED = 42
_MOST = 100_000  # states for an offset


@dataclass(frozen=True)
class StateMemoryAtOffset:
    """What the byte ``offset`` places before the predicted one says about the state.

    Parameters
    ----------
    positions : states drawn
    byte_groups : bytes at the offset with at least five states
    group_variance : mean over them of |group mean - mean of group means|²
    null_group_variance, excess_variance : mean of it under shuffled labels; the difference
    excess_by_variance : the difference, by the variance of all states drawn
    p_value, q_value : of the excess; corrected for the number of offsets
    conditional_variance : the same among states after the same byte, labels shuffled among those; none at 1
    """

    offset: int
    positions: int
    byte_groups: int
    group_variance: float
    null_group_variance: float
    excess_variance: float
    excess_by_variance: float
    p_value: float
    q_value: float
    conditional_groups: int
    conditional_variance: float
    null_conditional_variance: float
    conditional_p_value: float
    conditional_q_value: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StateMemory(Result):
    """A record per offset, 1 first, and the variance of the states."""

    offsets: tuple[StateMemoryAtOffset, ...]
    neurons: int

    def headline(self) -> dict[str, Any]:
        """Depth as published, beside chance, and among states after the same byte."""
        return {
            "depth_method_2": first_below([row.group_variance for row in self.offsets]),
            "depth_corrected": last_discovery([row.q_value for row in self.offsets]),
            "depth_conditional": last_discovery([row.conditional_q_value for row in self.offsets]),
            "excess_by_variance_at_1": self.offsets[0].excess_by_variance,
            "neurons": self.neurons,
        }

    def tables(self) -> dict[str, Table]:
        """``offsets``."""
        return {"offsets": Table.of_records(self.offsets, StateMemoryAtOffset)}


@reads_text
def state_memory(
    states: States,
    corpus: Corpus,
    *,
    depth: int | None = None,
    positions: int = _POSITIONS,
    null: Null | None = None,
    work: Work = Work(),
) -> StateMemory:
    """Measure memory by the spread of states between bytes: method 2 of :func:`umrnn.interpret.memory.memory`.

    For each offset k, 2,000 states are drawn with seed 42 + k, or all taken where there are no more; they are grouped
    by the byte k places before the predicted one. The spread of their means is held against shuffled labels, and asked
    again among states after the same byte. Unlike there, it is the spread of states and not of predictions, of the run
    as it was and not of contexts of 50 bytes. Where both the bytes and the states drift over the text, as with its
    topic, shuffled labels are too easy a chance.

    Parameters
    ----------
    states : of any recurrent network, one row per byte
    depth : offsets 1 … depth; default: 30, or as far as the corpus allows
    positions : states per offset, 1 … 100,000
    null : shuffles of labels, at most, for each offset; default: 100 depth - 1

    Raises
    ------
    InputError
        If there is not one state per byte, or ``depth`` is not shorter than the corpus.

    Examples
    --------
    >>> corpus = Corpus.siteinfo()
    >>> last = States.given(np.eye(256)[corpus.data], corpus)
    >>> state_memory(last, corpus, depth=3, null=Null(99)).headline()["depth_conditional"]
    0
    """
    explained, length = opened_states(states, corpus), len(corpus)
    null = null or sufficient_null(corpus, depth)
    depth = integer("depth", min(_DEPTH, max(1, length - 1)) if depth is None else depth, 1, max(1, length - 1))
    positions = integer("positions", positions, 1, _MOST)
    sample = _Sample(states, corpus.data, depth, positions, null)
    work.progress.start("memory by offset", depth, "offsets")
    found = []
    with one_thread(), pool(work.threads) as executor:
        for row in map_ordered(sample.at, range(1, depth + 1), executor):
            found.append(row)
            work.progress.advance(1)
    work.progress.finish()
    settings = {"depth": depth, "positions": positions, "permutations": null.permutations}
    return StateMemory(
        offsets=tuple(_with_q(found)),
        neurons=states.neurons,
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=explained.facts),
    )


@dataclass(frozen=True)
class _Sample:
    """States drawn for each offset; offsets can be measured side by side."""

    states: States
    data: NDArray[np.uint8]
    depth: int
    positions: int
    null: Null

    def at(self, k: int) -> StateMemoryAtOffset:
        """The record of offset k, without q-values."""
        chosen = np.arange(self.depth - 1, len(self.data))
        if len(chosen) > self.positions:
            generator = np.random.default_rng(_SEED + self.null.seed + k)
            chosen = np.sort(generator.choice(chosen, self.positions, replace=False))
        rows = self.states.rows[chosen].astype(np.float64)
        last, byte = self.data[chosen], self.data[chosen - k + 1]
        alone = group_spread(rows, byte, np.zeros_like(last), self.null, k, 0)
        given = group_spread(rows, byte, last, self.null, k, 1) if k > 1 else Spread(0, nan, nan, nan)
        excess, total = alone.variance - alone.null_variance, float(rows.var(axis=0).sum())
        return StateMemoryAtOffset(
            k,
            len(rows),
            alone.groups,
            alone.variance,
            alone.null_variance,
            excess,
            excess / total if total else nan,
            alone.p_value,
            nan,
            given.groups,
            given.variance,
            given.null_variance,
            given.p_value,
            nan,
        )


def _with_q(rows: list[StateMemoryAtOffset]) -> Iterator[StateMemoryAtOffset]:
    q = false_discovery_q(np.array([row.p_value for row in rows])).tolist()
    given = false_discovery_q(np.array([row.conditional_p_value for row in rows])).tolist()
    return (replace(row, q_value=a, conditional_q_value=b) for row, a, b in zip(rows, q, given))
