"""``umrnn interpret intervene``: directions taken out of the state, or set; states patched from another run."""

import sys
from collections.abc import Callable
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
    from umrnn.corpus import Corpus
    from umrnn.result import Result
    from umrnn.rnn.formats import ModelFile

__all__ = ["intervene"]


def intervene(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    model: ModelOption = None,
    feature: Annotated[
        str, typer.Option(metavar="NAME", help="What to read and to set: word-length, in-tag, char-class, ….")
    ] = "word-length",
    direction: Annotated[
        str | None, typer.Option(metavar="PATH", help="A direction of your own: a .npy array of shape (H,).")
    ] = None,
    draws: Annotated[int, typer.Option(metavar="N", help="Random directions, and nearby ones for the spread.")] = 10,
    permutations: Annotated[
        int | None, typer.Option(metavar="N", help="Shuffles of the feature. [default: 199; 39 from 20 KB on]")
    ] = None,
    clean: Annotated[
        int | None,
        typer.Option(metavar="T", help="Patch: byte of the file after which the prediction is to be explained."),
    ] = None,
    corrupted: Annotated[
        int | None, typer.Option(metavar="T", help="Patch: byte of the file after which it is patched.")
    ] = None,
    clean_text: Annotated[str | None, typer.Option(metavar="TEXT", help="Patch: the same as a text.")] = None,
    corrupted_text: Annotated[str | None, typer.Option(metavar="TEXT", help="Patch: the text patched.")] = None,
    max_lag: Annotated[int, typer.Option(metavar="K", help="Patch: bytes to go back, at most.")] = 16,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Read a feature along a direction, take it out, write it in; or patch one run with the state of another."""
    from umrnn.report.output import Output, drawn_work

    patched = _patched(clean, corrupted, clean_text, corrupted_text, max_lag, direction)
    reading = patched or _intervened(feature, direction, draws)
    read = files_read(the_corpus=corpus, the_model=model, the_direction=direction)
    sink = Output.to("interpret intervene", format, output, table, keep=read)
    source, network = open_reading(corpus, byte_range, model)
    with drawn_work(threads) as work:
        sink.emit(reading(network, source, (permutations, seed), work=work))


Reading = Callable[..., "Result"]  # of a network, a corpus, permutations and seed


def _intervened(feature: str, direction: str | None, draws: int) -> Reading:
    """Directions read, taken out and written in."""

    def reading(network: "ModelFile", source: "Corpus", null: tuple[int | None, int], **shared: Any) -> "Result":
        from umrnn.interpret.directions import open_direction
        from umrnn.interpret.intervene import intervene as measure
        from umrnn.nulls import Null

        own = None if direction is None else open_direction(direction, network.model.hidden)
        chance = Null.usual(null[0], len(source), null[1])
        found = measure(network, source, feature=feature, direction=own, draws=draws, null=chance, **shared)
        rank, hidden = found.figures["state_rank"], network.model.hidden
        if rank is not None and rank < hidden:
            sys.stderr.write(
                f"note: the covariance of the states is singular, they vary in {rank} of {hidden} directions: "
                "the regression is the shortest of many that fit alike\n"
            )
        return found

    return reading


def _patched(
    clean: int | None,
    corrupted: int | None,
    clean_text: str | None,
    corrupted_text: str | None,
    max_lag: int,
    direction: str | None,
) -> Reading | None:
    """One run patched with the state of another; None where no such options are given."""
    positions, texts = (clean, corrupted), (clean_text, corrupted_text)
    given = [pair for pair in (positions, texts) if pair != (None, None)]
    if not given:
        return None
    if len(given) == 2 or None in given[0]:
        raise typer.BadParameter("patching takes --clean and --corrupted, or --clean-text and --corrupted-text")
    if direction is not None:
        raise typer.BadParameter("patching replaces states as they are: leave out --direction")

    def reading(network: "ModelFile", source: "Corpus", null: tuple[int | None, int], **shared: Any) -> "Result":
        from umrnn.interpret.patching import patch_positions, patch_texts

        if clean is not None and corrupted is not None:
            return patch_positions(network, source, clean, corrupted, max_lag=max_lag, **shared)
        encoded = (network.encode(str(text)) for text in texts)
        return patch_texts(network, *encoded, max_lag=max_lag, **shared)

    return reading
