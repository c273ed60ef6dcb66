"""The command ``umrnn``: assembles the groups, and alone turns exceptions into exit codes.

====  =======================================================================
0     done; also where the reader of a pipe left early
1     understood, but unfit for this input, or a file or model is at fault
2     usage: an option that cannot be parsed (Typer's own)
3     a check ran and failed
130   interrupted
====  =======================================================================

Any other exception is a bug of umrnn, and shows its traceback.
"""

import os
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

import umrnn
from umrnn import _cache
from umrnn.cli import construct, corpus, demo, env, explain, interpret, network, patterns
from umrnn.cli.shared import shared_by_all
from umrnn.errors import CheckFailed, UmrnnError
from umrnn.report.choice import choose
from umrnn.report.text import show_text, spell

__all__ = ["app", "main"]

_plain_warning = warnings.showwarning


class _Mapped(TyperGroup):
    """Maps exceptions before Typer sees them: it would swallow Ctrl-C and broken pipes in ways of its own."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        shared_by_all(self)

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        try:
            return super().make_context(*arguments, **settings)
        except KeyboardInterrupt as problem:
            raise typer.Exit(_exit_code(problem)) from None

    def invoke(self, ctx: Any) -> Any:
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
            return answer
        except (UmrnnError, MemoryError, KeyboardInterrupt, OSError) as problem:
            raise typer.Exit(_exit_code(problem)) from None


app = typer.Typer(
    cls=_Mapped,
    help="Read and write recurrent networks with counting.",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(demo.demo)
app.add_typer(corpus.app, name="corpus")
app.add_typer(patterns.app, name="patterns")
app.add_typer(interpret.app, name="interpret")
app.add_typer(construct.app, name="construct")
app.command("train")(network.train)
app.command("eval")(network.evaluate)
app.command("sample")(network.sample)
app.command("convert")(network.convert)
app.command("explain")(explain.explain)
app.command("env")(env.env)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"umrnn {umrnn.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line on ``argv`` (default: the arguments of the process); always raises SystemExit."""
    try:
        _prepare()
        _program()(argv, prog_name="umrnn")
    except (OSError, KeyboardInterrupt) as problem:  # before a command is invoked, as while help is printed
        sys.exit(_exit_code(problem))
    finally:
        _flush_stdout()
    sys.exit(0)


@cache
def _program() -> Any:
    """The commands as Typer makes them of the functions: 50 ms, once in a process, however often ``main`` is called."""
    return get_command(app)


def _prepare() -> None:
    """The streams and the environment as the commands need them."""
    if sys.stdout is None:  # closed by the caller, as by ``umrnn … >&-``
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a locale without '–' or '␣' gets an escape, not a traceback
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    spell(None)
    choose()
    threads = os.environ.get("NUMBA_NUM_THREADS")
    if threads is not None and not (threads.isascii() and threads.isdigit() and int(threads) > 0):
        del os.environ["NUMBA_NUM_THREADS"]  # numba would not load; its own threads are not used here
        _say(f"note: NUMBA_NUM_THREADS={threads} is no number of threads and is left out; see --threads")
    _cache.use()


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """One line in place of NumPy's, whose first is about its own source; figures that are no numbers stay missing."""
    if issubclass(category, RuntimeWarning) and "encountered in" in str(message):
        _cache.note_once("some numbers went beyond what floating point holds: figures that need them are missing")
    else:
        _plain_warning(message, category, *where, **more)


def _exit_code(problem: BaseException) -> int:
    """Say in one or two lines on standard error what happened; return the code to leave with."""
    match problem:
        case BrokenPipeError():
            return 0
        case KeyboardInterrupt():  # its text, if any, says how to resume
            _say(f"interrupted: {problem}" if str(problem) else "interrupted")
            return 130
        case UmrnnError():
            _say(f"error: {problem.message}")
            if problem.hint:
                _say(f"hint: {problem.hint}")
            return 3 if isinstance(problem, CheckFailed) else 1
        case MemoryError():
            _say("error: there is not enough memory for this")
            _say("hint: take fewer bytes with --range START:STOP")
        case OSError():  # a full disk, a file that vanished: no fault of the program
            _say(f"error: {f'{problem.filename}: ' if problem.filename else ''}{problem.strerror or problem}")
    return 1


def _say(line: str) -> None:
    typer.echo(show_text(line), err=True)


def _flush_stdout() -> None:
    """Write what is still buffered; where nobody reads it any more, drop it before the interpreter complains."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
