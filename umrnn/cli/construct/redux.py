"""``umrnn construct redux``: weights taken away from a trained network, and sparse networks trained from nothing."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from umrnn.cli.construct.options import ShufflesOption
from umrnn.cli.construct.parts import AgainstOption, HeldOutOption, open_parts
from umrnn.cli.construct.written import Writing
from umrnn.cli.inputs import check_reads_bytes, files_read, open_known
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    ModelOption,
    Offsets,
    RangeOption,
    SeedOption,
    TableOption,
    ThreadsOption,
    parse_offsets,
)

if TYPE_CHECKING:
    from umrnn.construct.redux import Effort
    from umrnn.construct.sparse.pruning import Pruning
    from umrnn.corpus import Corpus

__all__ = ["redux"]


def redux(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    drop: Annotated[float, typer.Option(metavar="F", help="Share of W_h to drop.")] = 0.64,
    neurons: Annotated[int | None, typer.Option(metavar="K", help="Neurons read out. [default: up to 20]")] = None,
    below: Annotated[float, typer.Option(metavar="X", help="Drop entries of W_x smaller than this.")] = 0,
    epochs: Annotated[
        Offsets | None,
        typer.Option(
            parser=parse_offsets,
            metavar="N,N,...",
            help="Passes when training. [default: 50,200; fewer from 1 KB, 1 from 20 KB]",
        ),
    ] = None,
    starts: Annotated[int | None, typer.Option(metavar="N", help="Nearby runs. [default: 10; 2 from 20 KB]")] = None,
    draws: Annotated[
        int | None, typer.Option(metavar="N", help="Trainings of a kind. [default: 3; 1 from 1 KB]")
    ] = None,
    write: Annotated[Literal["pruned", "sparse"], typer.Option(help="The network that --output receives.")] = "pruned",
    against: AgainstOption = None,
    held_out: HeldOutOption = None,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 42,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write the network there: .npz, .bin, .safetensors or .pt.")
    ] = None,
    table: TableOption = None,
) -> None:
    """Take weights away from a trained network, and train sparse ones from random weights."""
    from umrnn.construct.redux import redux as measure
    from umrnn.nulls import Null
    from umrnn.report.output import drawn_work

    read = files_read(the_corpus=corpus, the_other=against, the_model=model)
    writing = Writing.to("construct redux", format, table, output, read)
    network = open_known(corpus, model)
    check_reads_bytes(network)
    parts, null = open_parts(corpus, byte_range, against, held_out), Null(permutations, seed)
    asked = _asked(drop, neurons, below, network.model.hidden)
    effort = _effort(epochs, starts, draws, parts.whole)
    with drawn_work(threads) as work:
        result = measure(network, parts, asked, effort=effort, null=null, work=work)
    fitted = [parts.whole, network.fitted_to()]
    writing.emit(result, result.written(write), fitted, written=write, fitted_to="whole text")


def _asked(drop: float, neurons: int | None, below: float, hidden: int) -> "Pruning":
    from umrnn.construct.sparse.pruning import Pruning

    return Pruning(drop, min(20, hidden) if neurons is None else neurons, below)


def _effort(epochs: Offsets | None, starts: int | None, draws: int | None, text: "Corpus") -> "Effort":
    """The defaults for a text of so many bytes, with what is given in their place."""
    from umrnn.construct.readout.latest import outputs_of
    from umrnn.construct.redux import Effort

    usual = Effort.usual(len(text), outputs_of(text, len(text)))
    return Effort(
        epochs.values if epochs else usual.epochs,
        usual.starts if starts is None else starts,
        usual.draws if draws is None else draws,
    )
