"""Survival: which skip patterns of one part of a text occur again in another."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import offset_tuple
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Null, Split, held_apart
from umrnn.progress import Progress, Work
from umrnn.result import Result, Table, provenance
from umrnn.um.patterns import Patterns
from umrnn.um.reachable import reachable

__all__ = ["PUBLISHED_PAIRS", "PatternSurvival", "pattern_survival"]

PUBLISHED_PAIRS = ((1, 2), (1, 4), (1, 8), (2, 6), (3, 12))


@dataclass(frozen=True)
class Survival:
    """One tuple: patterns that occur again and those that do not, with the share expected of shuffled targets."""

    offsets: tuple[int, ...]
    survivors: int
    artifacts: int
    rate: float
    null_rate: float | None
    occurrence_share: float
    held_out_occurrence_share: float
    count_r: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PatternSurvival(Result):
    """Survival of the patterns of each tuple of offsets."""

    tuples: tuple[Survival, ...]

    def headline(self) -> dict[str, Any]:
        """Mean survival rate over the tuples, and the tuple that survives best."""
        best = max(self.tuples, key=lambda row: row.rate)
        nulls = [row.null_rate for row in self.tuples if row.null_rate is not None]
        return {
            "mean_rate": float(np.mean([row.rate for row in self.tuples])),
            "null_rate": Null.mean(nulls),
            "best_offsets": list(best.offsets),
            "best_rate": best.rate,
        }

    def tables(self) -> dict[str, Table]:
        """``tuples``: a row per tuple of offsets."""
        return {"tuples": Table.of_records(self.tuples, Survival)}


@reads_text
def pattern_survival(
    corpus: Corpus,
    against: Corpus | None = None,
    *,
    boundary: int | None = None,
    tuples: Iterable[Iterable[int]] | None = None,
    null: Null | None = None,
    work: Work = Work(),
) -> PatternSurvival:
    """Count the patterns of one part, and how many of them occur again in another.

    Parameters
    ----------
    corpus : the first part; without ``against`` it is cut at ``boundary`` into both parts, and contexts of the second
        may reach back into the first
    against : another corpus to look for the patterns in
    boundary : where the second part begins (default: the middle)
    tuples : tuples of offsets, each in the convention of :func:`umrnn.um.skip.skip_patterns`; by default those of
        ``PUBLISHED_PAIRS`` that fit

    Returns
    -------
    Per tuple: ``survivors`` (distinct patterns of the first part found in the second), ``artifacts`` (not found),
    their ``rate``, the mean rate when the second part's next bytes are shuffled, the shares of occurrences
    in the first and in the second part that survivors account for, and the correlation r of the survivors' counts in
    the two parts.

    Raises
    ------
    InputError
        If an offset does not fit a part, the boundary leaves one of them empty, or the two parts overlap.
    """
    null = null or Null()
    reachable(None, 1, corpus)
    cut = Split().boundary(len(corpus)) if boundary is None else boundary
    if against is None and not 0 < cut < len(corpus):
        raise InputError(f"the boundary must lie inside the corpus of {len(corpus)} bytes, got {cut}")
    if against is not None:
        held_apart(corpus, against)
    shorter = cut if against is None else min(len(corpus), len(against))
    usual: list[tuple[int, ...]] = [pair for pair in PUBLISHED_PAIRS if max(pair) < shorter]
    chosen = [offset_tuple(offsets, len(corpus)) for offsets in ((usual or [(1,)]) if tuples is None else tuples)]
    work.progress.start("survival", len(chosen) * (1 + null.permutations), "tuples")
    rows = []
    for offsets in chosen:
        if against is None:
            first, second = Patterns.of(corpus, offsets, stop=cut), Patterns.of(corpus, offsets, start=cut)
        else:
            first, second = Patterns.of(corpus, offsets), Patterns.of(against, offsets)
        rows.append(_survival(first, second, null, work.progress))
    work.progress.finish()
    settings = {
        "tuples": [list(offsets) for offsets in chosen],
        "boundary": cut if against is None else None,
        "against": against.provenance() if against is not None else None,
        "permutations": null.permutations,
    }
    return PatternSurvival(provenance=provenance(corpus, parameters=settings, seed=null.seed), tuples=tuple(rows))


def _survival(first: Patterns, second: Patterns, null: Null, progress: Progress) -> Survival:
    known, occurring, contexts = _shared_codes(first, second)
    count_of = np.zeros(contexts * 256, np.int64)
    count_of[occurring[occurring >= 0]] = second.counts[occurring >= 0]
    again = np.where(known >= 0, count_of[known], 0)
    repeated = again > 0
    pair = first.counts[repeated], again[repeated]
    varied = all(np.ptp(counts) > 0 for counts in pair) if repeated.any() else False
    progress.advance(1)
    context_of = np.repeat(np.where(occurring >= 0, occurring // 256, -1), second.counts)
    targets, known = np.repeat(second.targets, second.counts), known[known >= 0]
    found = np.zeros(contexts * 256, np.bool_)
    rates = []
    for number in range(null.permutations):
        shuffled = (context_of * 256 + null.shuffled(targets, number))[context_of >= 0]
        found[shuffled] = True
        rates.append(int(np.count_nonzero(found[known])) / len(first))
        found[shuffled] = False
        progress.advance(1)
    survivors = int(repeated.sum())
    return Survival(
        offsets=first.offsets,
        survivors=survivors,
        artifacts=len(first) - survivors,
        rate=survivors / len(first),
        null_rate=Null.mean(rates),
        occurrence_share=float(pair[0].sum() / first.positions),
        held_out_occurrence_share=float(pair[1].sum() / second.positions),
        count_r=float(np.corrcoef(*pair)[0, 1]) if varied else math.nan,
    )


def _shared_codes(first: Patterns, second: Patterns) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """256 * context + next byte of the patterns of either part, and the number of contexts; -1 where a context does
    not occur in both. Only shared contexts are numbered, so tables over the codes stay small.
    """
    starts, rows = [], []
    for part in (first, second):
        starts.append(part.context_starts)
        rows.append(np.diff(np.append(part.context_starts, len(part))))
    distinct = np.concatenate((first.contexts[starts[0]], second.contexts[starts[1]]))
    _, number, times = np.unique(distinct, axis=0, return_inverse=True, return_counts=True)
    shared = times == 2
    label = np.where(shared, np.cumsum(shared) - 1, -1)[number.reshape(-1)]
    codes = []
    for part, labels, repeats in zip((first, second), np.split(label, [len(starts[0])]), rows):
        contexts = np.repeat(labels, repeats)
        codes.append(np.where(contexts >= 0, contexts * 256 + part.targets, -1))
    return codes[0], codes[1], max(1, int(shared.sum()))
