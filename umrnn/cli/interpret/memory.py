"""``umrnn interpret memory``: how many bytes back a network remembers."""

from typing import Annotated

import typer

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

__all__ = ["memory"]


def memory(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    depth: Annotated[
        int | None,
        typer.Option(metavar="K", help="Offsets to measure, 1 to K. [default: 30, or what the corpus allows]"),
    ] = None,
    positions: Annotated[int, typer.Option(metavar="N", help="Contexts drawn for each offset.")] = 2000,
    horizon: Annotated[
        int | None,
        typer.Option(metavar="N", help="Steps to follow a change. [default: 1,000, at most half the corpus]"),
    ] = None,
    permutations: Annotated[
        int | None, typer.Option(metavar="N", help="Shuffles of labels at each offset. [default: 100 K - 1]")
    ] = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """How many bytes back a prediction depends on, and how many the precision of the states allows."""
    from umrnn.interpret.memory import memory as measure
    from umrnn.interpret.memory import sufficient_null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret memory", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    null = sufficient_null(source, depth, permutations, seed)
    with drawn_work(threads) as work:
        sink.emit(measure(network, source, depth=depth, positions=positions, horizon=horizon, null=null, work=work))
