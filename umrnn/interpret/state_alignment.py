"""Alignment from states alone: whether states after a byte are like those before the bytes it goes with."""

from dataclasses import dataclass
from math import nan
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.alignment import usual_positions
from umrnn.interpret.factors import rotations
from umrnn.nulls import Null, Split
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.score import check_predicts
from umrnn.rnn.states import States, opened_states
from umrnn.statistics import false_discovery_q, mean_of_known, spearman
from umrnn.um.pointwise import pointwise_information
from umrnn.um.reachable import reachable

__all__ = ["StateAlignment", "StateAlignmentAtOffset", "state_alignment"]

_MAX_OFFSET = 20
_MOST = 10_000  # states that the means are taken over: enough for every byte that is not rare
_FALSE = 0.05  # rate of false discoveries: 199 turns cannot show much less in 20 offsets
_STRONGEST = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StateAlignmentAtOffset:
    """At one offset: rank correlation of likeness and information over the pairs there, beside turned states."""

    offset: int
    positions: int
    rank_r: float
    null_rank_r: float
    p_value: float
    q_value: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StateAlignment(Result):
    """Likeness of states, and the information between the bytes they belong to.

    Parameters
    ----------
    offsets : a record per offset, 1 first
    rank_r, null_rank_r, p_value : over the pairs of all offsets
    strongest : the pairs whose states are most alike
    """

    offsets: tuple[StateAlignmentAtOffset, ...]
    rank_r: float
    null_rank_r: float
    p_value: float
    positions: int
    strongest: Table

    def headline(self) -> dict[str, Any]:
        """The correlation over all offsets beside chance, and the farthest offset where it is found."""
        found = [row.offset for row in self.offsets if row.q_value <= _FALSE]
        return {
            "rank_r": self.rank_r,
            "null_rank_r": self.null_rank_r,
            "rank_p_value": self.p_value,
            "aligned_offsets": len(found),
            "farthest_aligned_offset": max(found, default=0),
            "positions": self.positions,
        }

    def tables(self) -> dict[str, Table]:
        """``offsets``: a row per offset; ``strongest``: the pairs whose states are most alike."""
        return {"offsets": Table.of_records(self.offsets, StateAlignmentAtOffset), "strongest": self.strongest}


@reads_text
def state_alignment(
    states: States,
    corpus: Corpus,
    *,
    max_offset: int | None = None,
    null: Null | None = None,
    work: Work = Work(),
) -> StateAlignment:
    """Rank correlation of how alike states are with how much their bytes say about each other.

        likeness_d(x, y) = mean over neurons of m_d(x) c(y),    m_d(x): mean state d bytes after x was predicted,
        PMI_d(x, y) = log2 [p_d(x, y) / (p(x) p(y))]            c(y): mean state before y

    over pairs (x[t - d + 1], x[t + 1]); every neuron has mean 0 and variance 1. The means of x are of states of the
    first half, those of y of the second, so that no state is compared with itself. Chance turns the states in time
    against the bytes. :func:`umrnn.interpret.alignment.alignment` replaces bytes and asks what the network *uses*,
    which needs its weights; states say what it *carries*.

    Parameters
    ----------
    states : of any recurrent network, one row per byte
    max_offset : D; default: 20, or as far as the corpus allows
    null : turns; default: 199, or 39 from 20,000 bytes on

    Raises
    ------
    InputError
        If there is not one state per byte, the corpus is a single byte, or an option is out of range.

    Examples
    --------
    >>> corpus = Corpus.siteinfo()
    >>> last_byte = States.given(np.eye(256)[corpus.data], corpus)
    >>> found = state_alignment(last_byte, corpus, max_offset=2, null=Null(99))
    >>> found.headline()["rank_p_value"]
    0.01
    """
    check_predicts(corpus)
    offsets = integer("max-offset", reachable(max_offset, _MAX_OFFSET, corpus), 1, len(corpus) - 1)
    null = (null or Null.usual(None, len(corpus))).fitting(8 * (offsets + 1))
    explained = opened_states(states, corpus)
    sample = _Sample.of(states, corpus, offsets)
    places = np.array(usual_positions(corpus), np.int64) - corpus.start
    pmi = pointwise_information(corpus, places, offsets, work=work)
    found, drawn = sample.likeness(sample.rows, places), _turned(sample, places, pmi, null, work)
    r, chance = _correlations(found, pmi).tolist(), _means_of(drawn)
    p_values = [Null.p_value(one, draws.tolist()) if len(drawn) else nan for one, draws in zip(r, drawn.T)]
    q_values = false_discovery_q(np.array(p_values[:-1])).tolist()
    pairs = (~np.isnan(found)).sum(axis=0).tolist()
    rows = zip(range(1, offsets + 1), pairs, r, chance, p_values, q_values)
    settings = {"max_offset": offsets, "permutations": null.permutations, "states_read": len(sample.rows)}
    return StateAlignment(
        offsets=tuple(StateAlignmentAtOffset(*row) for row in rows),
        rank_r=r[-1],
        null_rank_r=chance[-1],
        p_value=p_values[-1],
        positions=len(places),
        strongest=_strongest(corpus, places, found, pmi),
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=explained.facts),
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    """States (N, H) of mean 0 and variance 1, and where they are; the first ``counted`` are of the first half."""

    corpus: Corpus
    at: NDArray[np.int64]
    rows: Floats
    counted: int
    offsets: int

    @classmethod
    def of(cls, states: States, corpus: Corpus, offsets: int) -> "_Sample":
        """All states that predict, or evenly spaced ones of many."""
        targets = len(corpus) - 1
        at = np.unique(np.linspace(0, targets - 1, min(targets, _MOST)).astype(np.int64))
        rows = states.rows[at].astype(np.float64)
        rows -= rows.mean(axis=0)
        spread = np.sqrt((rows**2).mean(axis=0))
        rows /= np.where(spread > 0, spread, 1)
        return cls(corpus, at, rows, int(np.searchsorted(at, Split().boundary(len(corpus)))), offsets)

    def likeness(self, rows: Floats, places: NDArray[np.int64]) -> Floats:
        """Shape (P, D), for the bytes around each of ``places``; NaN where a byte has no states, or there is none."""
        data, out = self.corpus.data, np.full((len(places), self.offsets), nan)
        after, late = data[places + 1], slice(self.counted, None)
        before_y = _means(rows[late], data[self.at[late] + 1])
        for d in range(1, self.offsets + 1):
            reached, known = self.at[: self.counted] - d + 1 >= 0, places - d + 1 >= 0
            after_x = _means(rows[: self.counted][reached], data[self.at[: self.counted][reached] - d + 1])
            pairs = after_x[data[places[known] - d + 1]], before_y[after[known]]
            out[known, d - 1] = np.einsum("ph,ph->p", *pairs) / rows.shape[1]
        return out


def _turned(sample: _Sample, places: NDArray[np.int64], pmi: Floats, null: Null, work: Work) -> Floats:
    """The correlations when states are turned in time, shape (P, D + 1)."""
    drawn = np.empty((null.permutations, sample.offsets + 1))
    work.progress.start("turned states", null.permutations)
    for i, order in enumerate(rotations(null, 0, len(sample.rows))):
        drawn[i] = _correlations(sample.likeness(sample.rows[order], places), pmi)
        work.progress.advance(1)
    work.progress.finish()
    return drawn


def _means_of(drawn: Floats) -> list[float]:
    """Of each column, without what is not known; NaN where nothing is."""
    return [mean_of_known(column) for column in drawn.T.tolist()]


def _means(rows: Floats, bytes_: NDArray[np.uint8]) -> Floats:
    """Mean row of each byte, shape (256, H); NaN for bytes without any."""
    from scipy.sparse import csr_matrix

    chosen = csr_matrix((np.ones(len(rows)), (bytes_, np.arange(len(rows)))), shape=(256, len(rows)))
    counts = np.bincount(bytes_, minlength=256)[:, np.newaxis]
    return np.where(counts > 0, chosen @ rows / np.maximum(counts, 1), nan)


def _correlations(likeness: Floats, pmi: Floats) -> Floats:
    """By offset, and over all pairs; shape (D + 1,)."""
    each = [spearman(likeness[:, d], pmi[:, d]) for d in range(likeness.shape[1])]
    return np.array([*each, spearman(likeness, pmi)])


def _strongest(corpus: Corpus, places: NDArray[np.int64], likeness: Floats, pmi: Floats) -> Table:
    """Distinct pairs, the most alike first."""
    rows: dict[tuple[int, bytes, bytes], tuple[float, float]] = {}
    for place in np.argsort(-np.where(np.isnan(likeness), -np.inf, likeness), axis=None, kind="stable").tolist():
        row, i = divmod(place, likeness.shape[1])
        if len(rows) == _STRONGEST or np.isnan(likeness[row, i]):
            break
        t = int(places[row])
        pair = (bytes([corpus.data[t - i]]), bytes([corpus.data[t + 1]]))
        rows.setdefault((i + 1, *pair), (float(likeness[row, i]), float(pmi[row, i])))
    columns = ("offset", "byte", "next", "likeness", "pmi_bits")
    return Table.of(columns, ((*pair, *values) for pair, values in rows.items()))
