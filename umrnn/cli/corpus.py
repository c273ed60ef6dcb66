"""``umrnn corpus``: what a corpus is made of."""

from typing import Annotated

import typer

from umrnn.cli.inputs import files_read, open_corpus
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    OutputOption,
    RangeOption,
    SeedOption,
    TableOption,
    ThreadsOption,
)

__all__ = ["app"]

app = typer.Typer(help="Describe a corpus.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Describe a corpus."""  # a group of one command stays a group


@app.command()
def info(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    top: Annotated[int, typer.Option("--top", metavar="K", help="How many of the most common bytes to list.")] = 16,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Show size, symbols and entropy, in-sample and held-out."""
    from umrnn.nulls import Check, Null
    from umrnn.progress import Work
    from umrnn.report.output import Output
    from umrnn.um.bytes import byte_statistics

    sink = Output.to("corpus info", format, output, table, keep=files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    sink.emit(byte_statistics(source, top=top, check=Check(null=Null(seed=seed)), work=Work(threads)))
