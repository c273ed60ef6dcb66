"""``umrnn explain``: what a column, a key, a term or a class means."""

from typing import Annotated

import typer

from umrnn.cli.options import FormatOption, OutputOption, TableOption

__all__ = ["explain"]


def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A column, a key of a headline, a term, a class.")],
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Say what a name in a result means."""
    from umrnn import definitions
    from umrnn.errors import InputError
    from umrnn.report.output import Output

    sink = Output.to("explain", format, output, table)
    try:
        found = definitions.explain(name)
    except InputError as problem:
        typer.echo(f"error: {problem.message}" + (f"; {problem.hint}" if problem.hint else ""), err=True)
        raise typer.Exit(2) from None
    sink.emit(found)
