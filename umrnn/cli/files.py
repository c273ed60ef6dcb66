"""The files of a training run: the network it writes, and the checkpoint it can be resumed from."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from umrnn.errors import InputError

if TYPE_CHECKING:
    from umrnn.corpus import Corpus
    from umrnn.rnn import Training

__all__ = ["TrainingFiles", "training_files"]


@dataclass(frozen=True)
class TrainingFiles:
    """Where the network and the checkpoint go; None is nowhere. ``passing`` checkpoints are removed at the end."""

    model: Path | None
    checkpoint: Path | None
    passing: bool

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Let Ctrl-C say how to resume."""
        try:
            yield
        except KeyboardInterrupt:
            if self.checkpoint is None:
                raise KeyboardInterrupt("nothing is kept without --output or --checkpoint") from None
            if not self.checkpoint.exists():  # kernels were still being compiled
                raise KeyboardInterrupt("nothing was trained yet") from None
            raise KeyboardInterrupt(
                f"training is kept in {self.checkpoint}; continue with the same command and --resume"
            ) from None

    def save(self, training: "Training", corpus: "Corpus") -> None:
        """Write the network trained on the beginning of ``corpus``; a checkpoint that nobody asked for is removed."""
        if self.model is None:
            return
        from umrnn.rnn import save
        from umrnn.rnn.fitted import model_metadata

        text = corpus.slice(0, training.provenance["corpus"]["stop"] - corpus.start)
        save(
            training.model, self.model, metadata=model_metadata("train", training.provenance, [text], bpc=training.bpc)
        )
        if self.passing and self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)


@contextmanager
def training_files(
    output: str | None, checkpoint: str | None, *, resume: bool, keep: Mapping[str, str | None]
) -> Iterator[TrainingFiles]:
    """Check, before the work, that both files can be written and that nothing is overwritten by mistake.

    Nobody else trains into either while the ``with`` block lasts. ``keep`` names files that neither may be, as in
    :func:`umrnn._files.writable_file`.

    Raises
    ------
    InputError
        If a file cannot be written, another run writes it, its suffix names no format, or a checkpoint is there but is
        not resumed.
    MissingExtra
        If the format of the network needs a library that is not installed.
    """
    from umrnn._locks import locked
    from umrnn._validate import writable_file
    from umrnn.rnn.formats import format_of, need_library

    model = writable_file(output, keep=keep) if output else None
    if output:
        need_library(format_of(output))
    state = checkpoint or (f"{output}.checkpoint" if output else None)
    path = writable_file(state, "checkpoint", keep={**keep, "the output": output}) if state else None
    if path is None and resume:
        raise InputError("--resume needs the checkpoint to resume from", hint="name it with --checkpoint or --output")
    if path is None:
        sys.stderr.write("note: without --output the network is not kept\n")
    with locked(model, path):
        if path is not None and path.exists() and not resume:
            raise InputError(
                f"there is already a checkpoint {path}", hint="continue it with --resume, or remove it to start over"
            )
        yield TrainingFiles(model, path, passing=checkpoint is None)
