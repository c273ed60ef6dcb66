"""Scaffolding: networks with a sparse W_h trained from random weights, beside dense ones."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.sparse.pruning import largest
from umrnn.construct.study.trials import Fit, Shuffle, Trial
from umrnn.corpus import Corpus
from umrnn.progress import Progress
from umrnn.rnn.evaluate import bits_after
from umrnn.rnn.optimise import OPTIMIZERS
from umrnn.rnn.train import train
from umrnn.rnn.weights import Elman

__all__ = ["KINDS", "Scaffold", "scaffold_trials"]

KINDS = ("dense", "trained mask", "random mask", "no W_h")
Scaffold = tuple[str, int, str]
"""Optimiser, epochs, kind of mask."""


def scaffold_trials(
    trained_on: Callable[[Corpus], Elman], share: float, epochs: Sequence[int], *, draws: int, seed: int
) -> dict[Scaffold, Trial]:
    """Networks trained from random weights, by optimiser, epochs and kind of mask.

    Parameters
    ----------
    trained_on : for a text, a network trained on it; ``trained mask`` keeps the largest entries of its W_h
    share : of W_h that is kept, the others are 0 from beginning to end
    draws : of initial weights, and of random masks
    """
    return {
        (optimizer, count, kind): Trial(
            "scaffold",
            f"{optimizer}, {count} epochs, {kind}",
            count,
            draws,
            partial(_trained, trained_on, share, (optimizer, count, kind), seed),
        )
        for optimizer in OPTIMIZERS
        for count in epochs
        for kind in KINDS
    }


def _trained(
    trained_on: Callable[[Corpus], Elman],
    share: float,
    scaffold: Scaffold,
    seed: int,
    text: Corpus,
    draw: int,
    shuffle: Shuffle | None,
    progress: Progress,
) -> Fit:
    optimizer, epochs, kind = scaffold
    network = trained_on(text)
    marks = _marks(network, share, kind, np.random.default_rng((seed, draw)))
    kept = None if marks is None else {"W_h": marks}
    read = text if shuffle is None else Corpus.from_bytes(shuffle(text.data), name=text.name)
    result = train(
        read,
        hidden=network.hidden,
        optimizer=optimizer,
        epochs=epochs,
        seed=seed + draw,
        kept=kept,
        progress=_Epochs(progress, len(text) - 1),
    )
    return Fit(result.model, (), result.bpc, result.seconds, len(text), partial(bits_after, result.model))


def _marks(network: Elman, share: float, kind: str, generator: np.random.Generator) -> NDArray[np.bool_] | None:
    """Which entries of W_h may differ from 0; None for all."""
    marks = largest(network.W_h, share)
    match kind:
        case "trained mask":
            return marks
        case "random mask":
            return generator.permutation(marks.reshape(-1)).reshape(marks.shape)
        case "no W_h":
            return np.zeros_like(marks)
    return None


class _Epochs(Progress):
    """Training counts targets, a trial its epochs."""

    def __init__(self, progress: Progress, targets: int) -> None:
        self._progress, self._targets = progress, targets

    def advance(self, amount: float, **figures: float) -> None:
        """Pass on as a part of an epoch."""
        self._progress.advance(amount / self._targets)
