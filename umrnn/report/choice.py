"""What the reader of a result asked to see of it: the same for every command, chosen once per run."""

from dataclasses import dataclass

__all__ = ["Choice", "choose", "chosen"]


@dataclass(frozen=True)
class Choice:
    """What to show; the defaults leave it to the reading of the result.

    Parameters
    ----------
    columns : names of columns, in the order shown; empty: those that matter and fit.
    sort : a column, with ``-`` before it from the largest down.
    rows : how many of each table.
    all : every row and every column.
    verbose : every figure of the headline, and every table.
    headline : the figures alone, without tables.
    quiet : nothing on standard error but errors.
    """

    columns: tuple[str, ...] = ()
    sort: str | None = None
    rows: int | None = None
    all: bool = False
    verbose: bool = False
    headline: bool = False
    quiet: bool = False


_choice = Choice()


def choose(choice: Choice = Choice()) -> None:
    """From now on results are shown so."""
    global _choice
    _choice = choice


def chosen() -> Choice:
    """How results are shown now."""
    return _choice
