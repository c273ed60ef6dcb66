"""Bits per byte of a network whose states are replaced by what a map says of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from umrnn.interpret.factors.cells import CellMeans
from umrnn.interpret.factors.pair_search import PairSearch
from umrnn.progress import Work
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.weights import Elman

__all__ = ["ReplayedBits", "replayed_bpc"]

_BLOCK = 4096  # positions


class ReplayedBits(NamedTuple):
    """Mean bits per byte over the same positions; NaN where there is none."""

    bpc: float
    bpc_from_map: float


def replayed_bpc(
    model: Elman, search: PairSearch, maps: Sequence[CellMeans], begin: int = 0, *, work: Work = Work()
) -> ReplayedBits:
    """Score W_y ĥ + b_y, where ĥ_j is the mean of neuron j's cell, beside W_y h + b_y.

    Parameters
    ----------
    maps : one per neuron, in their order
    begin : positions of the search to leave out: where to begin to score a map that was counted on those before
    """
    read_out, data, rows = OutputLayer(model), search.data, search.states.rows
    count = search.stop - search.first - 1 if search.stop == len(data) else search.stop - search.first
    total = np.zeros(2)
    work.progress.start("read the map out", max(0, count - begin), "B")
    for start in range(begin, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        predicted = np.empty((stop - start, len(maps)), model.dtype)
        labels = {id(own.grouping): own.grouping.labels(start, stop) for own in maps}
        for j, own in enumerate(maps):
            predicted[:, j] = own.means[labels[id(own.grouping)]] + own.mean
        here = slice(search.first + start, search.first + stop)
        targets = data[here.start + 1 : here.stop + 1]
        total += read_out.bits(rows[here], targets).sum(), read_out.bits(predicted, targets).sum()
        work.progress.advance(stop - start)
    work.progress.finish()
    means = total / (count - begin) if count > begin else np.full(2, np.nan)
    return ReplayedBits(float(means[0]), float(means[1]))
