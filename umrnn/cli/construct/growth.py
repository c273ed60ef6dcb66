"""``umrnn construct spectral | conjunctions``: carriers beyond the shift register."""

from typing import Annotated, Any, Literal

import typer

from umrnn.cli.construct.options import HeldOutOption, NetworkOption, ShufflesOption, check_of
from umrnn.cli.construct.written import Writing
from umrnn.cli.inputs import files_read, open_corpus
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    RangeOption,
    SeedOption,
    TableOption,
    ThreadsOption,
)

__all__ = ["conjunctions", "spectral"]

PassesOption = Annotated[
    int, typer.Option("--passes", metavar="N", help="Of the read-out over the part that is fitted.")
]


def spectral(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    hidden: Annotated[
        int | None,
        typer.Option("--hidden", metavar="H", help="Neurons. [default: 128, or what the bytes have directions for]"),
    ] = None,
    past: Annotated[
        int | None,
        typer.Option(metavar="N", help="Bytes before that the state sums up. [default: 6, or what fits a short text]"),
    ] = None,
    future: Annotated[
        int | None,
        typer.Option(metavar="N", help="Bytes after that it is to predict. [default: 4, or what fits a short text]"),
    ] = None,
    gain: Annotated[float, typer.Option(metavar="X", help="Of the state; small keeps the tanh linear.")] = 2.0,
    passes: PassesOption = 2,
    held_out: HeldOutOption = 0.5,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: NetworkOption = None,
    table: TableOption = None,
) -> None:
    """Write a network whose state is the best linear summary of the past, from pair counts alone."""
    from umrnn.construct.spectral import spectral as write
    from umrnn.report.output import drawn_work

    writing = Writing.to("construct spectral", format, table, output, files_read(the_corpus=corpus))
    source, check = open_corpus(corpus, byte_range), check_of(held_out, permutations, seed)
    state: dict[str, Any] = {"past": past, "future": future, "gain": gain, "passes": passes}
    with drawn_work(threads) as work:
        result = write(source, hidden, **state, check=check, work=work)
    writing.emit(result, result.model, [result.counted], bpc=result.rows[-1].bpc)


def conjunctions(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    hidden: Annotated[int, typer.Option("--hidden", metavar="H", help="Neurons.")] = 128,
    base: Annotated[
        Literal["spectral", "register"], typer.Option(help="To begin with: a linear state, or codes of past bytes.")
    ] = "spectral",
    base_neurons: Annotated[
        int | None, typer.Option(metavar="N", help="Neurons of it. [default: 40, of small networks a third]")
    ] = None,
    rounds: Annotated[int, typer.Option(metavar="N", help="Rounds of growth.")] = 6,
    window: Annotated[int, typer.Option(metavar="N", help="Bytes that one round looks at.")] = 200_000,
    passes: PassesOption = 2,
    held_out: HeldOutOption = 0.5,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: NetworkOption = None,
    table: TableOption = None,
) -> None:
    """Grow a network from conjunctions of the byte just read and the state before, without backpropagation."""
    from umrnn.construct.conjunctions import Base
    from umrnn.construct.conjunctions import conjunctions as write
    from umrnn.report.output import drawn_work

    writing = Writing.to("construct conjunctions", format, table, output, files_read(the_corpus=corpus))
    source, check = open_corpus(corpus, byte_range), check_of(held_out, permutations, seed)
    growth: dict[str, Any] = {"base": Base(base, base_neurons), "rounds": rounds, "window": window, "passes": passes}
    with drawn_work(threads) as work:
        result = write(source, hidden, **growth, check=check, work=work)
    writing.emit(result, result.model, [result.counted], bpc=result.rows[-1].bpc)
