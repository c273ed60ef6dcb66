"""What flipping one sign does, and where signs go under one byte for ever."""

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.kernels import boolean as kernels
from umrnn.interpret.signs.machine import SignMachine
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.kernels.records import aligned
from umrnn.rnn.score import check_predicts
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["boolean_influence", "cycles", "sampled_indices"]

_SAMPLES = 338  # of 1,024 bytes: 10, 13, …, 1021
_NEURONS = 64  # whose flips are counted in one piece of work


def sampled_indices(length: int) -> range:
    """Indices of at most 338 bytes, evenly spaced, that have a next one.

    Examples
    --------
    >>> sampled_indices(1024), len(sampled_indices(1024))
    (range(10, 1023, 3), 338)
    """
    start = min(10, (length - 1) // 100)
    return range(start, length - 1, max(1, -(-(length - 1 - start) // _SAMPLES)))


@reads_text
def boolean_influence(
    model: Elman, corpus: Corpus, *, machine: SignMachine | None = None, work: Work = Work()
) -> NDArray[np.float64]:
    """Boolean influence: the share of sampled t at which flipping sign j of h_t flips sign i one step on, at [i, j].

    The step is the Boolean one, on the byte x_{t+1}; z moves by -2 (2 sigma_j - 1) W_h[i, j].

    Parameters
    ----------
    corpus : at least two bytes; sampled as :func:`sampled_indices`
    machine : of ``model``, if there is one already

    Returns
    -------
    Array of shape (H, H). Row sums are sensitivities, column sums out-degrees.

    Raises
    ------
    InputError
        If the corpus is a single byte.

    Examples
    --------
    >>> boolean_influence(Elman.zeros(hidden=2), Corpus.from_bytes(b"ab")).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    check_predicts(corpus)
    machine = machine or SignMachine(model)
    sampled = np.array(sampled_indices(len(corpus)))
    packed = []
    for block in trace(model, corpus.slice(0, int(sampled[-1]) + 1)):
        here = sampled[(sampled >= block.start) & (sampled < block.start + len(block.h))] - block.start
        packed.append(machine.pack(block.h[here]))
    states = np.concatenate(packed)
    z = machine.preactivations(states, corpus.data[sampled + 1])
    columns = np.ascontiguousarray(model.W_h.T, np.float64)

    def flipped(first: int) -> NDArray[np.int64]:
        out = np.zeros((min(_NEURONS, machine.hidden - first), machine.hidden), np.int64)
        kernels.influence(states, z, columns[first : first + _NEURONS], first, out)
        return out

    with pool(work.threads) as executor:
        counts = np.concatenate(list(map_ordered(flipped, range(0, machine.hidden, _NEURONS), executor)))
    return counts.T / len(sampled)


def cycles(
    machine: SignMachine, byte: int, *, starts: int, limit: int, seed: int, work: Work = Work()
) -> tuple[list[tuple[int, int]], int]:
    """Where ``starts`` random states go under one byte read again and again.

    Returns
    -------
    Per start the steps before its cycle and the period, (-1, -1) if no state came back in ``limit`` steps; and the
    number of distinct states after ``limit`` steps.
    """
    drawn = np.random.default_rng(seed).integers(0, 2, (starts, machine.hidden)) * 2.0 - 1.0
    before = machine.pack(drawn)
    data = np.full(limit, byte, np.uint8)

    def followed(start: int) -> tuple[tuple[int, int], bytes]:
        history, out = np.empty((limit + 1, machine.words), np.uint64), np.empty(2, np.int64)
        history[0] = before[start]
        kernels.find_cycle(data, machine.table, aligned(machine.hidden, np.int32), history, out)
        transient, period = out.tolist()
        last = limit if period < 0 else transient + (limit - transient) % period
        return (transient, period), history[last].tobytes()

    with pool(work.threads) as executor:
        found = list(map_ordered(followed, range(starts), executor))
    return [cycle for cycle, _ in found], len({final for _, final in found})
