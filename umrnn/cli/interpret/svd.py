"""``umrnn interpret svd``: singular values of byte pairs and weights."""

from typing import Annotated, Literal

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

__all__ = ["svd"]


def svd(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    matrix: Annotated[
        Literal["all", "bigram", "W_x", "W_h", "W_y"], typer.Option(help="What to decompose: byte pairs or weights.")
    ] = "all",
    components: Annotated[int, typer.Option(metavar="N", help="Components to list of each matrix.")] = 10,
    permutations: Annotated[
        int, typer.Option(metavar="N", help="Shuffled corpora, or random matrices, to compare with.")
    ] = 19,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Singular values and vectors of the table of byte pairs and of the weights, beside chance."""
    from umrnn.interpret.svd import svd as measure
    from umrnn.nulls import Null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret svd", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    null = Null(permutations, seed)
    with drawn_work(threads) as work:
        sink.emit(measure(network, source, matrix=matrix, components=components, null=null, work=work))
