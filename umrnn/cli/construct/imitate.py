"""``umrnn construct predict`` and ``substitute``: a trained network's weights from its states and the bytes."""

from typing import Annotated

import typer

from umrnn.cli.construct.written import Writing
from umrnn.cli.inputs import files_read, open_reading
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    ModelOption,
    OutputOption,
    RangeOption,
    SeedOption,
    TableOption,
    ThreadsOption,
)

__all__ = ["predict", "substitute"]


def predict(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    permutations: Annotated[
        int | None,
        typer.Option(metavar="N", help="Times neurons get other names. [default: 199; 39 from 20 KB, 512 neurons]"),
    ] = None,
    shuffles: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Shuffles of the corpus, and scrambled networks. [default: 3; 1 from 20 KB, 512 neurons]"
        ),
    ] = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Estimate a network's weights from its states, and compare with the trained ones. --output receives the result."""
    from umrnn.construct.imitation.comparison import usual_null
    from umrnn.construct.predict import predict as measure
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("construct predict", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    null = usual_null(permutations, network.model, source, seed)
    with drawn_work(threads) as work:
        sink.emit(measure(network, source, null=null, shuffles=shuffles, work=work))


def substitute(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    replace: Annotated[
        str, typer.Option(metavar="W,W,...", help="Arrays replaced in the network written: W_x, W_h, …, or all.")
    ] = "all",
    keep: Annotated[float, typer.Option(metavar="A", help="Share of these arrays that is kept, 0 to 1.")] = 0.0,
    epochs: Annotated[int, typer.Option(metavar="N", help="Gradient steps for read-outs that are trained.")] = 500,
    draws: Annotated[
        int | None,
        typer.Option(metavar="N", help="Nearby estimates for the spread. [default: 10; 2 from 20 KB, 512 neurons]"),
    ] = None,
    permutations: Annotated[
        int | None,
        typer.Option(metavar="N", help="Times neurons get other names. [default: 3; 1 from 20 KB, 512 neurons]"),
    ] = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write the network of --replace there: .npz, .bin, ….")
    ] = None,
    table: TableOption = None,
) -> None:
    """Put estimates in the place of trained arrays, in whole and in part, and score what is left."""
    from umrnn.construct.substitute import substitute as measure
    from umrnn.construct.substitute import usual_relabelled
    from umrnn.report.output import drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    writing = Writing.to("construct substitute", format, table, output, read)
    source, network = open_reading(corpus, byte_range, model)
    arrays = tuple(name.strip() for name in replace.split(","))
    null = usual_relabelled(permutations, network.model, source, seed)
    with drawn_work(threads) as work:
        result = measure(network, source, replace=arrays, keep=keep, epochs=epochs, draws=draws, null=null, work=work)
    writing.emit(result, result.model, [source, network.fitted_to()], bpc=result.written.bpc)
