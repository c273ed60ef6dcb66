"""``umrnn interpret alignment``: whether the network uses the bytes that counts say are informative."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from umrnn.cli.inputs import files_read, open_explained
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    ModelOption,
    Offsets,
    OutputOption,
    RangeOption,
    SeedOption,
    StatesOption,
    SymbolsOption,
    TableOption,
    ThreadsOption,
    parse_offsets,
)

if TYPE_CHECKING:
    from umrnn.result import Result

__all__ = ["alignment"]

PositionsOption = Annotated[
    Offsets | None,
    typer.Option(
        "--positions",
        parser=parse_offsets,
        metavar="T,T,...",
        help="Bytes of the file to look at. [default: every 4th]",
    ),
]


def alignment(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    states: StatesOption = None,
    alphabet: SymbolsOption = None,
    positions: PositionsOption = None,
    max_offset: Annotated[int | None, typer.Option(metavar="D", help="Largest offset. [default: 20]")] = None,
    threshold: Annotated[float, typer.Option(metavar="BITS", help="A pair above this is aligned.")] = 0.5,
    replace: Annotated[
        Literal["unseen", "random"], typer.Option(help="Put in place of a byte: x + 128, or another of the corpus.")
    ] = "unseen",
    permutations: Annotated[
        int | None, typer.Option(metavar="N", help="Shuffles that simulate chance. [default: 199; 39 from 20 KB on]")
    ] = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Replace bytes, and ask whether those that matter are those that tell most about the next byte."""
    from umrnn.interpret.alignment import alignment as measure
    from umrnn.interpret.state_alignment import state_alignment
    from umrnn.nulls import Null
    from umrnn.report.output import Output, drawn_work
    from umrnn.rnn.states import States

    if states is not None and positions is not None:
        raise typer.BadParameter("--positions names bytes to replace: leave it out with --states")
    read = files_read(the_corpus=corpus, the_model=model, the_states=states, the_alphabet=alphabet)
    sink = Output.to("interpret alignment", format, output, table, keep=read)
    source, explained = open_explained(corpus, byte_range, model, states, alphabet)
    null, places = Null.usual(permutations, len(source), seed), positions.values if positions else None
    with drawn_work(threads) as work:
        if isinstance(explained, States):
            result: Result = state_alignment(explained, source, max_offset=max_offset, null=null, work=work)
        else:
            chosen: dict[str, Any] = {"threshold": threshold, "max_offset": max_offset, "null": null}
            result = measure(explained, source, positions=places, replace=replace, work=work, **chosen)
    sink.emit(result)
