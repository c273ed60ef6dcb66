"""``umrnn construct spectral | conjunctions``: carriers beyond the shift register."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from umrnn.cli.construct.options import HeldOutOption, NetworkOption, ShufflesOption, chance
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

if TYPE_CHECKING:
    from umrnn.corpus import Corpus
    from umrnn.result import Result

__all__ = ["conjunctions", "spectral"]

HiddenOption = Annotated[int, typer.Option("--hidden", metavar="H", help="Neurons.")]
PassesOption = Annotated[
    int, typer.Option("--passes", metavar="N", help="Of the read-out over the part that is fitted.")
]


def spectral(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    hidden: HiddenOption = 128,
    past: Annotated[int, typer.Option(metavar="N", help="Bytes before that the state sums up.")] = 6,
    future: Annotated[int, typer.Option(metavar="N", help="Bytes after that it is chosen to predict.")] = 4,
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
    from umrnn.report.output import drawn_progress

    writing = Writing.to("construct spectral", format, table, output, files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    how: dict[str, Any] = {"past": past, "future": future, "gain": gain, "passes": passes, "seed": seed}
    how |= {"threads": threads}
    with drawn_progress() as progress:
        result = write(source, hidden, **how, **chance(held_out, permutations, seed), progress=progress)
    writing.emit(result, result.model, [_counted(source, result)], bpc=result.rows[-1].bpc)


def conjunctions(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    hidden: HiddenOption = 128,
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
    from umrnn.construct.conjunctions import conjunctions as write
    from umrnn.report.output import drawn_progress

    writing = Writing.to("construct conjunctions", format, table, output, files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    how: dict[str, Any] = {"base": base, "base_neurons": base_neurons, "rounds": rounds, "window": window}
    how |= {"passes": passes, "seed": seed, "threads": threads}
    with drawn_progress() as progress:
        result = write(source, hidden, **how, **chance(held_out, permutations, seed), progress=progress)
    writing.emit(result, result.model, [_counted(source, result)], bpc=result.rows[-1].bpc)


def _counted(source: "Corpus", result: "Result") -> "Corpus":
    """The part of the corpus that the network is fitted to."""
    return source.slice(0, result.provenance["parameters"]["held_out_from"] - source.start)
