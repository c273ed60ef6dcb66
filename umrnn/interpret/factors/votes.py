"""Signs of states by cells of bytes: what the commoner sign of a cell tells, beside what chance makes of it.

in-sample      each position gets the sign that is commoner in its cell, itself included
leave-one-out  the commoner among the others of its cell; after a tie, or for a lone position, that of all others
held out       the commoner among the counted positions of its cell; after a tie, or unseen, that of all counted ones
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from umrnn.interpret.factors.cells import Grouping
from umrnn.interpret.factors.pair_search import PairSearch

__all__ = ["SignVotes", "Votes", "by_chance", "sign_votes"]

_GAIN, _ENOUGH = 0.05, 0.7  # accuracy by which a conjunction beats its best lag, and must reach: as published

Lags = tuple[int, ...]
Groupings = Mapping[Lags, Grouping]


@dataclass(frozen=True)
class SignVotes:
    """How well the cells of a neuron's pair tell its sign; no pair, and NaN, if its state never changes."""

    neuron: int
    lags: Lags | None
    vote_accuracy: float
    null_vote_accuracy: float
    loo_vote_accuracy: float
    held_out_vote_accuracy: float
    single_vote_accuracy: float
    commoner_sign_share: float
    mi_bits: float
    null_mi_bits: float
    conjunction: bool | None
    loo_conjunction: bool | None


class Votes(NamedTuple):
    """Signs of one neuron counted by cell, and the shares of positions whose own sign the cells tell."""

    sizes: NDArray[np.int64]  # (c,), of the counted positions
    positive: NDArray[np.int64]  # (c,)
    accuracy: float
    leave_one_out: float
    held_out: float

    @classmethod
    def of(cls, labels: NDArray[np.int32], cells: int, signs: NDArray[np.bool_], counted: int | None = None) -> "Votes":
        """Votes of ``signs`` (m,) in the cells ``labels`` (m,); the first ``counted`` positions count (default: all).

        Examples
        --------
        >>> votes = Votes.of(np.array([0, 0, 0, 1], np.int32), 2, np.array([True, True, False, False]))
        >>> votes.accuracy, votes.leave_one_out
        (0.75, 0.0)
        """
        count = len(signs) if counted is None else counted
        seen, known = labels[:count], signs[:count]
        sizes = np.bincount(seen, minlength=cells)
        positive = np.bincount(seen[known], minlength=cells)
        lead, all_lead = 2 * positive - sizes, 2 * int(known.sum()) - count  # positive less negative ones
        own = np.where(known, 1, -1)
        others = _guess(lead[seen] - own, all_lead - own)
        late = _guess(lead[labels[count:]], np.array(all_lead))
        return cls(
            sizes,
            positive,
            float(np.maximum(positive, sizes - positive).sum() / count),
            float((others == known).mean()) if count > 1 else nan,
            float((late == signs[count:]).mean()) if count < len(signs) else nan,
        )

    def mi_bits(self) -> float:
        """Mutual information of cell and sign, plug-in."""
        whole = _entropy(np.array([self.positive.sum()]), np.array([self.sizes.sum()]))
        return max(0.0, float((whole.sum() - _entropy(self.positive, self.sizes).sum()) / self.sizes.sum()))

    def commoner_share(self) -> float:
        """Share of the commoner sign: what knowing no byte gives."""
        positive, count = int(self.positive.sum()), int(self.sizes.sum())
        return max(positive, count - positive) / count


def by_chance(sizes: NDArray[np.int64], positive: int) -> tuple[float, float]:
    """Exact means over all shuffles of the signs: accuracy of the votes, and bits of mutual information.

    The positive ones among the n positions of a cell are hypergeometric. Linear in the sum of the distinct sizes.

    Examples
    --------
    >>> by_chance(np.array([1, 1]), 1)
    (1.0, 1.0)
    """
    total = int(sizes.sum())
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, total + 1)))))  # log n!

    def choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
        ways: NDArray[np.float64] = logs[n] - logs[k] - logs[n - k]
        return ways

    right = inside = 0.0
    for size, times in zip(*(part.tolist() for part in np.unique(sizes, return_counts=True))):
        k = np.arange(max(0, size - (total - positive)), min(size, positive) + 1)
        chance = np.exp(choose(positive, k) + choose(total - positive, size - k) - choose(total, np.array(size)))
        chance /= chance.sum()
        right += times * float((chance * np.maximum(k, size - k)).sum())
        inside += times * float((chance * _entropy(k, np.full(len(k), size))).sum())
    whole = float(_entropy(np.array([positive]), np.array([total])).sum())
    return right / total, max(0.0, (whole - inside) / total)


def sign_votes(
    search: PairSearch,
    lags: tuple[Sequence[Lags], Sequence[Lags], Sequence[Lags]],
    groupings: Groupings,
    counted: int,
    constant: NDArray[np.bool_],
) -> tuple[SignVotes, ...]:
    """The record of every neuron.

    Parameters
    ----------
    lags : of each neuron, the pair of all positions, that of the counted ones, and the best single lag.
    groupings : of all these.
    counted : positions at the beginning that count for held-out figures; 0 holds nothing out.
    constant : shape (H,), neurons that never change.
    """
    whole, single = (_counted(search, each, groupings, None) for each in (lags[0], lags[2]))
    early = _counted(search, lags[1], groupings, counted or None)
    chances: dict[tuple[Lags, int], tuple[float, float]] = {}
    rows = []
    for j, (votes, first, alone) in enumerate(zip(whole, early, single)):
        if constant[j]:
            rows.append(SignVotes(j, None, nan, nan, nan, nan, nan, nan, nan, nan, None, None))
            continue
        key = (lags[0][j], int(votes.positive.sum()))
        if key not in chances:
            chances[key] = by_chance(votes.sizes, key[1])
        kinds = ((votes.accuracy, alone.accuracy), (votes.leave_one_out, alone.leave_one_out))
        beyond = [pair > lag + _GAIN and pair >= _ENOUGH for pair, lag in kinds]
        accuracies = (votes.accuracy, chances[key][0], votes.leave_one_out, first.held_out, alone.accuracy)
        figures = (*accuracies, votes.commoner_share(), votes.mi_bits(), chances[key][1])
        rows.append(SignVotes(j, lags[0][j], *figures, *beyond))
    return tuple(rows)


def _counted(search: PairSearch, lags: Sequence[Lags], groupings: Groupings, counted: int | None) -> list[Votes]:
    """Votes of each neuron in the cells of its lags."""
    found = dict(_of_each(search, lags, groupings, counted))
    return [found[j] for j in range(len(lags))]


def _of_each(
    search: PairSearch, lags: Sequence[Lags], groupings: Groupings, counted: int | None
) -> Iterator[tuple[int, Votes]]:
    for chosen in sorted(set(lags)):
        labels = groupings[chosen].labels()
        for j in [j for j, own in enumerate(lags) if own == chosen]:
            signs = search.states.rows[search.first : search.stop, j] >= 0
            yield j, Votes.of(labels, len(groupings[chosen]), signs, counted)


def _guess(lead: NDArray[np.int64], otherwise: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Positive where more are than not, negative where fewer; after a tie by ``otherwise``."""
    return np.where(lead != 0, lead > 0, otherwise >= 0)


def _entropy(positive: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Bits to tell the signs of each cell: n times the entropy of their share."""

    def each(n: NDArray[np.int64]) -> NDArray[np.float64]:
        count = n.astype(np.float64)
        return count * np.log2(np.maximum(count, 1))

    return each(sizes) - each(positive) - each(sizes - positive)
