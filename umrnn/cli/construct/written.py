"""Commands that write a network: both destinations checked before the work, and the network saved with its origins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from umrnn.corpus import Corpus
    from umrnn.report.output import Format, Output
    from umrnn.result import Result
    from umrnn.rnn import Elman, Readout
    from umrnn.rnn.fitted import FittedTo

__all__ = ["Writing"]


@dataclass(frozen=True)
class Writing:
    """Where a command's result goes, and the network it wrote; make one with :meth:`to` before the work begins."""

    sink: "Output"
    path: str | None

    @classmethod
    def to(
        cls,
        command: str,
        format: "Format | None",
        table: str | None,
        path: str | None,
        read: Mapping[str, str | None],
        *,
        stateless: bool = False,
    ) -> "Writing":
        """Check that a network can be written at ``path`` and is none of the files that are ``read``.

        What has no state, a read-out of bytes at fixed offsets, goes into npz files alone.
        """
        from umrnn.report.output import Output

        if path is not None:
            from umrnn._validate import writable_file
            from umrnn.rnn.formats import check_holds_readout, format_of, need_library

            writable_file(path, keep=read)
            if stateless:
                check_holds_readout(path)
            need_library(format_of(path))
        return cls(Output.to(command, format, None, table), path)

    def emit(
        self,
        result: "Result",
        model: "Elman | Readout",
        fitted: "Sequence[Corpus | FittedTo | None]",
        **figures: Any,
    ) -> None:
        """Write ``model``, if a file was asked for, with ``figures`` and what it was made from; then the result.

        ``fitted`` are the texts it was fitted to, and what the networks it was made from were fitted to
        (``fitted_to()`` of their files): ``umrnn eval`` tells by them whether bytes are held out.
        """
        if self.path is not None:
            from umrnn.rnn import save
            from umrnn.rnn.fitted import model_metadata

            save(model, self.path, metadata=model_metadata(self.sink.command, result.provenance, fitted, **figures))
        self.sink.emit(result)
