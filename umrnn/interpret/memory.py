"""Memory depth: how many bytes back what the network read still changes what it predicts."""

from dataclasses import dataclass, replace
from math import nan
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, byte_counts, reads_text
from umrnn.interpret.contexts import (
    FALSE_DISCOVERIES,
    Contexts,
    Deviation,
    PrecisionDepth,
    Spread,
    depth_limits,
    divergence,
    first_below,
    group_spread,
    last_discovery,
    other_seen,
)
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import bits_per_byte, check_predicts
from umrnn.rnn.weights import Elman
from umrnn.statistics import false_discovery_q

__all__ = ["Memory", "MemoryAtOffset", "memory", "sufficient_null"]

_DEPTH, _CONTEXT, _POSITIONS = 30, 50, 2000  # as published
_SEED = 42  # of the published procedure; the offset is added
_CHANGED = 500  # contexts in which a byte is replaced
_HORIZON = 1000  # steps that each precision is followed
_MOST = 100_000  # contexts for an offset: predictions of 256 numbers each


@dataclass(frozen=True)
class MemoryAtOffset:
    """What the byte ``offset`` places before the predicted one does to the prediction.

    Parameters
    ----------
    kl_bits, l2 : mean change of the predicted distribution when the byte is replaced by another seen byte
    unseen_kl_bits, unseen_l2 : the same when it is replaced by x + 128
    positions : contexts drawn, by the position they end at
    byte_groups : bytes at the offset with at least five contexts
    group_variance : mean over them of |group mean - mean of group means|²
    null_group_variance, excess_variance : mean of it under shuffled labels; the difference
    p_value, q_value : of the excess; corrected for the number of offsets
    conditional_variance : the same among contexts that end in the same byte, labels shuffled among those; none at 1
    """

    offset: int
    positions: int
    kl_bits: float
    l2: float
    unseen_kl_bits: float
    unseen_l2: float
    byte_groups: int
    group_variance: float
    null_group_variance: float
    excess_variance: float
    p_value: float
    q_value: float
    conditional_groups: int
    conditional_variance: float
    null_conditional_variance: float
    conditional_p_value: float
    conditional_q_value: float


_EFFECT = 0.001  # bits: an effect that is worth speaking of


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Memory(Result):
    """Effects by offset, and the depth that the precision of the states allows.

    Parameters
    ----------
    offsets : a record per offset, 1 first
    mean_surprisal : bits per byte of the network on the corpus
    limits : a record per precision: float64, float32, float16
    deviations : how a change and a nudge of the last bit spread, by precision and offset
    horizon : steps that each precision was followed
    """

    offsets: tuple[MemoryAtOffset, ...]
    mean_surprisal: float
    limits: tuple[PrecisionDepth, ...]
    deviations: tuple[Deviation, ...]
    horizon: int

    def headline(self) -> dict[str, Any]:
        """Depth by each method, the predicted limits, the measured ones."""
        rows = self.offsets
        return {
            "effect_depth": max((row.offset for row in rows if row.kl_bits > _EFFECT), default=0),
            "depth_method_1": first_below([row.kl_bits for row in rows]),
            "depth_method_2": first_below([row.group_variance for row in rows]),
            "depth_corrected": last_discovery([row.q_value for row in rows]),
            "depth_conditional": last_discovery([row.conditional_q_value for row in rows]),
            "mean_surprisal_bits": self.mean_surprisal,
            **{f"predicted_depth_{limit.precision}": limit.predicted_depth for limit in self.limits},
            **{f"measured_depth_{limit.precision}": limit.measured_depth for limit in self.limits},
            "horizon": self.horizon,
        }

    def tables(self) -> dict[str, Table]:
        """``offsets``, ``limits`` by precision, and ``deviations`` by precision and offset."""
        return {
            "offsets": Table.of_records(self.offsets, MemoryAtOffset),
            "limits": Table.of_records(self.limits, PrecisionDepth),
            "deviations": Table.of_records(self.deviations, Deviation),
        }


@reads_text
def memory(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    depth: int | None = None,
    positions: int = _POSITIONS,
    horizon: int | None = None,
    null: Null | None = None,
    work: Work = Work(),
) -> Memory:
    """Measure memory by replaced bytes, by the spread of predictions between bytes, and by the precision of states.

    Every context is the last 50 bytes (half a shorter corpus), read from h = 0. For each offset k, 2,000 contexts are
    drawn with seed 42 + k, or all taken where there are no more.

    Method 1 replaces the byte at -k and compares predictions by KL(p || p') and by Euclidean distance, in up to 500 of
    the contexts: replaced by a random other byte of the corpus, or by x + 128, which most texts never hold. Method 2
    groups predictions by the byte at -k and takes the mean over groups, of five contexts or more, of the squared
    distance from the mean of the group means. Either depth is the first k whose value is below 1/e of the largest.

    Method 2 corrected subtracts what shuffled labels give, since small groups differ by chance; the depth is the
    largest k that is found at a false discovery rate of .01 (Benjamini and Hochberg over k). ``depth_conditional`` asks
    whether the byte at -k tells contexts apart that end in the same byte. No p-value of P shuffles is below
    1 / (P + 1), so by default P = 100 depth - 1: an offset can then be found alone. Neither holds all nearer bytes
    fixed: in text the byte at -k goes with those after it, and may tell contexts apart that the network has forgotten.

    The limit: d = mantissa bits / mean surprisal, for the 53, 24 and 11 bits of float64, float32 and float16; and
    measured, as in :mod:`umrnn.interpret.contexts.precision_depth`.

    Parameters
    ----------
    depth : offsets 1 … depth; default: 30, or as far as the corpus allows
    positions : contexts per offset, 1 … 100,000
    horizon : steps that each precision is followed; default: 1,000, at most half the corpus
    null : shuffles of labels, at most, for each offset (default: 100 depth - 1); its seed is also that of replacements,
        and 42 + seed + k that of the contexts

    Raises
    ------
    InputError
        If the corpus is a single byte, ``depth`` is not shorter than it, or ``horizon`` exceeds half of it.

    Examples
    --------
    >>> result = memory(Elman.zeros(hidden=2), Corpus.siteinfo(), null=Null(19))
    >>> result.headline()["depth_corrected"], result.headline()["predicted_depth_float32"]
    (0, 3.0)
    """
    targets, half = check_predicts(corpus), len(corpus) // 2
    null = null or sufficient_null(corpus, depth)
    depth = integer("depth", min(_DEPTH, targets) if depth is None else depth, 1, targets)
    positions = integer("positions", positions, 1, _MOST)
    horizon = integer("horizon", min(_HORIZON, half) if horizon is None else horizon, 1, half)
    network, facts, _ = opened(model)
    surprisal, seen = (
        bits_per_byte(network, corpus, work=work),
        _seen(corpus),
    )
    sample = _Sample(network, corpus, seen, depth, positions, null)
    found = _by_offset(sample, depth, work)
    generator = null.generator(1 << 32)
    limits, deviations = depth_limits(network, corpus, seen, surprisal, horizon=horizon, generator=generator, work=work)
    settings = {"depth": depth, "positions": positions, "context": sample.length, "horizon": horizon}
    settings |= {"permutations": null.permutations}
    return Memory(
        offsets=_with_q(found),
        mean_surprisal=surprisal,
        limits=limits,
        deviations=deviations,
        horizon=horizon,
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=facts),
    )


def sufficient_null(corpus: Corpus, depth: int | None = None, permutations: int | None = None, seed: int = 0) -> Null:
    """``permutations`` shuffles; default: just so many that one of the offsets 1 … ``depth`` can be found alone.

    Examples
    --------
    >>> sufficient_null(Corpus.siteinfo(), 2), sufficient_null(Corpus.siteinfo(), permutations=19)
    (Null(permutations=199, seed=0), Null(permutations=19, seed=0))
    """
    asked = min(_DEPTH, len(corpus) - 1) if depth is None else min(depth, len(corpus))
    offsets = max(1, asked)  # what is out of range is refused where it is used
    return Null(round(offsets / FALSE_DISCOVERIES) - 1 if permutations is None else permutations, seed)


def _by_offset(sample: "_Sample", depth: int, work: Work) -> list[MemoryAtOffset]:
    """A record per offset, without q-values."""
    work.progress.start("memory by offset", depth, "offsets")
    found = []
    with one_thread(), pool(work.threads) as executor:
        for row in map_ordered(sample.at, range(1, depth + 1), executor):
            found.append(row)
            work.progress.advance(1)
    work.progress.finish()
    return found


def _seen(corpus: Corpus) -> NDArray[np.uint8]:
    """The distinct bytes, ascending."""
    return np.flatnonzero(byte_counts(corpus.data)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class _Batch:
    """Contexts and what the network makes of them; ``before`` holds the states of the rows ``few`` before byte -k."""

    rows: NDArray[np.uint8]
    few: NDArray[np.int64]
    p: NDArray[np.float64]
    before: dict[int, Any]


class _Sample:
    """Contexts drawn for each offset, or all at once where they are few; offsets can be measured side by side."""

    def __init__(
        self, model: Elman, corpus: Corpus, seen: NDArray[np.uint8], depth: int, positions: int, null: Null
    ) -> None:
        length = min(max(_CONTEXT, depth), max(depth, len(corpus) // 2))
        self.length = length
        self._contexts, self._seen, self._null = Contexts(model), seen, null
        self._windows = np.lib.stride_tricks.sliding_window_view(corpus.data, length)[:-1]  # each has a next byte
        self._positions = positions
        self._all: _Batch | None = None
        if len(self._windows) <= positions:
            with one_thread():
                self._all = self._batch(np.arange(len(self._windows)), range(1, depth + 1))

    def _batch(self, chosen: NDArray[np.int64], offsets: Any) -> _Batch:
        rows = self._windows[chosen]
        few = np.unique(np.linspace(0, len(rows) - 1, min(_CHANGED, len(rows))).astype(np.int64))
        h, before = self._contexts.run(rows, offsets, few)
        return _Batch(rows, few, self._contexts.predictions(h), before)

    def at(self, k: int) -> MemoryAtOffset:
        """The record of offset k, without q-values."""
        generator = np.random.default_rng(_SEED + self._null.seed + k)
        batch = self._all
        if batch is None:
            chosen = generator.choice(len(self._windows), self._positions, replace=False)
            batch = self._batch(np.sort(chosen), (k,))
        x = batch.rows[batch.few, self.length - k]
        other = other_seen(x, self._seen, generator)
        changed = (nan, nan) if other is None else self._changed(batch, k, other)
        last, byte = batch.rows[:, -1], batch.rows[:, self.length - k]
        alone = group_spread(batch.p, byte, np.zeros_like(last), self._null, k, 0)
        given = group_spread(batch.p, byte, last, self._null, k, 1) if k > 1 else Spread(0, nan, nan, nan)
        return MemoryAtOffset(
            k,
            len(batch.rows),
            *changed,
            *self._changed(batch, k, x ^ np.uint8(128)),
            alone.groups,
            alone.variance,
            alone.null_variance,
            alone.variance - alone.null_variance,
            alone.p_value,
            nan,
            given.groups,
            given.variance,
            given.null_variance,
            given.p_value,
            nan,
        )

    def _changed(self, batch: _Batch, k: int, other: NDArray[np.uint8]) -> tuple[float, float]:
        """Mean KL in bits and mean distance of predictions when the byte at -k is ``other``."""
        h = self._contexts.step(batch.before[k], other)
        for s in range(self.length - k + 1, self.length):
            h = self._contexts.step(h, batch.rows[batch.few, s])
        plain, changed = batch.p[batch.few], self._contexts.predictions(h)
        distance = np.linalg.norm(plain - changed, axis=1)
        return float(divergence(plain, changed).mean()), float(distance.mean())


def _with_q(rows: list[MemoryAtOffset]) -> tuple[MemoryAtOffset, ...]:
    q = false_discovery_q(np.array([row.p_value for row in rows])).tolist()
    given = false_discovery_q(np.array([row.conditional_p_value for row in rows])).tolist()
    return tuple(replace(row, q_value=a, conditional_q_value=b) for row, a, b in zip(rows, q, given))
