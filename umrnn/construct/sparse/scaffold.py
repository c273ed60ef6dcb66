"""Scaffolding: networks with a sparse W_h trained from random weights, beside dense ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.sparse.pruning import largest
from umrnn.construct.study.fit import ModelFit
from umrnn.construct.study.lesson import Lesson
from umrnn.construct.study.study import Entry
from umrnn.rnn.optimise import OPTIMIZERS, Optimizer
from umrnn.rnn.start import Start
from umrnn.rnn.train import train
from umrnn.rnn.weights import Elman

__all__ = ["KINDS", "Scaffold", "ScaffoldRecipe", "scaffold_entries"]

_DENSE = "dense"
KINDS = (_DENSE, "trained mask", "random mask", "no W_h")
_ADAM = "adam"  # trains the network whose weights are taken away
Scaffold = tuple[str, int, str]
"""Optimiser, epochs, kind of mask."""


@dataclass(frozen=True)
class ScaffoldRecipe:
    """How networks are trained from random weights.

    Parameters
    ----------
    hidden : their size
    epochs : passes over the text
    share : of W_h that sparse ones keep, the others are 0 from beginning to end
    draws : of initial weights, and of random masks
    seed : of the first draw
    """

    hidden: int
    epochs: tuple[int, ...]
    share: float
    draws: int
    seed: int

    def dense(self, lesson: Lesson) -> ModelFit:
        """The network whose weights are taken away: all weights, trained with Adam for the most epochs."""
        key = ("dense network", lesson.draw)
        return lesson.once(key, lambda: self._trained(lesson, *self._longest, None))

    def sparse(self, scaffold: Scaffold, pattern: Elman | None, lesson: Lesson) -> ModelFit:
        """A network of one kind; its mask is of the largest entries of W_h of ``pattern`` (None: of the dense one).

        The dense one is of the first draw and fitted to the lesson too, so a mask knows no more than that.
        """
        optimizer, epochs, kind = scaffold
        if kind == _DENSE:
            shared = (optimizer, epochs) == self._longest
            return self.dense(lesson) if shared else self._trained(lesson, optimizer, epochs, None)
        W_h = (pattern or cast(Elman, self.dense(lesson.drawn(0)).model)).W_h
        generator = np.random.default_rng((self.seed, lesson.draw))
        return self._trained(lesson, optimizer, epochs, _marks(W_h, self.share, kind, generator))

    @property
    def _longest(self) -> tuple[str, int]:
        return _ADAM, max(self.epochs)

    def _trained(self, lesson: Lesson, optimizer: str, epochs: int, marks: NDArray[np.bool_] | None) -> ModelFit:
        result = train(
            lesson.text(),
            Start(self.hidden, self.seed + lesson.draw, kept=None if marks is None else {"W_h": marks}),
            Optimizer(optimizer, epochs),
            work=lesson.work,
        )
        return ModelFit(result.model, result.bpc, result.seconds)


def scaffold_entries(recipe: ScaffoldRecipe, given: Elman) -> Mapping[Scaffold, Entry[ModelFit]]:
    """Networks trained from random weights, by optimiser, epochs and kind of mask.

    Parameters
    ----------
    given : trained on the whole text; where networks are trained on that, the mask is of its W_h
    """
    return {
        scaffold: _entry(recipe, given, scaffold)
        for scaffold in (
            (optimizer, count, kind) for optimizer in OPTIMIZERS for count in recipe.epochs for kind in KINDS
        )
    }


def _entry(recipe: ScaffoldRecipe, given: Elman, scaffold: Scaffold) -> Entry[ModelFit]:
    optimizer, count, kind = scaffold
    fit = partial(recipe.sparse, scaffold, None)
    published = partial(recipe.sparse, scaffold, given) if kind in ("trained mask", "random mask") else fit
    detail = f"{optimizer}, {count} epochs, {kind}"
    return Entry("scaffold", detail, fit, published, draws=recipe.draws, steps=count)


def _marks(
    W_h: NDArray[np.floating[Any]], share: float, kind: str, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Which entries of W_h may differ from 0."""
    marks = largest(W_h, share)
    match kind:
        case "trained mask":
            return marks
        case "random mask":
            return generator.permutation(marks.reshape(-1)).reshape(marks.shape)
    return np.zeros_like(marks)
