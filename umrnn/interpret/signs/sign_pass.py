"""One pass of a network over a corpus beside its Boolean automaton: margins, agreement, bits, predictions."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.interpret.kernels import boolean as kernels
from umrnn.interpret.signs.machine import SignMachine, Words, hashes
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Bytes, Floats
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.trace import Block, trace

__all__ = ["Counterexample", "SignPass", "Ternary", "null_bits"]

CONTEXT = 16  # bytes shown before a counterexample
EXAMPLES = 5  # of either kind


@dataclass(frozen=True)
class Counterexample:
    """A step where the automaton is wrong: the byte read last stands at ``position``; both then predict."""

    position: int
    context: bytes
    next: bytes
    network: bytes
    automaton: bytes
    differing_neurons: int


class SignPass:
    """Everything that one pass over the corpus measures, summed block by block; one object serves one thread.

    From every state h_t the automaton takes one step from the signs of h_t (``predicted``); beside that it runs freely
    from h_{-1} = 0 (``free``) and from all signs -1 (``minus``). What is compared at t + 1 is the sign vector and the
    likeliest next byte, the network's from h_{t+1}, the automaton's from the signs read out as ±1.

    Parameters
    ----------
    machine : the automaton of the network
    corpus : at least two bytes; kept per position are three hashes of 8 bytes, nothing else
    """

    def __init__(self, machine: SignMachine, corpus: Corpus) -> None:
        hidden, length = machine.hidden, len(corpus)
        self.machine, self.corpus, self.read_out = machine, corpus, OutputLayer(machine.model)
        self.steps = length - 1
        self.margin, self.above_1, self.below_1, self.below_tenth = (np.zeros(hidden) for _ in range(4))
        self.flips, self.wrong = np.zeros(hidden, np.int64), np.zeros(hidden, np.int64)
        self.on, self.predicted_on = np.zeros(hidden), np.zeros(hidden)
        self.tops, self.predicted_tops = np.zeros(256), np.zeros(256)
        self.exact = self.same_top = self.both = self.free_exact = self.free_same_top = 0
        self.bits = {"float": 0.0, "sign_readout": 0.0, "sign_dynamics": 0.0, "sign_dynamics_all_minus": 0.0}
        self.states, self.free_states, self.predicted_states = (np.empty(length, np.uint64) for _ in range(3))
        self.examples: dict[str, list[Counterexample]] = {"state": [], "byte": []}

    def run(self, work: Work = Work()) -> "SignPass":
        """Read the whole corpus."""
        work.progress.start("boolean automaton", self.steps, "B")
        before = free = np.empty((0, self.machine.words), np.uint64)
        minus = np.zeros((1, self.machine.words), np.uint64)
        for block in trace(self.machine.model, self.corpus):
            data = self.corpus.data[block.start : block.start + len(block.h)]
            words = self.machine.pack(block.h)
            free = self.machine.run(free[-1], data) if block.start else self.machine.run_from_zero(data)
            minus = self.machine.run(minus[-1], data)
            self._margins(block)
            self._bits(block, words, free, minus)
            self._compare(block, before, words, free)
            before = words[-1:]
            work.progress.advance(len(block.bits), bpc=self.bits["float"] / (block.start + len(block.bits)))
        work.progress.finish()
        return self

    def _margins(self, block: Block) -> None:
        size = np.abs(block.z)
        self.margin += size.sum(axis=0, dtype=np.float64)
        self.above_1 += np.count_nonzero(size > 1, axis=0)
        self.below_1 += np.count_nonzero(size < 1, axis=0)
        self.below_tenth += np.count_nonzero(size < 0.1, axis=0)

    def _bits(self, block: Block, words: Words, free: Words, minus: Words) -> None:
        targets = self.corpus.data[block.start + 1 : block.start + 1 + len(block.bits)]
        self.bits["float"] += float(block.bits.sum())
        for name, signs in (("sign_readout", words), ("sign_dynamics", free), ("sign_dynamics_all_minus", minus)):
            self.bits[name] += float(self.read_out.bits(self.machine.unpack(signs), targets).sum())
        here = slice(block.start, block.start + len(words))
        self.states[here], self.free_states[here] = hashes(words), hashes(free)

    def _compare(self, block: Block, before: Words, words: Words, free: Words) -> None:
        """Compare the rows of the block that have a state before them: all but the very first."""
        skip = 0 if block.start else 1
        data = self.corpus.data[block.start + skip : block.start + len(words)]
        earlier, later = np.concatenate([before, words[:-1]]), words[skip:]
        predicted, apart = self.machine.step(earlier, data), np.empty(len(later), np.int64)
        predict = slice(0, max(0, len(block.bits) - skip))  # flips are those of the states that predict a byte
        kernels.count_differences(earlier[predict], later[predict], apart[predict], self.flips)
        kernels.count_differences(free[skip:], later, apart, np.zeros_like(self.flips))
        network = self.read_out.top_bytes(block.h[skip:])
        self.free_exact += int(np.count_nonzero(apart == 0))
        freely = self.read_out.top_bytes(self.machine.unpack(free[skip:]))
        self.free_same_top += int(np.count_nonzero(freely == network))
        kernels.count_differences(predicted, later, apart, self.wrong)
        self.predicted_states[block.start + skip : block.start + len(words)] = hashes(predicted)
        self._tally(predicted, later, network, apart, block.start + skip)

    def _tally(self, predicted: Words, later: Words, network: Bytes, apart: NDArray[np.int64], start: int) -> None:
        unpacked = self.machine.unpack(predicted)
        automaton = self.read_out.top_bytes(unpacked)
        self.predicted_on += np.count_nonzero(unpacked > 0, axis=0)
        self.on += np.count_nonzero(self.machine.unpack(later) > 0, axis=0)
        self.tops += np.bincount(network, minlength=256)
        self.predicted_tops += np.bincount(automaton, minlength=256)
        exact, same = apart == 0, automaton == network
        self.exact += int(exact.sum())
        self.same_top += int(same.sum())
        self.both += int((exact & same).sum())
        for kind, wrong in (("state", ~exact), ("byte", ~same)):
            for row in np.flatnonzero(wrong)[: EXAMPLES - len(self.examples[kind])].tolist():
                self.examples[kind].append(self._example(start + row, network[row], automaton[row], int(apart[row])))

    def _example(self, t: int, network: Any, automaton: Any, differing: int) -> Counterexample:
        data = self.corpus.data
        return Counterexample(
            position=self.corpus.start + t,
            context=data[max(0, t + 1 - CONTEXT) : t + 1].tobytes(),
            next=data[t + 1 : t + 2].tobytes(),
            network=bytes([int(network)]),
            automaton=bytes([int(automaton)]),
            differing_neurons=differing,
        )

    def chance_agreement(self) -> float:
        """Mean sign agreement if the predictions were compared in random order: the mean over all shuffles, exactly."""
        p, q = self.on / self.steps, self.predicted_on / self.steps
        return float(np.mean(p * q + (1 - p) * (1 - q)))

    def chance_top_byte(self) -> float:
        """The same of the likeliest next byte."""
        return float(self.tops @ self.predicted_tops) / self.steps**2

    def chance_state(self) -> float:
        """The same of whole sign vectors, which are told apart by their hashes."""
        actual, times = np.unique(self.states[1:], return_counts=True)
        predicted, predicted_times = np.unique(self.predicted_states[1:], return_counts=True)
        _, a, b = np.intersect1d(actual, predicted, assume_unique=True, return_indices=True)
        return float(times[a].astype(np.float64) @ predicted_times[b]) / self.steps**2


class Ternary:
    """States of three values, -1, 0 and +1: 0 where |h| < ``dead``, in the read-out and in the dynamics.

    Parameters
    ----------
    machine : of the network
    dead : half the width of the dead zone, in [0, 1); 0 is the sign
    """

    def __init__(self, machine: SignMachine, dead: float) -> None:
        self.machine, self.dead = machine, dead
        self.columns = np.ascontiguousarray(machine.model.W_h.T, np.float64)

    def read(self, h: Floats) -> Floats:
        """The three values of states h (m, H), in the dtype of the model."""
        signs = np.where(h >= 0, 1, -1) * (np.abs(h) >= self.dead)
        return signs.astype(self.machine.model.dtype)

    def run(self, before: NDArray[np.float64], data: Bytes) -> NDArray[np.float64]:
        """The states after each byte of ``data`` from ``before`` (H,), shape (m, H)."""
        states = np.empty((len(data) + 1, self.machine.hidden))
        states[0] = before
        kernels.run_ternary(data, self.machine.table, self.columns, math.atanh(self.dead), states)
        return states[1:]

    def bits(self, corpus: Corpus, work: Work = Work()) -> tuple[float, float]:
        """Bits per byte from the network's own states in three values, and of the dynamics on them, h_{-1} = 0."""
        read_out, readout, dynamics = OutputLayer(self.machine.model), 0.0, 0.0
        state = np.zeros(self.machine.hidden)
        work.progress.start("ternary automaton", len(corpus) - 1, "B")
        for block in trace(self.machine.model, corpus):
            targets = corpus.data[block.start + 1 : block.start + 1 + len(block.bits)]
            states = self.run(state, corpus.data[block.start : block.start + len(block.h)])
            state = states[-1]
            readout += float(read_out.bits(self.read(block.h), targets).sum())
            dynamics += float(read_out.bits(states, targets).sum())
            work.progress.advance(len(block.bits))
        work.progress.finish()
        return readout / (len(corpus) - 1), dynamics / (len(corpus) - 1)


def null_bits(machine: SignMachine, corpus: Corpus) -> NDArray[np.float64]:
    """Bits per byte of the float network, of its sign read-out and of the sign dynamics from h_{-1} = 0, shape (3,)."""
    read_out, totals, free = OutputLayer(machine.model), np.zeros(3), np.empty((0, machine.words), np.uint64)
    for block in trace(machine.model, corpus):
        data = corpus.data[block.start : block.start + len(block.h)]
        targets = corpus.data[block.start + 1 : block.start + 1 + len(block.bits)]
        free = machine.run(free[-1], data) if block.start else machine.run_from_zero(data)
        totals[0] += block.bits.sum()
        totals[1] += read_out.bits(machine.unpack(machine.pack(block.h)), targets).sum()
        totals[2] += read_out.bits(machine.unpack(free), targets).sum()
    mean: NDArray[np.float64] = totals / (len(corpus) - 1)
    return mean
