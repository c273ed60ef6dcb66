"""``umrnn interpret boolean``: the network as an automaton on the signs of its states."""

from typing import TYPE_CHECKING, Annotated, TypedDict

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

if TYPE_CHECKING:
    from umrnn.nulls import Null

__all__ = ["boolean"]


class Settings(TypedDict):
    """Keyword arguments of :func:`umrnn.interpret.boolean`."""

    ternary: float | None
    nodes: int
    null: "Null"


def boolean(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    ternary: Annotated[
        float | None, typer.Option(metavar="X", help="Also try states -1, 0, +1: 0 where |h| < X.")
    ] = None,
    graph: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write the transition graph there: .dot or .json.")
    ] = None,
    nodes: Annotated[int, typer.Option(metavar="N", help="Sign vectors in the graph, the most visited.")] = 2000,
    permutations: Annotated[
        int, typer.Option(metavar="N", help="Shuffles of the corpus to score; 0 leaves them out.")
    ] = 3,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Read the network as an automaton on signs; say how faithful that is."""
    from umrnn.interpret import boolean as measure
    from umrnn.interpret.signs import graph_file, save_graph
    from umrnn.nulls import Null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret boolean", format, output, table, keep=read)
    graph_file(graph, keep={**read, "the output": output})
    source, network = open_reading(corpus, byte_range, model)
    how = Settings(ternary=ternary, nodes=nodes, null=Null(permutations, seed))
    with drawn_work(threads) as work:
        result = measure(network, source, **how, work=work)
    save_graph(result.graph, graph)
    sink.emit(result)
