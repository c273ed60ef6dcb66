"""The networks that constructions write: checked before the work, saved with what they were made from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from umrnn.corpus import Corpus
    from umrnn.result import Result
    from umrnn.rnn import Elman, Readout
    from umrnn.rnn.fitted import FittedTo

__all__ = ["save_network", "writable_network"]


def writable_network(output: str | None, read: dict[str, str | None], *, stateless: bool = False) -> None:
    """Check, before the work, that a network can be written at ``output`` and is none of the files that are read.

    What has no state, a read-out of bytes at fixed offsets, goes into npz files alone.
    """
    if output is None:
        return
    from umrnn._validate import writable_file
    from umrnn.rnn.formats import check_holds_readout, format_of, need_library

    writable_file(output, keep=read)
    if stateless:
        check_holds_readout(output)
    need_library(format_of(output))


def save_network(
    command: str,
    result: "Result",
    model: "Elman | Readout",
    output: str | None,
    *,
    fitted: "Sequence[Corpus | FittedTo | None]",
    **figures: Any,
) -> None:
    """Write the network of a result, with ``figures`` and what it was made from.

    ``fitted`` are the texts it was fitted to, and what the networks it was made from were fitted to (``fitted_to()`` of
    their files): ``umrnn eval`` tells by them whether bytes are held out.
    """
    if output is None:
        return
    from umrnn.rnn import save
    from umrnn.rnn.fitted import model_metadata

    save(model, output, metadata=model_metadata(command, result.provenance, fitted, **figures))
