"""``umrnn interpret knockout``, ``saturation``, ``precision`` and ``weights``: what each neuron does and costs."""

from typing import Annotated

import typer

from umrnn.cli.inputs import files_read, open_explained, open_reading
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

__all__ = ["knockout", "precision", "saturation", "weights"]


def knockout(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    permutations: Annotated[
        int, typer.Option("--permutations", metavar="N", help="Random choices of neurons to compare the curve with.")
    ] = 9,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Take neurons out of the read-out, one by one, and keep only the best few."""
    from umrnn.interpret.knockout import knockout as measure
    from umrnn.nulls import Null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret knockout", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    with drawn_work(threads) as work:
        sink.emit(measure(network, source, null=Null(permutations, seed), work=work))


def saturation(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    states: StatesOption = None,
    alphabet: SymbolsOption = None,
    top: Annotated[int, typer.Option("--top", metavar="K", help="How many pairs that flip together to list.")] = 20,
    permutations: Annotated[
        int, typer.Option("--permutations", metavar="N", help="Random turns of the flips that simulate chance.")
    ] = 19,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Count sign flips, dwell times and saturated states of every neuron, and pairs that flip together."""
    from umrnn.interpret.saturation import saturation as measure
    from umrnn.nulls import Null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model, the_states=states, the_alphabet=alphabet)
    sink = Output.to("interpret saturation", format, output, table, keep=read)
    source, explained = open_explained(corpus, byte_range, model, states, alphabet)
    null = Null(permutations, seed)
    with drawn_work(threads) as work:
        sink.emit(measure(explained, source, top=top, null=null, work=work))


def precision(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    starts: Annotated[
        int, typer.Option("--starts", metavar="N", help="Runs from slightly moved states, for the spread; 0 for none.")
    ] = 5,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Round states and weights to fewer bits, flip single bits, and follow the rounding error."""
    from umrnn.interpret.precision import precision as measure
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret precision", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    with drawn_work(threads) as work:
        sink.emit(measure(network, source, starts=starts, seed=seed, work=work))


def weights(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    top: Annotated[int, typer.Option("--top", metavar="K", help="How many recurrent weights to list.")] = 30,
    strongest: Annotated[int, typer.Option("--strongest", metavar="K", help="How many bytes to name by neuron.")] = 3,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Norms by byte and by neuron, the largest connections, and the spectra. Nothing is random."""
    from umrnn.interpret.weights import read_weights
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret weights", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    with drawn_work(threads) as work:
        result = read_weights(network, source, top=top, strongest=strongest, work=work)
    sink.emit(result)
