"""Networks whose state is written from the bytes of a lesson, and whose read-out is fitted to its targets."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from umrnn.construct.readout.features import StateFeatures
from umrnn.construct.readout.regression import Linear
from umrnn.construct.study import Lesson
from umrnn.corpus import Corpus
from umrnn.progress import Work
from umrnn.rnn.score import bits_after, bits_per_byte
from umrnn.rnn.weights import Elman

__all__ = ["StateFit", "StateReadout", "WrittenState"]


@dataclass(frozen=True, eq=False)
class WrittenState:
    """What carries the state.

    Parameters
    ----------
    carrier : a network, its own read-out ignored
    start : where the fit of the read-out begins; default: at the shares of the bytes
    detail : what a table says of it
    found : how it was written
    """

    carrier: Elman
    start: Linear | None
    detail: str
    found: Any


@dataclass(frozen=True, eq=False)
class StateFit:
    """A network with a written state; a fit as :class:`umrnn.construct.study.Fit` has it."""

    model: Elman
    bpc: float
    seconds: float
    written: WrittenState

    @property
    def detail(self) -> str:
        """What a table says of it."""
        return self.written.detail

    def bits(self, corpus: Corpus, first: int) -> float:
        """Mean loss in bits on the bytes of ``corpus`` from index ``first`` on."""
        return bits_after(self.model, corpus, first)


class StateReadout:
    """Fits a network to a lesson: what carries the state is written from its bytes, once, the read-out to its targets.

    So a lesson with shuffled targets has the state of the text, and a read-out that nothing can help.

    Parameters
    ----------
    write : writes what carries the state
    passes : of the read-out over a long text
    seed : of the order in which it reads
    """

    def __init__(self, write: Callable[[Corpus, Work], WrittenState], *, passes: int = 2, seed: int = 0) -> None:
        self._write, self._passes, self._seed = write, passes, seed
        self._lock = threading.Lock()
        self._made: tuple[Corpus, WrittenState, StateFeatures] | None = None

    def __call__(self, lesson: Lesson) -> StateFit:
        """The network; its loss is that of its run, or on shuffled targets that of the read-out."""
        began = time.perf_counter()
        written, states = self._states(lesson)
        features = states.given(lesson.work)
        if lesson.order is not None:
            weights = features.read_out(passes=self._passes, targets=lesson.targets, seed=self._seed)
            bpc, model = features.bits(weights, lesson.targets), features.network(weights)
            return StateFit(model, bpc, time.perf_counter() - began, written)
        model = features.network(features.read_out(written.start, passes=self._passes, seed=self._seed))
        seconds = time.perf_counter() - began
        return StateFit(model, bits_per_byte(model, lesson.corpus), seconds, written)

    def _states(self, lesson: Lesson) -> tuple[WrittenState, StateFeatures]:
        """What carries the state, and its states: they may take gigabytes, so those of the last text alone are kept."""
        with self._lock:
            if self._made is None or self._made[0] is not lesson.corpus:
                self._made = None
                written = self._write(lesson.corpus, lesson.work)
                self._made = lesson.corpus, written, StateFeatures(written.carrier, lesson.corpus, work=lesson.work)
            return self._made[1:]
