"""``umrnn interpret factor-map`` and ``neuron``: each neuron as a table of the bytes at two lags; one in full."""

from typing import Annotated

import typer

from umrnn.cli.inputs import files_read, open_explained, open_reading
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    LagsOption,
    ModelOption,
    OutputOption,
    RangeOption,
    SeedOption,
    StatesOption,
    SymbolsOption,
    TableOption,
    ThreadsOption,
)

ShufflesOption = Annotated[
    int | None,
    typer.Option(
        "--permutations",
        metavar="N",
        help="Shuffles of the states that repeat the search. [default: 199; long corpora 39]",
    ),
]

__all__ = ["factor_map", "neuron"]


def factor_map(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    states: StatesOption = None,
    alphabet: SymbolsOption = None,
    lags: LagsOption = None,
    features: Annotated[
        bool, typer.Option("--features", help="Try word length, tags and other features of the text too.")
    ] = False,
    permutations: ShufflesOption = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Explain each neuron by the bytes at two lags, beside what chance explains."""
    from umrnn import interpret
    from umrnn.nulls import Check, Null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model, the_states=states, the_alphabet=alphabet)
    sink = Output.to("interpret factor-map", format, output, table, keep=read)
    source, explained = open_explained(corpus, byte_range, model, states, alphabet)
    check, chosen = Check(null=Null.usual(permutations, len(source), seed)), lags.values if lags else None
    with drawn_work(threads) as work:
        sink.emit(interpret.factor_map(explained, source, chosen, features=features, check=check, work=work))


def neuron(
    index: Annotated[int, typer.Argument(metavar="J", help="The neuron, from 0.")],
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    lags: LagsOption = None,
    top: Annotated[int, typer.Option("--top", metavar="K", help="Rows of each table.")] = 8,
    permutations: ShufflesOption = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Show one neuron's card: what drives it, what it does, when it is active."""
    from umrnn import interpret
    from umrnn.nulls import Check, Null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret neuron", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    check, chosen = Check(null=Null.usual(permutations, len(source), seed)), lags.values if lags else None
    with drawn_work(threads) as work:
        card = interpret.neuron(network, source, index, chosen, top=top, check=check, work=work)
    sink.emit(card)
