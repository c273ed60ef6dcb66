"""Run: one training run from its first chunk, or from a checkpoint, to its last."""

import math
import time
from functools import cached_property
from typing import Any

import numpy as np

from umrnn._validate import positive
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Progress
from umrnn.rnn.blas import one_thread
from umrnn.rnn.checkpoint import Checkpoint, Counters, Saving, load_checkpoint, save_checkpoint
from umrnn.rnn.fitted import FittedTo
from umrnn.rnn.interrupt import deferred_interrupt
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.layout import flatten, unflatten
from umrnn.rnn.optimise import Machine, Recipe, compile_kernels
from umrnn.rnn.score import bits_per_byte
from umrnn.rnn.weights import Elman

__all__ = ["Run"]

_FIRST_SAVE = 1.0  # second of training after which there is a checkpoint, so that a run killed early can go on
_LOGGED = 40  # rows of the log at most
_IMPROVEMENT = 1e-4  # bits per byte by which the running loss of an epoch must beat the best weights
# The published trainer keeps the weights after the epoch of the lowest running loss. But these networks are chaotic,
# and the last steps of a good epoch can derail one: in 3 of 8 runs from initial weights 1e-6 apart, the weights so
# kept had 0.4 to 1.0 bits per byte. So an epoch that looks good is scored, up to this many targets (two seconds).
_LARGEST_SCORED = 1 << 20


class Run:
    """State of a training run; everything that changes is in ``counters``, ``machine`` and ``best``."""

    def __init__(self, corpus: Corpus, recipe: Recipe, start: Elman, kept: Floats | None, saving: Saving) -> None:
        self.corpus, self.recipe, self.path = corpus, recipe, saving.file()
        self.targets = len(corpus) - 1
        self.machine = Machine(recipe, flatten(start), self.targets, kept)
        self.best: Floats = self.machine.flat.copy()
        self.counters = Counters()
        self._save_every, self._due = positive("checkpoint_seconds", saving.every_seconds), time.monotonic()
        self._logged = set(np.geomspace(1, recipe.epochs, _LOGGED).round().astype(int).tolist())
        if saving.resume:
            self._restore()

    def finish(self, progress: Progress, limit: float | None = None) -> None:
        """Train to the last epoch, or until ``limit`` seconds of training are over.

        Ctrl-C takes effect between kernel calls, and is raised once the state is saved.
        """
        compile_kernels(self.recipe)
        self._due = time.monotonic() + min(_FIRST_SAVE, self._save_every)
        if limit is None:
            progress.start("train", self.recipe.epochs * self.targets, "B")
            progress.advance(self.counters.targets)
        else:
            progress.start("train", limit, "s")
            progress.advance(self.counters.seconds)
        with one_thread(), deferred_interrupt() as deliver_interrupt:
            try:
                while self.counters.epoch < self.recipe.epochs and (limit is None or self.counters.seconds < limit):
                    self._advance(progress, timed=limit is not None)
                    deliver_interrupt()
            except KeyboardInterrupt:
                self._save()
                raise
            self._save()
        if self.counters.position:
            self._keep_if_better(self.counters.nats / self.counters.position / math.log(2))
        progress.finish()

    def _restore(self) -> None:
        """Continue where the checkpoint left off."""
        if self.path is None:
            raise InputError("resume needs a checkpoint to resume from", hint="name the file of the interrupted run")
        arrays = self._arrays()
        found = load_checkpoint(self.path, self.recipe.as_dict(), self.corpus.provenance(), arrays)
        for name, array in arrays.items():
            array[...] = found.arrays[name]
        self.counters = found.counters

    def _advance(self, progress: Progress, *, timed: bool) -> None:
        """Train on the next few chunks; close the epoch where they end it."""
        counters, recipe = self.counters, self.recipe
        first = counters.position
        last = min(first + recipe.chunks_per_call() * recipe.bptt, self.targets)
        began = time.perf_counter()
        nats, norms = self.machine.run(self.corpus.data[first : last + 1], counters.epoch, counters.updates)
        spent = time.perf_counter() - began
        counters.seconds += spent
        if not math.isfinite(nats) or not np.isfinite(self.machine.flat).all():
            raise InputError(
                f"training diverged in epoch {counters.epoch + 1}: the loss is no longer finite",
                hint=f"try a rate below {recipe.rate:g}",
            )
        chunks = -(-(last - first) // recipe.bptt)
        counters.nats += nats
        counters.norms += norms
        counters.updates += chunks
        counters.epoch_updates += chunks
        counters.targets += last - first
        counters.position = last
        bpc, epoch = counters.nats / last / math.log(2), counters.epoch + 1
        if last == self.targets:
            self._close_epoch(bpc)
        if time.monotonic() >= self._due:
            self._save()
        progress.advance(spent if timed else last - first, bpc=bpc, epoch=epoch)

    def _close_epoch(self, bpc: float) -> None:
        counters = self.counters
        if (counters.epoch + 1) in self._logged:
            rate = self.recipe.rate_at(counters.epoch)
            counters.log.append([counters.epoch + 1, bpc, rate, counters.norms / counters.epoch_updates])
        self._keep_if_better(bpc)
        self.machine.work.h[0] = 0
        counters.epoch += 1
        counters.position = counters.epoch_updates = 0
        counters.nats = counters.norms = 0.0

    def _keep_if_better(self, bpc: float) -> None:
        """Keep the weights as they stand, of running loss ``bpc``, if they are better than the best so far."""
        counters = self.counters
        best = math.inf if counters.best_bpc is None else counters.best_bpc
        if bpc < best - _IMPROVEMENT and (score := self._score(bpc)) < best:
            counters.best_bpc, counters.best_epoch = score, counters.epoch + 1
            self.best[:] = self.machine.flat

    def _score(self, running: float) -> float:
        """Loss in bits per byte of the weights as they stand; on a long corpus the running loss must do."""
        if self.targets > _LARGEST_SCORED:
            return running
        return bits_per_byte(unflatten(self.machine.flat, self.recipe.hidden), self.corpus)

    @cached_property
    def _fitted(self) -> dict[str, Any]:
        return FittedTo.of(self.corpus).record()

    def _arrays(self) -> dict[str, Floats]:
        return self.machine.arrays() | {"best": self.best}

    def _save(self) -> None:
        if self.path is not None:
            about = (self.recipe.as_dict(), self.corpus.provenance())
            state = Checkpoint(*about, self.counters, self._arrays(), self._fitted)
            save_checkpoint(self.path, state)
        self._due = time.monotonic() + self._save_every
