"""From options to the texts of a construction: what it sees, and what is held out."""

from typing import TYPE_CHECKING, Annotated

import typer

from umrnn.cli.inputs import open_corpus, two_parts
from umrnn.cli.options import ByteRange

if TYPE_CHECKING:
    from umrnn.construct.study.holdout import Holdout

__all__ = ["AgainstOption", "HeldOutOption", "open_parts"]

HeldOutOption = Annotated[
    float | None,
    typer.Option("--held-out", metavar="F", help="Share of the corpus's end to hold out. [default: 0.5]"),
]
AgainstOption = Annotated[
    str | None,
    typer.Option("--against", metavar="PATH|START:STOP", help="Hold out other bytes instead, and fit all of these."),
]


def open_parts(source: str, byte_range: ByteRange | None, against: str | None, held_out: float | None) -> "Holdout":
    """The corpus, and its end or the bytes of ``--against`` held out.

    A range that begins where the corpus ends continues it: contexts reach back, as in the published tests.
    """
    from umrnn.construct.study.holdout import Holdout
    from umrnn.nulls import Split

    if against is None:
        return Holdout.of(open_corpus(source, byte_range), Split.holding_out(0.5 if held_out is None else held_out))
    if held_out is not None:
        raise typer.BadParameter("give either --held-out F or --against PATH|START:STOP")
    text, other, boundary = two_parts(source, byte_range, against)
    if other is None and boundary is not None:
        return Holdout.against(text.slice(0, boundary), None, text)
    return Holdout.against(text, other)
