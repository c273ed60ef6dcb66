"""Options that every command has, and what they mean: how results are shown, and the corpus as a plain argument.

They are put onto the commands here, once, instead of standing in every signature.
"""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

import typer

from umrnn.report.choice import Choice, choose

__all__ = ["shared_by_all"]

_CORPUS = "corpus_argument"


def _asked(
    columns: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Only these columns. [default: those that matter]")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Sort by this column, by -COLUMN from the largest down.")
    ] = None,
    rows: Annotated[int | None, typer.Option(metavar="N", min=0, help="Rows of each table. [default: 10]")] = None,
    all: Annotated[bool, typer.Option("--all", help="All rows and all columns.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="All figures and all tables.")] = False,
    headline: Annotated[bool, typer.Option("--headline", help="The figures alone, in csv too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no notes.")] = False,
) -> Choice:
    """What the reader asked to see."""
    names = tuple(name.strip() for name in columns.split(",") if name.strip()) if columns else ()
    return Choice(names, sort, rows, all, verbose, headline, quiet)


def _corpus(
    corpus_argument: Annotated[str | None, typer.Argument(metavar="CORPUS", help="The same as --corpus.")] = None,
) -> None:
    """The argument of a command that reads one corpus."""


def shared_by_all(group: Any) -> None:
    """Give every command below ``group`` the shared options."""
    for command in group.commands.values():
        if hasattr(command, "commands"):
            shared_by_all(command)
        elif not any(parameter.name == "headline" for parameter in command.params):
            _share(command)


def _share(command: Any) -> None:
    takes_arguments = any(parameter.param_type_name == "argument" for parameter in command.params)
    if not takes_arguments and any(parameter.name == "corpus" for parameter in command.params):
        command.params = [*_parameters(_corpus), *command.params]
    own = {parameter.name for parameter in command.params}
    command.params += [parameter for parameter in _parameters(_asked) if parameter.name not in own]
    command.callback = _choosing(command.callback)


@cache
def _parameters(function: Callable[..., Any]) -> tuple[Any, ...]:
    """What Typer makes of the parameters of ``function``: once for all commands, which share them."""
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return tuple(typer.main.get_command(app).params)


def _choosing(callback: Callable[..., Any]) -> Callable[..., Any]:
    """``callback``, after what is to be shown has been chosen."""
    names = [parameter.name for parameter in _parameters(_asked)]

    def run(**given: Any) -> Any:
        choose(_asked(**{name: given.pop(name) for name in names}))
        corpus = given.pop(_CORPUS, None)
        if corpus is not None and given["corpus"] not in ("siteinfo", corpus):
            raise typer.BadParameter("give the corpus once: as an argument or with --corpus")
        if corpus is not None:
            given["corpus"] = corpus
        return callback(**given)

    return run
