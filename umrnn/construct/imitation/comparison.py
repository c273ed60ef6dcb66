"""Every estimate beside the weights it is of, with what chance, other bytes and other weights give in its place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isnan

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.imitation.agreement import Agreement, SelectedWeights, agreements, correlations
from umrnn.construct.imitation.estimates import ESTIMATES, Estimates, estimate_all
from umrnn.construct.imitation.sums import sum_states
from umrnn.corpus import Corpus
from umrnn.nulls import Null, share_of
from umrnn.parallel import pool
from umrnn.progress import Work
from umrnn.rnn.weights import Elman
from umrnn.statistics import mean_of_known

__all__ = ["ALL", "Predictors", "is_long", "scrambled", "usual_null"]

Wide = NDArray[np.float64]
Found = Mapping[tuple[str, str, str], float]  # r by array, estimate and selection of weights

ALL, _SEEN = "all", "of bytes that occur"
_LEAST = {"|w|>=0.1": 0.1, "|w|>=0.2": 0.2, "|w|>=0.5": 0.5}
_LARGEST, _LARGEST_SHARE = "largest 36 %", 0.36
_LONG, _WIDE = 20_000, 512  # bytes, and neurons, from which draws take long
_KEYS = tuple(key for key in ESTIMATES if key[0] != "b_y")  # b_y has no neurons to call by other names
_SHUFFLED, _SCRAMBLED = 1 << 32, 1 << 33  # random streams


def is_long(network: Elman, corpus: Corpus) -> bool:
    """Whether few draws are the default: from 20 KB or 512 neurons on."""
    return len(corpus) >= _LONG or network.hidden >= _WIDE


def usual_null(
    permutations: int | None, network: Elman, corpus: Corpus, seed: int = 0, usual: tuple[int, int] = (199, 39)
) -> Null:
    """``permutations`` if given, else the first of ``usual``, or the second from 20 KB or 512 neurons on.

    Examples
    --------
    >>> usual_null(None, Elman.zeros(hidden=600), Corpus.siteinfo())
    Null(permutations=39, seed=0)
    """
    return Null(usual[is_long(network, corpus)] if permutations is None else permutations, seed)


class Predictors:
    """The weights of a network, put in order for comparisons.

    Parameters
    ----------
    network : whose weights are estimated
    occur : bytes of the corpus
    """

    def __init__(self, network: Elman, occur: NDArray[np.int64]) -> None:
        self.network, self._occur = network, occur
        self._cells: dict[str, list[SelectedWeights]] = {}
        for array in dict.fromkeys(array for array, _ in _KEYS):
            weights = getattr(network, array).astype(np.float64)
            self._cells[array] = [SelectedWeights(weights, {ALL: 0.0, **_LEAST, _LARGEST: _least_of_largest(weights)})]
            if array in ("W_x", "W_y"):
                seen = {"columns" if array == "W_x" else "rows": occur}
                self._cells[array].append(SelectedWeights(weights, {_SEEN: 0.0}, **seen))

    def correlations(self, estimates: Estimates) -> Found:
        """Correlation of every estimate with every selection of weights."""
        return {
            (*key, name): float(r)
            for key in _KEYS
            for cells in self._cells[key[0]]
            for name, r in zip(cells.counts, correlations(cells.sums(estimates[key])))
        }

    def agreements(self, parts: Sequence[Estimates], null: Null, work: Work) -> list[Agreement]:
        """A record for each, from estimates of the whole corpus, of its first and of its second half."""
        rows = []
        work.progress.start("relabelled neurons", len(_KEYS), "estimates")
        with pool(work.threads) as executor:
            for key in _KEYS:
                for cells in self._cells[key[0]]:
                    rows += agreements(key, cells, [part[key] for part in parts], null, executor)
                work.progress.advance(1)
        work.progress.finish()
        return rows

    def beside(self, rows: Iterable[Agreement], corpus: Corpus, draws: Null, work: Work) -> tuple[Agreement, ...]:
        """The records with the mean r of the same network on shuffled bytes, and of scrambled networks on the corpus.

        Parameters
        ----------
        draws : how many shuffles, and scrambled networks, to average over
        """
        shuffled, others = [], []
        for number in range(draws.permutations):
            text = Corpus.from_bytes(draws.shuffled(corpus.data, _SHUFFLED, number))
            shuffled.append(self.correlations(_estimates(self.network, text, work)))
            other = Predictors(scrambled(self.network, draws.generator(_SCRAMBLED, number)), self._occur)
            others.append(other.correlations(_estimates(other.network, corpus, work)))
        means = _mean(shuffled), _mean(others)
        keys = [(row, (row.array, row.estimate, row.weights)) for row in rows]
        return tuple(replace(row, shuffled_r=means[0].get(key), scrambled_r=means[1].get(key)) for row, key in keys)


def scrambled(network: Elman, generator: np.random.Generator) -> Elman:
    """A network with the same numbers in every array, in random places.

    Examples
    --------
    >>> scrambled(Elman.zeros(hidden=2), np.random.default_rng(0))
    Elman(hidden=2, dtype=float32, parameters=1286)
    """
    moved = (generator.permutation(array.ravel()).reshape(array.shape) for array in network.arrays().values())
    return Elman(*moved)


def _estimates(network: Elman, corpus: Corpus, work: Work) -> Estimates:
    first, second = sum_states(network, corpus, work=work)
    return estimate_all(first + second, network)


def _mean(draws: Sequence[Found]) -> dict[tuple[str, str, str], float | None]:
    """Mean of each r over the draws in which it is known; None where it never is."""
    means = {key: mean_of_known(found[key] for found in draws) for key in (draws[0] if draws else ())}
    return {key: None if isnan(mean) else mean for key, mean in means.items()}


def _least_of_largest(weights: Wide) -> float:
    """The least size among the largest 36 % of the weights."""
    sizes = np.sort(np.abs(weights), axis=None)
    return float(sizes[-max(1, share_of(len(sizes), _LARGEST_SHARE, nearest=True))])
