"""``umrnn construct compare``: every construction on one text, beside counting and trained networks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from umrnn.cli.construct.options import HeldOutOption, ShufflesOption, check_of
from umrnn.cli.inputs import files_read, open_corpus
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    Offsets,
    OutputOption,
    RangeOption,
    SeedOption,
    TableOption,
    ThreadsOption,
    parse_offsets,
)

__all__ = ["compare"]


@dataclass(frozen=True)
class Numbers:
    """Numbers as given."""

    values: tuple[float, ...]


def parse_numbers(text: str) -> Numbers:
    """``1,10`` or ``0.5``; nothing is none."""
    try:
        return Numbers(tuple(float(part) for part in text.split(",") if part.strip()))
    except ValueError:
        raise typer.BadParameter(f"expected numbers separated by commas, such as 1,10, got {text!r}") from None


def compare(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    hidden: Annotated[
        Offsets | None, typer.Option(parser=parse_offsets, metavar="H,H,...", help="Sizes of network. [default: 128]")
    ] = None,
    train: Annotated[
        Numbers | None,
        typer.Option(
            parser=parse_numbers,
            metavar="X,X,...",
            help="Train networks for these multiples of the time that growing took. [default: 1,10; 1 below 64 KiB]",
        ),
    ] = None,
    keep: Annotated[
        str | None, typer.Option(metavar="PATH", help="Keep rows there as they are made, and go on from them.")
    ] = None,
    held_out: HeldOutOption = 0.2,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Build every construction from the first part of a text and score it on the rest. --output receives the result."""
    from umrnn._validate import writable_file
    from umrnn.construct.compare import compare as measure
    from umrnn.report.output import Output, drawn_work

    read = files_read(the_corpus=corpus)
    kept = None if keep is None else writable_file(keep, "keep", keep=read)
    sink = Output.to("construct compare", format, output, table, keep=read | {"the rows kept": keep})
    source = open_corpus(corpus, byte_range)
    sizes, times = hidden.values if hidden else (128,), train.values if train else None
    check, file = check_of(held_out, permutations, seed), Path(kept) if kept else None
    with drawn_work(threads) as work:
        sink.emit(measure(source, sizes, times=times, check=check, kept=file, work=work))
