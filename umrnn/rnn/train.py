"""Training by truncated back-propagation through time, one corpus, no batches."""

import hashlib
from dataclasses import dataclass
from typing import Any, final

from umrnn._validate import positive
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Split
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.checkpoint import Saving
from umrnn.rnn.layout import unflatten
from umrnn.rnn.optimise import Optimizer, Recipe
from umrnn.rnn.run import Run
from umrnn.rnn.score import bits_after, bits_per_byte, check_predicts
from umrnn.rnn.start import Start
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


@reads_text
def train(
    corpus: Corpus,
    start: Start = Start(),
    optimizer: Optimizer = Optimizer(),
    *,
    held_out: float = 0.0,
    saving: Saving = Saving(),
    work: Work = Work(),
) -> Training:
    """Train an Elman network to predict each next byte of ``corpus``.

    The corpus is cut into chunks of ``optimizer.bptt`` targets (the last may be shorter). The gradient of the loss
    summed over a chunk is clipped to the norm ``optimizer.clip`` and followed by one step. The state passes from chunk
    to chunk without a gradient and starts at 0 each epoch. Equal arguments give equal bits, interrupted or not.

    Parameters
    ----------
    corpus : at least two bytes; train on a part with ``corpus.slice``
    start : the network to begin with, and which of its weights are trained; default: 128 neurons, seed 42
    optimizer : the steps and how many; default: those of the published model
    held_out : share of the corpus, at its end, that is not trained on but scored afterwards, in [0, 1)
    saving : file to keep the state of training in, and whether to go on from it; default: none
    work : its progress counts the targets done, with the running ``bpc`` and the ``epoch``; one thread trains

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
    >>> result = train(Corpus.from_bytes(b"counting " * 8), Start(hidden=4), Optimizer(epochs=2))
    >>> result.epochs, result.updates
    (2, 4)
    """
    check_predicts(corpus)
    boundary = _boundary(len(corpus), held_out)
    text = corpus.slice(0, boundary)
    network, mask = start.weights()
    held = {} if mask is None else {"kept": hashlib.sha256(mask.data).hexdigest()}
    recipe = Recipe.checked(optimizer, network.hidden, dtype=str(network.dtype), initial=network.sha256, **held)
    run = Run(text, recipe, network, mask, saving)
    run.finish(work.progress, None if optimizer.seconds is None else positive("seconds", optimizer.seconds))
    model, counters = unflatten(run.best, network.hidden), run.counters
    about = {"best_epoch": counters.best_epoch, "earlier_epochs": counters.earlier_epochs}
    settings = recipe.as_dict() | about | {"held_out": held_out, "seconds": optimizer.seconds}
    seed = start.seed if start.network is None else None
    return Training(
        model=model,
        bpc=bits_per_byte(model, text),
        held_out_bpc=bits_after(model, corpus, boundary) if boundary < len(corpus) else None,
        epochs=counters.epoch,
        updates=counters.updates,
        seconds=counters.seconds,
        bytes_per_second=counters.targets / counters.seconds if counters.seconds else None,
        log=tuple((int(row[0]), *row[1:]) for row in counters.log),
        provenance=provenance(text, parameters=settings, seed=seed, threads=1, model=model.facts()),
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
