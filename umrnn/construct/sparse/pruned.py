"""Pruned networks run: on the text, from nearby states, with weights dropped at random, and on bytes held out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.sparse.pruning import Pruning, bits_from, parameters_of
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row
from umrnn.corpus import Corpus
from umrnn.interpret.knockout import knockout
from umrnn.nulls import Null
from umrnn.parallel import run_jobs
from umrnn.progress import SILENT, Progress, Renamed, Work
from umrnn.rnn.weights import Elman

__all__ = ["BELOW", "Pruned", "published_prunings", "run_pruned"]

_DROPS = (0.05, 0.1, 0.2, 0.36, 0.5, 0.64, 0.8, 1.0)
_NEURONS = (50, 30, 20, 15, 10)
BELOW = 0.01
_NEARBY = 1e-6  # size of the states that nearby runs begin in


@dataclass(frozen=True, eq=False)
class Pruned:
    """A network with weights taken away.

    Parameters
    ----------
    model : what is left
    counts : entries of W_x, W_h and W_y that are kept
    parameters : these and both biases
    runs : losses of runs on the text: from the state 0, then from states of size 1e-6
    """

    pruning: Pruning
    row: Row
    model: Elman
    counts: dict[str, int]
    parameters: int
    runs: tuple[float, ...]


def published_prunings(hidden: int) -> list[Pruning]:
    """The whole network, ever less of W_h, ever fewer neurons read out, W_x without its small entries."""
    return [
        Pruning(),
        *(Pruning(drop=share) for share in _DROPS),
        *(Pruning(neurons=count) for count in _NEURONS if count < hidden),
        Pruning(below=BELOW),
    ]


def run_pruned(
    network: Elman,
    other: Elman,
    parts: Holdout,
    prunings: Sequence[Pruning],
    *,
    starts: int,
    null: Null,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> tuple[Pruned, ...]:
    """Prune ``network`` in every way and run it; held out, prune ``other``, which knows the counted part alone."""
    rank = partial(_ranking, threads=threads, progress=Renamed(progress, "rank neurons"))
    wanted = any(pruning.neurons is not None for pruning in prunings)
    ranking = rank(network, parts.whole) if wanted else np.arange(network.hidden)
    counted = ranking if parts.once or not wanted else rank(other, parts.counted)

    def run(pruning: Pruning, steps: Progress) -> Pruned:
        began = time.perf_counter()
        model, counts = pruning.applied(network, ranking)
        seconds = time.perf_counter() - began
        generator = np.random.default_rng(null.seed)
        before = _NEARBY * generator.standard_normal((starts, network.hidden)).astype(network.dtype)
        runs = [bits_from(model, parts.whole, 1)]
        for state in before:
            runs.append(bits_from(model, parts.whole, 1, state))
            steps.advance(1)
        dropped = []
        for number in range(null.permutations if pruning != Pruning() else 0):
            random, _ = pruning.applied(network, ranking, null.generator(number))
            dropped.append(bits_from(random, parts.whole, 1))
            steps.advance(1)
        held_out = bits_from(pruning.applied(other, counted)[0], parts.scored, parts.first)
        null_bpc = fmean(dropped) if dropped else None
        read = len(parts.whole) if pruning.neurons is not None else 0
        row = Row("pruned", str(pruning), runs[0], held_out, null_bpc, seconds, read)
        return Pruned(pruning, row, model, counts, parameters_of(model, counts), tuple(runs))

    jobs = [(starts + null.permutations, partial(run, pruning)) for pruning in prunings]
    return tuple(run_jobs(jobs, Work(threads, progress), task="pruned networks"))


def _ranking(model: Elman, corpus: Corpus, *, threads: int | None, progress: Progress) -> NDArray[np.int64]:
    """Neurons by what knocking them out costs, the costliest first."""
    rows = knockout(model, corpus, null=Null(0), threads=threads, progress=progress).rows
    return np.array([row.neuron for row in sorted(rows, key=lambda row: row.rank)])
