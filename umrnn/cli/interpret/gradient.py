"""``umrnn interpret gradient``: every prediction followed back through time."""

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

__all__ = ["DepthOption", "ShufflesOption", "gradient"]

DepthOption = Annotated[
    int | None, typer.Option("--depth", metavar="K", help="Steps back. [default: 50, or as far as the corpus allows]")
]
ShufflesOption = Annotated[
    int | None,
    typer.Option(
        "--permutations", metavar="N", help="Shuffles of what lies before; 0 leaves chance out. [default: 3, or 1]"
    ),
]


def gradient(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    depth: DepthOption = None,
    permutations: ShufflesOption = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Follow every prediction back through time: where its gradient lies, how it grows, what it says of past bytes."""
    from umrnn.interpret.backward import usual_null
    from umrnn.interpret.gradient import gradient as measure
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret gradient", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    null = usual_null(permutations, len(source), seed)
    with drawn_work(threads) as work:
        sink.emit(measure(network, source, depth=depth, null=null, work=work))
