"""States of a network for fitting: many stretches of a corpus side by side, each after a warm-up."""

import numpy as np

from umrnn._validate import integer
from umrnn.corpus import Corpus
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels import lanes as kernels
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.layout import parameters
from umrnn.rnn.trace import room_for_states
from umrnn.rnn.weights import Elman

__all__ = ["lane_states"]

_LANES = 32  # of one kernel call
_STRETCH = 4096  # bytes of one lane
_WARM = 64  # bytes before it: a state that forgets has forgotten where it began


def lane_states(model: Elman, corpus: Corpus, *, warm: int = _WARM, work: Work = Work()) -> Floats:
    """States of ``model`` reading ``corpus``, (n, H), in stretches that each begin ``warm`` bytes early from zero.

    Equal to :func:`umrnn.rnn.trace` in the first stretch, and as near elsewhere as the network forgets: what a read-out
    is fitted on, never what it is scored on. What exceeds a gibibyte lies in a temporary file.

    Examples
    --------
    >>> lane_states(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc")).shape
    (3, 2)
    """
    integer("warm", warm, 0)
    length, hidden, kind = len(corpus), model.hidden, model.dtype
    weights = parameters(model)
    turned = np.ascontiguousarray(weights.W_h.T)
    group = _LANES * _STRETCH
    rows, _ = room_for_states(-(-length // _STRETCH) * _STRETCH, model)

    def run(first: int) -> None:
        part = rows[first : first + group].reshape(-1, _STRETCH, hidden)
        starts = first + _STRETCH * np.arange(len(part))
        state, z = np.empty((len(part), hidden), kind), np.empty((len(part), hidden), kind)
        kernels.run_lanes(corpus.data, starts, warm, _STRETCH, weights, turned, state, z, part)

    with one_thread(), pool(work.threads) as executor:
        list(map_ordered(run, range(0, length, group), executor))
    return rows[:length]
