"""Pruned networks: the one given, run on its text and from nearby states; those trained here, which are scored."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean, median
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.sparse.pruning import Pruning, bits_from, parameters_of
from umrnn.construct.sparse.scaffold import ScaffoldRecipe
from umrnn.construct.study.fit import ModelFit
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.lesson import Lesson
from umrnn.construct.study.row import Row
from umrnn.construct.study.study import Entry, Measured
from umrnn.corpus import Corpus
from umrnn.interpret.knockout import knockout
from umrnn.nulls import Null
from umrnn.parallel import run_jobs
from umrnn.progress import Progress, Work
from umrnn.rnn.weights import Elman

__all__ = ["BELOW", "Given", "Pruned", "pruned_entries", "published_prunings", "run_given"]

_DROPS = (0.05, 0.1, 0.2, 0.36, 0.5, 0.64, 0.8, 1.0)
_NEURONS = (50, 30, 20, 15, 10)
BELOW = 0.01
_NEARBY = 1e-6  # size of the states that nearby runs begin in


@dataclass(frozen=True, eq=False)
class Given:
    """The network that was given, with weights taken away.

    Parameters
    ----------
    model : what is left
    counts : entries of W_x, W_h and W_y that are kept
    runs : losses of runs on the whole text: from the state 0, then from states of size 1e-6
    random_pruning_bpc : mean loss of as many weights taken away at random; None where none are
    held_out_bpc : on the bytes held out; None where they are of the text it is said to be trained on
    """

    model: Elman
    counts: dict[str, int]
    runs: tuple[float, ...]
    random_pruning_bpc: float | None
    held_out_bpc: float | None

    @property
    def parameters(self) -> int:
        """The entries that are kept, and both biases."""
        return parameters_of(self.model, self.counts)


@dataclass(frozen=True, eq=False)
class Pruned:
    """One way of taking weights away.

    Parameters
    ----------
    measured : networks trained here and pruned so
    given : the network that was given, pruned so
    """

    pruning: Pruning
    measured: Measured[ModelFit]
    given: Given

    @property
    def row(self) -> Row:
        """Scores of the networks trained here; ``published_bpc`` is that of the network that was given."""
        return replace(self.measured.row, published_bpc=self.given.runs[0])

    def record(self) -> dict[str, Any]:
        """What is kept of the network that was given, and its losses on the whole text."""
        given = self.given
        return {
            "detail": str(self.pruning),
            **{f"{name}_kept": given.counts[name] for name in ("W_x", "W_h", "W_y")},
            "parameters": given.parameters,
            "nearby_runs": len(given.runs) - 1,
            "published_bpc_min": min(given.runs),
            "published_bpc_median": median(given.runs),
            "published_bpc_max": max(given.runs),
            "random_pruning_bpc": given.random_pruning_bpc,
            "published_held_out_bpc": given.held_out_bpc,
        }


def published_prunings(hidden: int) -> list[Pruning]:
    """The whole network, ever less of W_h, ever fewer neurons read out, W_x without its small entries."""
    return [
        Pruning(),
        *(Pruning(drop=share) for share in _DROPS),
        *(Pruning(neurons=count) for count in _NEURONS if count < hidden),
        Pruning(below=BELOW),
    ]


def pruned_entries(prunings: Sequence[Pruning], recipe: ScaffoldRecipe) -> list[Entry[ModelFit]]:
    """Networks trained by ``recipe``, then pruned; all prunings of a draw are of one network."""
    return [Entry("pruned", str(pruning), partial(_fit, recipe, pruning), draws=recipe.draws) for pruning in prunings]


def _fit(recipe: ScaffoldRecipe, pruning: Pruning, lesson: Lesson) -> ModelFit:
    """A network trained on the lesson, then pruned."""
    dense, text = recipe.dense(lesson), lesson.text()
    trained = cast(Elman, dense.model)
    began = time.perf_counter()
    ranking = np.arange(recipe.hidden)
    if pruning.neurons is not None:
        key = ("ranking", lesson.draw)
        ranking = lesson.once(key, lambda: _ranking(trained, text, lesson.work.silent()))
    model, _ = pruning.applied(trained, ranking)
    seconds = dense.seconds + time.perf_counter() - began
    return ModelFit(model, bits_from(model, text, 1), seconds)


def run_given(
    network: Elman, holdout: Holdout, prunings: Sequence[Pruning], starts: int, null: Null, work: Work = Work()
) -> list[Given]:
    """Prune ``network``, which was trained on the whole text, in every way, and run what is left.

    Parameters
    ----------
    starts : nearby runs of each
    null : how many times as many weights are taken away at random
    """
    text = holdout.whole
    wanted = any(pruning.neurons is not None for pruning in prunings)
    ranking = _ranking(network, text, work.renamed("rank neurons")) if wanted else np.arange(network.hidden)
    before = _NEARBY * np.random.default_rng(null.seed).standard_normal((starts, network.hidden)).astype(network.dtype)

    def run(pruning: Pruning, steps: Progress) -> Given:
        model, counts = pruning.applied(network, ranking)
        steps.start("pruned network", 1 + starts + null.permutations)
        runs = [bits_from(model, text, 1)]
        for state in before:
            runs.append(bits_from(model, text, 1, state))
            steps.advance(1)
        dropped = []
        for number in range(null.permutations if pruning != Pruning() else 0):
            random, _ = pruning.applied(network, ranking, null.generator(number))
            dropped.append(bits_from(random, text, 1))
            steps.advance(1)
        held_out = bits_from(model, holdout.scored, holdout.first) if holdout.once else None
        return Given(model, counts, tuple(runs), fmean(dropped) if dropped else None, held_out)

    jobs = [(1 + starts + null.permutations, partial(run, pruning)) for pruning in prunings]
    return run_jobs(jobs, work, task="pruned networks")


def _ranking(model: Elman, corpus: Corpus, work: Work) -> NDArray[np.int64]:
    """Neurons by what knocking them out costs, the costliest first."""
    rows = knockout(model, corpus, null=Null(0), work=work).rows
    return np.array([row.neuron for row in sorted(rows, key=lambda row: row.cost_rank)])
