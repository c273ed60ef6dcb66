"""Every option of every command that takes a number, with numbers that nobody means: a result or one line, at once."""

import typing
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from umrnn.cli.main import app

pytestmark = pytest.mark.needs_jit
VALUES = ("0", "-1", "1" + "0" * 20, "nan", "inf", "")
REFUSED = ("-1", "nan", "inf", "")  # seeds: 0 is that of every other run here, and there is no largest
NAMES = {"Offsets", "Byte"}  # parsers of lists of numbers, and of bytes
WITHOUT = {("--threads",)}  # of which nobody's figures depend; it has tests of its own
LONG = {"demo", "construct compare"}  # train for seconds, on however little; their numbers are those of other commands
TEXT = ("--range", ":120")
QUICK = {  # what keeps a run short; an option that is tried takes the place of its own
    "train": ("--epochs", "2", "--hidden", "3"),
    "construct substitute": ("--epochs", "2", "--draws", "0"),
    "construct predict": ("--shuffles", "0"),
    "construct continuum": ("--groups", "2"),
    "construct carriers": ("--groups", "2", "--steps", "2"),
    "construct halves": ("--groups", "2"),
    "construct hashes": ("--groups", "2", "--draws", "2"),
    "construct spectral": ("--hidden", "8"),
    "construct conjunctions": ("--hidden", "8", "--rounds", "1"),
    "construct multi-offset": ("--offsets", "1,2", "--draws", "1", "--features", "8"),
    "construct reverse": ("--draws", "1"),
    "construct bigram": ("--draws", "1", "--hidden", "8"),
    "construct redux": ("--epochs", "1", "--starts", "0", "--draws", "1"),
    "interpret neuron": ("3",),
    "interpret memory": ("--depth", "2"),
    "interpret lyapunov": ("--exponents", "2"),
    "interpret attribution": ("--steps", "4"),
    "interpret precision": ("--starts", "0"),
    "patterns skip": ("--offsets", "1,2"),
    "patterns mi": ("--max-offset", "3"),
    "patterns synergy": ("--max-offset", "3"),
    "patterns survive": ("--against", "120:240", "--offsets", "1,2"),
}


def commands(group: typer.Typer, words: str = "") -> Iterator[tuple[str, Callable[..., None]]]:
    """Every command by its words, with the function behind it."""
    for one in group.registered_commands:
        assert one.callback is not None
        yield f"{words}{one.name or one.callback.__name__.replace('_', '-')}", one.callback
    for below in group.registered_groups:
        yield from commands(below.typer_instance, f"{words}{below.name or below.typer_instance.info.name} ")


def numbers(command: Callable[..., None]) -> Iterator[str | None]:
    """Options of a command that take a number, or several; None stands for its argument."""
    for name, hint in typing.get_type_hints(command, include_extras=True).items():
        if typing.get_origin(hint) is not typing.Annotated:
            continue
        (kind, *_), (info, *_) = (hint.__origin__,), hint.__metadata__
        kinds = {getattr(one, "__name__", "") for one in typing.get_args(kind) or (kind,)}
        if kinds & ({"int", "float"} | NAMES):
            option = isinstance(info, typer.models.OptionInfo)
            yield (info.param_decls or (f"--{name.replace('_', '-')}",))[0] if option else None


CASES = [
    (words, option)
    for words, function in commands(app)
    if words not in LONG
    for option in numbers(function)
    if (option,) not in WITHOUT
]


def test_cases__are_all_there() -> None:
    assert len(CASES) > 150
    assert {("patterns trie", "--byte"), ("interpret neuron", None), ("construct carriers", "--lr")} <= set(CASES)


def line(words: str, option: str | None, value: str) -> list[str]:
    """A command line that is short work but for the number that is tried."""
    quick, kept = list(QUICK.get(words, ())), []
    while quick:
        taken = quick[: 2 if quick[0].startswith("--") else 1]
        quick = quick[len(taken) :]
        same = taken[0] == option or (option is None and not taken[0].startswith("--"))
        alone = option == "--greedy" and taken[0] == "--offsets"
        kept += [] if same or alone else taken
    shuffles = [] if option == "--permutations" or (words, "--permutations") not in CASES else ["--permutations", "0"]
    if words == "convert":
        return ["convert", "in.npz", "out.npz", f"{option}={value}"]
    tried = value if option is None else f"{option}={value}"
    return [*words.split(), *kept, *TEXT, *shuffles, "--format", "json", tried]


@pytest.mark.parametrize(("words", "option"), CASES)
def test_numbers__that_nobody_means(umrnn: Any, words: str, option: str | None) -> None:
    for value in VALUES if option != "--seed" else REFUSED:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            outcome = umrnn(*line(words, option, value))
        said = (words, option, value, outcome.err)
        assert outcome.code in (0, 1, 2), said
        assert "Traceback" not in outcome.err, said
        assert outcome.code != 1 or outcome.err.count("error:") == 1, said
        assert (outcome.out == "") == (outcome.code != 0), said
