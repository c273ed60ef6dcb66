"""Substituted networks whose read-out is trained afterwards, by gradient steps on the states they have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from umrnn.construct.imitation.replacement import SUBSTITUTIONS, Replacement, Substitutes
from umrnn.construct.imitation.scores import Run, scores
from umrnn.construct.readout.gradient import descend, rates_falling
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.corpus import Corpus
from umrnn.nulls import share_of
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["RETRAINED", "Retraining", "trained_positions"]

_RATE, _FALLS = 0.3, (0.3, 0.6)  # of the published 500 steps: times 0.3 at 150 and at 300
_WORK = 1 << 29  # multiply-adds in a gradient step: 16,384 positions of 128 neurons

# By the end of a headline key: "bpc_hebbian_trained".
RETRAINED: Mapping[str, Replacement] = {
    "hebbian_trained": replace(SUBSTITUTIONS["all"], estimate="hebbian, then W_y trained"),
    "signs_trained": replace(SUBSTITUTIONS["all_signs"], estimate="signs, then W_y trained"),
    "W_y_sign_split_trained": replace(SUBSTITUTIONS["W_y_sign_split"], estimate="sign-split, then trained"),
}


def trained_positions(length: int, hidden: int) -> int:
    """How many states, from the first, a read-out of a stretch of ``length`` bytes is trained on.

    Examples
    --------
    >>> trained_positions(1024, 128), trained_positions(10**6, 128), trained_positions(10**6, 2048)
    (1023, 16384, 1024)
    """
    return max(1, min(length - 1, _WORK // (ALPHABET * hidden)))


@dataclass(frozen=True)
class Retraining:
    """Trains the W_y and b_y of substituted networks on the bytes their estimates are from, and scores them.

    Parameters
    ----------
    boundary : where the second half of the corpus begins
    steps : of the full gradient
    """

    substitutes: Substitutes
    corpus: Corpus
    boundary: int
    steps: int

    def score_all(self, runs: Iterable[Run], work: Work) -> Mapping[Run, tuple[float, float]]:
        """Mean bits per byte of every run, of all bytes and of the second half."""
        listed = list(runs)
        found: dict[Run, tuple[float, float]] = {}
        work.progress.start("read-outs", len(listed), "trainings")
        with pool(work.threads) as executor:
            for run, (whole, late) in zip(listed, map_ordered(self._score, listed, executor)):
                found[run] = whole, late
                work.progress.advance(1)
        work.progress.finish()
        return found

    def _score(self, run: Run) -> Sequence[float]:
        replacement, variant = run
        network = self.trained(self.substitutes.network(replacement, variant), first_half=variant.kind == "first")
        mean: list[float] = scores([network], self.corpus, self.boundary)[0].tolist()
        return mean

    def trained(self, network: Elman, *, first_half: bool) -> Elman:
        """``network`` with its read-out trained on the whole corpus, or on its first half."""
        length = self.boundary if first_half else len(self.corpus)
        if length < 2:  # a first half of one byte has no target
            return network
        positions = trained_positions(length, network.hidden)
        rows = trace(network, self.corpus.slice(0, positions + 1)).states()[:positions]
        start = Linear(network.W_y.astype(np.float64), network.b_y.astype(np.float64))
        problem = Regression(rows, self.corpus.data[1 : positions + 1], start, threads=1)
        rates = list(rates_falling(_RATE, self.steps, [share_of(self.steps, share, nearest=True) for share in _FALLS]))
        found = descend(problem, start, rates).weights.astype(network.dtype)
        return Elman(network.W_x, network.W_h, network.b_h, found.W, found.b)
