"""From options to library objects: the corpus a command reads."""

import os
import sys
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from umrnn.cli.options import ByteRange, parse_range
from umrnn.errors import InputError
from umrnn.report.text import show_text, spell

if TYPE_CHECKING:
    from umrnn.alphabet import Alphabet
    from umrnn.corpus import Corpus
    from umrnn.rnn.formats import ModelFile, ReadoutFile
    from umrnn.rnn.states import States

__all__ = [
    "check_reads_bytes",
    "files_read",
    "needs_network",
    "open_corpus",
    "open_explained",
    "open_known",
    "open_model",
    "open_predictor",
    "open_reading",
    "recoded",
    "two_parts",
]


def open_corpus(source: str, byte_range: ByteRange | None = None) -> "Corpus":
    """The corpus named by ``--corpus``, cut to ``--range``.

    Parameters
    ----------
    source : ``siteinfo``, ``-`` for standard input, or a path (``./siteinfo`` for a file of that name).
    byte_range : positions as given; None is the whole.

    Raises
    ------
    InputError
        If there is nothing to read there, or the range does not fit.
    """
    from umrnn._mapped import watch
    from umrnn.corpus import Corpus

    span = byte_range or ByteRange()
    if source == "siteinfo":
        return Corpus.siteinfo().slice(span.start, span.stop)
    if source == "-":
        return Corpus.from_bytes(_read_stdin(), name="-").slice(span.start, span.stop)
    path = Path(source)
    if path.is_fifo():  # a pipe, such as the shell's <(command), cannot be mapped
        return Corpus.from_bytes(path.read_bytes(), name=source).slice(span.start, span.stop)
    corpus = Corpus.open(path, span.start, span.stop)
    watch(path, _cut_short)
    return corpus


def open_model(path: str | None) -> "ModelFile":
    """The network in the file at ``path``, or the one that ships with the package; with what the file says of it."""
    from umrnn.rnn.formats import describe
    from umrnn.rnn.shipped import shipped_file

    return shipped_file() if path is None else describe(path)


def open_predictor(path: str | None) -> "ModelFile | ReadoutFile":
    """The same of anything that predicts bytes: a read-out without dynamics is scored, and no more than that."""
    from umrnn.rnn.formats import describe_predictor
    from umrnn.rnn.shipped import shipped_file

    return shipped_file() if path is None else describe_predictor(path)


def open_reading(source: str, byte_range: ByteRange | None, model: str | None) -> tuple["Corpus", "ModelFile"]:
    """The corpus and the network that a reading looks at; the shipped network is read on ``siteinfo`` only.

    Raises
    ------
    InputError
        If another corpus is named and no network.
    """
    network = open_known(source, model)
    return recoded(open_corpus(source, byte_range), network), network


def needs_network(states: str | None, **options: object) -> None:
    """Refuse options that run a network where there are only its states."""
    for name, value in options.items():
        if states is not None and value is not None:
            raise typer.BadParameter(f"--{name} runs the network: leave it out with --states")


def open_explained(
    source: str, byte_range: ByteRange | None, model: str | None, states: str | None, alphabet: str | None
) -> tuple["Corpus", "ModelFile | States"]:
    """The corpus and what is read on it: a network as :func:`open_reading` has it, or states in a file.

    Raises
    ------
    InputError
        If there is not one state per byte, or per symbol of ``alphabet``.
    """
    from umrnn.alphabet import Alphabet
    from umrnn.rnn.states import States

    if states is None:
        if alphabet is not None:
            raise typer.BadParameter("--alphabet is that of --states; a network's lies in its file")
        return open_reading(source, byte_range, model)
    if model is not None:
        raise typer.BadParameter("give either --states or --model")
    corpus = open_corpus(source, byte_range)
    if alphabet is not None:
        corpus = _spelled(corpus, Alphabet.in_file(alphabet))
    return corpus, States.open(states, corpus)


def recoded(corpus: "Corpus", network: "ModelFile | ReadoutFile") -> "Corpus":
    """``corpus`` as the network reads it: in the symbols of its alphabet, which tables then show.

    Raises
    ------
    InputError
        If the corpus holds anything that is not in the alphabet.
    """
    alphabet = getattr(network, "alphabet", None)
    return corpus if alphabet is None else _spelled(corpus, alphabet)


def _spelled(corpus: "Corpus", alphabet: "Alphabet") -> "Corpus":
    """``corpus`` in the symbols of ``alphabet``, which tables then show."""
    read = alphabet.recode(corpus)
    spell(alphabet.spellings)
    if read is not corpus:
        name = show_text(corpus.name)
        sys.stderr.write(f"note: {name} is read as {len(read)} symbols of the network; positions count symbols\n")
    return read


def open_known(source: str, model: str | None) -> "ModelFile":
    """The network that a reading of ``source`` looks at; else as :func:`open_reading`."""
    if model is None and source != "siteinfo":
        trained = "FILE" if source == "-" else source
        raise InputError(
            "a reading of another corpus needs --model: the network that ships knows siteinfo only",
            hint=f"umrnn train --corpus {trained} --optimizer adam --output network.npz, then --model network.npz",
        )
    return open_model(model)


def check_reads_bytes(network: "ModelFile") -> None:
    """Refuse, for a command that trains on bytes, a network whose symbols are others."""
    if network.alphabet is not None and not network.alphabet.is_ascii:
        raise InputError(f"{network.path} is a network over characters, and this command trains on bytes")


def files_read(**named: str | None) -> dict[str, str | None]:
    """What an output must not overwrite: the files among ``the_corpus="book.txt", the_model=None`` and the like."""
    return {name.replace("_", " "): None if path in ("siteinfo", "-") else path for name, path in named.items()}


def two_parts(
    source: str, byte_range: ByteRange | None, against: str | None
) -> tuple["Corpus", "Corpus | None", int | None]:
    """The corpus, the other corpus of ``--against`` if it is one, else where the second part begins.

    ``against`` is a path, or a range of the same source. A range that begins where the corpus ends continues it: both
    come back as one corpus with the boundary between them, so that contexts of the second part reach into the first.
    """
    whole, span = open_corpus(source), byte_range or ByteRange()
    first = whole.slice(span.start, span.stop)
    if against is None:
        return first, None, None
    if ":" not in against or Path(against).exists():
        return first, open_corpus(against), None
    other = parse_range(against)
    if other.start == first.stop:
        return whole.slice(first.start, other.stop), None, len(first)
    return first, whole.slice(other.start, other.stop), None


def _read_stdin() -> bytearray:
    if sys.stdin is None:
        raise InputError("--corpus - reads standard input, which is closed", hint="pipe bytes in: … | umrnn …")
    if sys.stdin.isatty():
        raise InputError("--corpus - reads standard input, which is a terminal", hint="pipe bytes in: … | umrnn …")
    data, stream = bytearray(), cast(BufferedReader, sys.stdin.buffer)
    while piece := stream.read1(1 << 20):  # read() would not notice Ctrl-C between two pieces
        data += piece
    if not data:
        raise InputError("standard input is empty: a corpus needs at least one byte")
    return data


def _cut_short(path: Path) -> int:
    """Say that a mapped file cannot be read any more, and return the code to leave with."""
    problem = InputError(f"{path} became shorter while it was read", hint="read a copy that nobody changes")
    for line in (f"error: {problem.message}", f"hint: {problem.hint}"):
        os.write(2, (show_text(line) + "\n").encode("utf-8", "backslashreplace"))
    return 1
