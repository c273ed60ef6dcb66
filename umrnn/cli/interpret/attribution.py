"""``umrnn interpret attribution`` and ``export``: one prediction taken apart, and all of it in a file."""

from typing import Annotated, Literal

import typer

from umrnn.cli.inputs import files_read, open_reading
from umrnn.cli.interpret.gradient import DepthOption, ShufflesOption
from umrnn.cli.options import (
    ByteRange,
    CorpusOption,
    FormatOption,
    ModelOption,
    OutputOption,
    RangeOption,
    SeedOption,
    TableOption,
    ThreadsOption,
    parse_range,
)

__all__ = ["attribution", "export"]

AtOption = Annotated[
    int | None,
    typer.Option(
        "--at", metavar="T", help="Byte of the file read last. [default: byte 10 of the range, or its middle]"
    ),
]


def attribution(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    at: AtOption = None,
    window: Annotated[
        int | None,
        typer.Option("--window", metavar="K", help="Largest lag of the bytes that share the prediction. [default: 20]"),
    ] = None,
    depth: DepthOption = None,
    steps: Annotated[
        int | None, typer.Option("--steps", metavar="N", help="Most points of integrated gradients. [default: 8192]")
    ] = None,
    baseline: Annotated[
        Literal["mean", "zero"], typer.Option("--baseline", help="Input that stands for no byte.")
    ] = "mean",
    permutations: ShufflesOption = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Share one prediction out among past bytes and weights; say how far back predictions reach."""
    from umrnn.interpret.attribution import attribution as measure
    from umrnn.interpret.backward import Sharing, usual_null
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("interpret attribution", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    null, sharing = usual_null(permutations, len(source), seed), Sharing(window, steps, baseline)
    with drawn_work(threads) as work:
        found = measure(network, source, at=at, depth=depth, sharing=sharing, null=null, work=work)
    sink.emit(found)


def export(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    at: AtOption = None,
    positions: Annotated[
        ByteRange | None,
        typer.Option(
            "--positions", parser=parse_range, metavar="A:B", help="Bytes of the file in a row, in place of --at."
        ),
    ] = None,
    depth: DepthOption = None,
    top: Annotated[int, typer.Option("--top", metavar="K", help="Likeliest next bytes to keep.")] = 10,
    patterns: Annotated[int, typer.Option("--patterns", metavar="N", help="Weights to list for each prediction.")] = 50,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: Annotated[
        str | None, typer.Option("--output", metavar="PATH", help="Write all arrays there: .json or .npz.")
    ] = None,
    table: TableOption = None,
) -> None:
    """Write what a viewer of predictions needs: states, probabilities, gradients by lag, weights used."""
    from umrnn.interpret.export import chosen_positions, export_file, save_export
    from umrnn.interpret.export import export as collect
    from umrnn.report.output import Output, drawn_work

    sink = Output.to("interpret export", format, None, table)
    if output is not None:
        export_file(output, keep=files_read(the_corpus=corpus, the_model=model))
    source, network = open_reading(corpus, byte_range, model)
    start, stop = chosen_positions(source, at, (positions.start, positions.stop) if positions else None)
    with drawn_work(threads) as work:
        found = collect(network, source, start, stop, depth=depth, top=top, patterns=patterns, work=work)
    if output is not None:
        save_export(found, output)
    sink.emit(found)
