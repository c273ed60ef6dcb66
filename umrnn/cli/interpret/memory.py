"""``umrnn interpret memory``: how many bytes back a network remembers."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from umrnn.cli.inputs import files_read, needs_network, open_explained
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    ModelOption,
    OutputOption,
    RangeOption,
    SeedOption,
    StatesOption,
    SymbolsOption,
    TableOption,
    ThreadsOption,
)

if TYPE_CHECKING:
    from umrnn.corpus import Corpus
    from umrnn.result import Result
    from umrnn.rnn.model_file import ModelFile
    from umrnn.rnn.states import States

__all__ = ["memory"]


def memory(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    states: StatesOption = None,
    alphabet: SymbolsOption = None,
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
    from umrnn.interpret.memory import sufficient_null
    from umrnn.report.output import Output, drawn_work

    needs_network(states, horizon=horizon)
    read = files_read(the_corpus=corpus, the_model=model, the_states=states, the_alphabet=alphabet)
    sink = Output.to("interpret memory", format, output, table, keep=read)
    source, explained = open_explained(corpus, byte_range, model, states, alphabet)
    null = sufficient_null(source, depth, permutations, seed)
    with drawn_work(threads) as work:
        sink.emit(_measured(explained, source, horizon, depth=depth, positions=positions, null=null, work=work))


def _measured(explained: "ModelFile | States", source: "Corpus", horizon: int | None, **given: Any) -> "Result":
    """Of a network, which can be run; or of states that were brought."""
    from umrnn.interpret.memory import memory as measure
    from umrnn.interpret.state_memory import state_memory
    from umrnn.rnn.states import States

    if isinstance(explained, States):
        return state_memory(explained, source, **given)
    return measure(explained, source, horizon=horizon, **given)
