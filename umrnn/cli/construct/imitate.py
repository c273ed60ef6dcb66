"""``umrnn construct predict`` and ``substitute``: a trained network's weights from its states and the bytes."""

from typing import TYPE_CHECKING, Annotated, Any

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
    from umrnn.construct.substitute import Substitution

__all__ = ["predict", "substitute"]


def predict(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    permutations: Annotated[
        int | None,
        typer.Option(metavar="N", help="Times neurons get other names. [default: 199; 39 from 20 KB, 512 neurons]"),
    ] = None,
    shuffles: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Shuffles of the corpus, and scrambled networks. [default: 3; 1 from 20 KB, 512 neurons]"
        ),
    ] = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Estimate a network's weights from its states, and compare with the trained ones. --output receives the result."""
    from umrnn.construct.predict import predict as measure
    from umrnn.construct.predictors import usual_null
    from umrnn.report.output import Output, drawn_progress

    read = files_read(the_corpus=corpus, the_model=model)
    sink = Output.to("construct predict", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    null = usual_null(permutations, network.model, source, seed)
    with drawn_progress() as progress:
        sink.emit(measure(network, source, null=null, shuffles=shuffles, threads=threads, progress=progress))


def substitute(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    replace: Annotated[
        str, typer.Option(metavar="W,W,...", help="Arrays replaced in the network written: W_x, W_h, …, or all.")
    ] = "all",
    keep: Annotated[float, typer.Option(metavar="A", help="Share of these arrays that is kept, 0 to 1.")] = 0.0,
    epochs: Annotated[int, typer.Option(metavar="N", help="Gradient steps for read-outs that are trained.")] = 500,
    draws: Annotated[
        int | None,
        typer.Option(metavar="N", help="Nearby estimates for the spread. [default: 10; 2 from 20 KB, 512 neurons]"),
    ] = None,
    permutations: Annotated[
        int | None,
        typer.Option(metavar="N", help="Times neurons get other names. [default: 3; 1 from 20 KB, 512 neurons]"),
    ] = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write the network of --replace there: .npz, .bin, ….")
    ] = None,
    table: TableOption = None,
) -> None:
    """Put estimates in the place of trained arrays, in whole and in part, and score what is left."""
    from umrnn.construct.substitute import substitute as measure
    from umrnn.report.output import Output, drawn_progress

    _writable(output, corpus, model)
    sink = Output.to("construct substitute", format, None, table)
    source, network = open_reading(corpus, byte_range, model)
    arrays = tuple(name.strip() for name in replace.split(","))
    how: dict[str, Any] = {"replace": arrays, "keep": keep, "epochs": epochs, "draws": draws, "seed": seed}
    with drawn_progress() as progress:
        result = measure(network, source, **how, permutations=permutations, threads=threads, progress=progress)
    _save(result, output)
    sink.emit(result)


def _writable(output: str | None, corpus: str, model: str | None) -> None:
    """Check, before the work, that the network can be written there."""
    if output is None:
        return
    from umrnn._validate import writable_file
    from umrnn.rnn.formats import format_of, need_library

    writable_file(output, keep=files_read(the_corpus=corpus, the_model=model))
    need_library(format_of(output))


def _save(result: "Substitution", output: str | None) -> None:
    """Write the network, with what it was made from."""
    if output is None:
        return
    from umrnn.rnn import save

    facts = {name: result.provenance[name] for name in ("umrnn", "corpus", "model", "parameters", "seed")}
    save(result.model, output, metadata={"command": "umrnn construct substitute", "bpc": result.written.bpc, **facts})
