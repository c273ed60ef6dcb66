"""Scores of many networks that differ in a few arrays: one run of the states serves all its read-outs."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.imitation.replacement import Replacement, Substitutes, Variant
from umrnn.corpus import Corpus
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["Run", "score_all", "scores"]

Wide = NDArray[np.float64]
Run = tuple[Replacement, Variant]

_TOGETHER = 8  # read-outs of one run, whose weights are held together


def scores(models: Sequence[Elman], corpus: Corpus, boundary: int) -> Wide:
    """Mean bits per byte of networks that share their dynamics, (R, 2): of all bytes, of those from ``boundary`` on."""
    read_outs = [OutputLayer(model) for model in models[1:]]
    totals = np.zeros((len(models), 2))
    for block in trace(models[0], corpus):
        targets = corpus.data[block.start + 1 : block.start + 1 + len(block.bits)]
        late = max(0, boundary - 1 - block.start)
        for total, bits in zip(totals, (block.bits, *(one.bits(block.h, targets) for one in read_outs))):
            total += bits.sum(), bits[late:].sum()
    mean: Wide = totals / (len(corpus) - 1, len(corpus) - boundary)
    return mean


def score_all(
    substitutes: Substitutes, corpus: Corpus, runs: Iterable[Run], boundary: int, work: Work
) -> Mapping[Run, tuple[float, float]]:
    """Both means of every run; those that differ in the read-out alone are made in one pass."""
    groups: dict[object, list[Run]] = {}
    for run in dict.fromkeys(runs):
        replacement, variant = run
        dynamics = replacement.dynamics
        groups.setdefault((dynamics, replacement.kept, variant) if dynamics else (), []).append(run)
    pieces = [group[i : i + _TOGETHER] for group in groups.values() for i in range(0, len(group), _TOGETHER)]
    found: dict[Run, tuple[float, float]] = {}
    work.progress.start("substituted networks", len(pieces) * len(corpus), "B")

    def scored(piece: list[Run]) -> list[list[float]]:
        rows: list[list[float]] = scores([substitutes.network(*run) for run in piece], corpus, boundary).tolist()
        return rows

    with pool(work.threads) as executor:
        for piece, rows in zip(pieces, map_ordered(scored, pieces, executor)):
            found.update({run: (whole, late) for run, (whole, late) in zip(piece, rows)})
            work.progress.advance(len(corpus))
    work.progress.finish()
    return found
