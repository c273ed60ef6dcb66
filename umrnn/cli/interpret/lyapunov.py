"""``umrnn interpret lyapunov``: how fast states that differ a little drift apart."""

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

__all__ = ["lyapunov"]


def lyapunov(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    exponents: Annotated[
        int | None, typer.Option(metavar="K", help="Only the first K. [default: all; 64 of more than 256 neurons]")
    ] = None,
    every: Annotated[int, typer.Option(metavar="N", help="Steps from one QR factorisation to the next.")] = 1,
    steps: Annotated[
        int | None, typer.Option(metavar="N", help="Bytes to read. [default: all, at most 10,000]")
    ] = None,
    permutations: Annotated[int, typer.Option(metavar="N", help="Shuffles of the corpus to compare with.")] = 3,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Lyapunov exponents: how fast states that differ a little drift apart, with error bars and controls."""
    from umrnn.interpret.lyapunov import lyapunov as measure
    from umrnn.nulls import Null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret lyapunov", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    null = Null(permutations, seed)
    with drawn_work(threads) as work:
        sink.emit(measure(network, source, exponents=exponents, every=every, steps=steps, null=null, work=work))
