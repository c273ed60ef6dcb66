"""The reference of the command line, from its own help: ``python -m umrnn.cli.reference > docs/reference/cli.md``."""

import os
from collections.abc import Iterator
from typing import Any

import typer

__all__ = ["reference"]


def reference() -> str:
    """Markdown with the help of every command, 100 columns wide whatever the terminal."""
    os.environ.update(COLUMNS="100", TERMINAL_WIDTH="100", NO_COLOR="1")
    from umrnn.cli.main import app

    parts = [
        "# Command line\n",
        "Written by `python -m umrnn.cli.reference`. Results go to standard output, everything else to standard\n"
        "error. Exit codes: 0 done, 1 unfit input or file, 2 usage, 3 a check failed, 130 interrupted.\n",
    ]
    for words, text in _helps(typer.main.get_command(app), "umrnn", None):
        parts.append(f"## `{words}`\n\n```text\n{text.strip()}\n```\n")
    return "\n".join(parts)


def _helps(command: Any, words: str, parent: Any) -> Iterator[tuple[str, str]]:
    """(words, help) of a command and of all below it, in the order of the help."""
    context = command.make_context(words.split()[-1], [], parent=parent, resilient_parsing=True)
    context.command_path_override = words
    lines = [line.rstrip() for line in command.get_help(context).splitlines()]
    yield words, "\n".join(lines)
    for name in getattr(command, "commands", {}):
        yield from _helps(command.commands[name], f"{words} {name}", context)


if __name__ == "__main__":
    typer.echo(reference(), nl=False)
