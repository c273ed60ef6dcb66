"""Training by truncated back-propagation through time, one corpus, no batches."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from umrnn._validate import positive, writable_file
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Split
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.rnn.evaluate import bits_after, bits_per_byte, check_predicts
from umrnn.rnn.initial import initial as draw_initial
from umrnn.rnn.layout import flatten, flatten_kept, unflatten
from umrnn.rnn.optimise import Recipe
from umrnn.rnn.run import Run
from umrnn.rnn.weights import Elman

__all__ = ["Training", "train"]

_COLUMNS = ("epoch", "bpc", "rate", "gradient_norm")


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Training(Result):
    """A trained network and how it was trained.

    Parameters
    ----------
    model : the best weights at the end of any epoch: of lowest loss, on a long corpus of lowest running loss
    bpc : loss of ``model`` on the corpus it was trained on: in-sample, bits per byte
    epochs, updates : whole passes over the corpus, and steps of the optimiser
    seconds : spent training, over all resumed runs; compilation and evaluation are left out
    bytes_per_second : targets per training second; None where the clock saw no time pass
    held_out_bpc : loss of ``model`` on the end of the corpus that was not trained on; None where all of it was
    log : rows of epoch, running loss in bits per byte, learning rate, mean gradient norm before clipping
    """

    model: Elman
    bpc: float
    epochs: int
    updates: int
    seconds: float
    bytes_per_second: float | None
    held_out_bpc: float | None
    log: tuple[tuple[Any, ...], ...]

    def headline(self) -> dict[str, Any]:
        """Loss in-sample and held out, work and speed."""
        return {
            "bpc": self.bpc,
            "held_out_bpc": self.held_out_bpc,
            "epochs": self.epochs,
            "updates": self.updates,
            "seconds": self.seconds,
            "bytes_per_second": self.bytes_per_second,
        }

    def tables(self) -> dict[str, Table]:
        """``epochs``: up to 40 of them, logarithmically spaced."""
        return {"epochs": Table(_COLUMNS, self.log)}


def train(
    corpus: Corpus,
    *,
    hidden: int = 128,
    optimizer: str = "sgd",
    epochs: int | None = None,
    seconds: float | None = None,
    rate: float | None = None,
    bptt: int = 50,
    clip: float = 5.0,
    seed: int = 42,
    dtype: Any = np.float32,
    initial: Elman | None = None,
    kept: Mapping[str, ArrayLike] | None = None,
    held_out: float = 0.0,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 10.0,
    progress: Progress = SILENT,
) -> Training:
    """Train an Elman network to predict each next byte of ``corpus``.

    The corpus is cut into chunks of ``bptt`` targets (the last may be shorter). The gradient of the loss summed over
    a chunk is clipped to the norm ``clip`` and followed by one step. The state passes from chunk to chunk without a
    gradient and starts at 0 each epoch. Equal arguments give equal bits, on any number of threads, interrupted or not.

    Parameters
    ----------
    corpus : at least two bytes; train on a part with ``corpus.slice``
    hidden : H, neurons, in [1, 2048]
    optimizer : ``sgd``, the recipe of the published model (rate falling from 0.01 along a cosine, 4,000 epochs),
        or ``adam`` (rate 0.001, 400 epochs)
    epochs, rate : instead of the optimiser's own
    seconds : of training after which it ends, in the middle of an epoch if need be; those of resumed runs add up. How
        far it comes in that time, and so the weights, depend on the machine
    bptt : targets per chunk, in [1, 4096]
    clip : largest gradient norm
    seed : of the initial weights, see :func:`umrnn.rnn.initial.initial`
    dtype : float32, or float64 for checks
    initial : network to start from, in place of ``hidden`` and ``seed``
    kept : which weights are trained, 0 or 1 in the shape of the array, by its name; the others are 0 from beginning to
        end. Arrays that are not named are trained whole
    held_out : share of the corpus, at its end, that is not trained on but scored afterwards, in [0, 1)
    checkpoint : file to keep the state of training in: after a second, then every ``checkpoint_seconds``, on
        interruption, at the end
    resume : continue from ``checkpoint``, which must be of the same corpus and recipe but for the number of epochs:
        a finished run is made longer. With Adam that gives the bits of the longer run; the rate of SGD falls along the
        cosine of all epochs, and goes on as that of the longer run would stand. ``earlier_epochs`` of the provenance
        are those the run was to have before
    progress : told the targets done, with the running ``bpc`` and the ``epoch``

    Raises
    ------
    InputError
        If an argument is out of range, the corpus has nothing to predict, or the loss is no longer finite.
    ModelError
        If the checkpoint to resume from is missing, damaged or of another run.
    KeyboardInterrupt
        On Ctrl-C, after the checkpoint is written.

    Examples
    --------
    >>> result = train(Corpus.from_bytes(b"counting " * 8), hidden=4, epochs=2)
    >>> result.epochs, result.updates
    (2, 4)
    """
    check_predicts(corpus)
    boundary = _boundary(len(corpus), held_out)
    text = corpus.slice(0, boundary)
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise InputError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    start = (draw_initial(hidden, seed) if initial is None else initial).astype(dtype)
    mask = None if kept is None else flatten_kept(kept, start)
    if mask is not None:
        start = unflatten(flatten(start) * mask, start.hidden)
    held = {} if mask is None else {"kept": hashlib.sha256(mask.data).hexdigest()}
    recipe = Recipe.checked(
        optimizer, start.hidden, epochs, rate, bptt, clip, dtype=str(start.dtype), initial=start.sha256, **held
    )
    path = None if checkpoint is None else writable_file(checkpoint, "checkpoint")
    if resume and path is None:
        raise InputError("resume needs a checkpoint to resume from", hint="name the file of the interrupted run")
    run = Run(text, recipe, start, mask, path, positive("checkpoint_seconds", checkpoint_seconds))
    if resume:
        run.restore()
    run.finish(progress, None if seconds is None else positive("seconds", seconds))
    model, counters = unflatten(run.best, start.hidden), run.counters
    return Training(
        model=model,
        bpc=bits_per_byte(model, text),
        held_out_bpc=bits_after(model, corpus, boundary) if boundary < len(corpus) else None,
        epochs=counters.epoch,
        updates=counters.updates,
        seconds=counters.seconds,
        bytes_per_second=counters.targets / counters.seconds if counters.seconds else None,
        log=tuple((int(row[0]), *row[1:]) for row in counters.log),
        provenance=provenance(
            text,
            parameters=recipe.as_dict()
            | {
                "best_epoch": counters.best_epoch,
                "earlier_epochs": counters.earlier_epochs,
                "held_out": held_out,
                "seconds": seconds,
            },
            seed=seed if initial is None else None,
            threads=1,
            model=model.facts(),
        ),
    )


def _boundary(length: int, held_out: float) -> int:
    """Where the share ``held_out`` at the end begins: where a :class:`Split` that counts the rest has it."""
    if not 0 <= held_out < 1:
        raise InputError(f"held_out must be at least 0 and below 1, got {held_out}")
    boundary = Split.holding_out(held_out).boundary(length) if held_out else length
    if boundary < 2:
        raise InputError(
            f"held_out must leave at least two bytes to train on, got {held_out} of {length} bytes, which leaves "
            f"{boundary}"
        )
    return boundary
