"""``umrnn interpret factor-map`` and ``neuron``: each neuron as a table of the bytes at two lags; one in full."""

from typing import TYPE_CHECKING, Annotated

import typer

from umrnn.cli.inputs import files_read, open_corpus, open_reading
from umrnn.cli.options import (
    ByteRange,
    CorpusOption,
    FormatOption,
    LagsOption,
    ModelOption,
    OutputOption,
    RangeOption,
    SeedOption,
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

if TYPE_CHECKING:
    from umrnn.corpus import Corpus
    from umrnn.rnn.formats import ModelFile
    from umrnn.rnn.states import States

__all__ = ["factor_map", "neuron"]


def factor_map(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    states: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Explain these states, a .npy array of one row per byte, not a network's."),
    ] = None,
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

    read = files_read(the_corpus=corpus, the_model=model, the_states=states)
    sink = Output.to("interpret factor-map", format, output, table, keep=read)
    source, explained = _explained(corpus, byte_range, model, states)
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


def _explained(
    corpus: str, byte_range: ByteRange | None, model: str | None, states: str | None
) -> tuple["Corpus", "ModelFile | States"]:
    """The corpus and what is to be explained on it."""
    from umrnn.rnn.states import States

    if states is None:
        return open_reading(corpus, byte_range, model)
    if model is not None:
        raise typer.BadParameter("give either --states or --model")
    source = open_corpus(corpus, byte_range)
    return source, States.open(states, source)
