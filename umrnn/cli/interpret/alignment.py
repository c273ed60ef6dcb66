"""``umrnn interpret alignment``: whether the network uses the bytes that counts say are informative."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from umrnn.cli.inputs import files_read, needs_network, open_explained
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
    from umrnn.corpus import Corpus
    from umrnn.result import Result
    from umrnn.rnn.model_file import ModelFile
    from umrnn.rnn.states import States

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
    from umrnn.nulls import Null
    from umrnn.report.output import Output, drawn_work

    needs_network(states, positions=positions)
    read = files_read(the_corpus=corpus, the_model=model, the_states=states, the_alphabet=alphabet)
    sink = Output.to("interpret alignment", format, output, table, keep=read)
    source, explained = open_explained(corpus, byte_range, model, states, alphabet)
    places, null = positions.values if positions else None, Null.usual(permutations, len(source), seed)
    run = {"positions": places, "threshold": threshold, "replace": replace}
    with drawn_work(threads) as work:
        sink.emit(_measured(explained, source, run, max_offset=max_offset, null=null, work=work))


def _measured(explained: "ModelFile | States", source: "Corpus", run: dict[str, Any], **given: Any) -> "Result":
    """Of a network, which can be ``run`` on other bytes; or of states that were brought."""
    from umrnn.interpret.alignment import alignment as measure
    from umrnn.interpret.state_alignment import state_alignment
    from umrnn.rnn.states import States

    if isinstance(explained, States):
        return state_alignment(explained, source, **given)
    return measure(explained, source, **run, **given)
