"""Options that constructions share, and what every score is compared with."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from umrnn.nulls import Check

__all__ = ["HeldOutOption", "NetworkOption", "ShufflesOption", "chance", "check_of"]

HeldOutOption = Annotated[
    float, typer.Option("--held-out", metavar="F", help="Share of the corpus's end to score, not build from.")
]
ShufflesOption = Annotated[
    int, typer.Option("--permutations", metavar="N", help="Shuffles of the targets for the null; 0 leaves it out.")
]
NetworkOption = Annotated[
    str | None, typer.Option("--output", metavar="PATH", help="Write the network there: .npz, .bin, .safetensors, .pt.")
]


def chance(held_out: float, permutations: int, seed: int) -> dict[str, Any]:
    """``split`` and ``null``, as constructions take them."""
    from umrnn.nulls import Null, Split

    return {"split": Split.holding_out(held_out), "null": Null(permutations, seed)}


def check_of(held_out: float, permutations: int, seed: int) -> "Check":
    """What a construction's score is held against."""
    from umrnn.nulls import Check

    return Check(**chance(held_out, permutations, seed))
