"""``umrnn construct shift-register | continuum | hashes | carriers | halves``: registers of the codes of past bytes."""

from functools import partial
from typing import Annotated, Literal

import typer

from umrnn.cli.construct.options import HeldOutOption, NetworkOption, ShufflesOption, check_of
from umrnn.cli.construct.written import Writing
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

__all__ = ["carriers", "continuum", "halves", "hashes", "shift_register"]

HashOption = Annotated[
    Literal["mixed", "random", "bits", "semantic", "hybrid", "degenerate"],
    typer.Option("--hash", help="How a byte becomes signs."),
]
BitsOption = Annotated[int | None, typer.Option("--bits", metavar="B", help="Signs per byte. [default: 8, hybrid 16]")]
GroupsOption = Annotated[
    int | None,
    typer.Option(
        "--groups", metavar="G", help="Bytes held. [default: --hidden / --bits, or 16 if there are bytes enough]"
    ),
]
ManyGroupsOption = Annotated[
    int | None, typer.Option("--groups", metavar="G", help="Bytes held. [default: 16 if there are enough]")
]
HiddenOption = Annotated[
    int | None, typer.Option("--hidden", metavar="H", help="Neurons, --groups x --bits. [default: that product]")
]
ReadoutOption = Annotated[
    Literal["log-ratio", "fourier", "pinv", "gradient", "newton"],
    typer.Option("--readout", help="How the output weights are found; the first three from counts alone."),
]
DescentOption = Annotated[
    int | None,
    typer.Option(
        "--descent-bytes",
        metavar="N",
        help="Bytes that gradient steps and Newton see, the latest. [default: as many as take seconds, at most 8192]",
    ),
]


def shift_register(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    hash: HashOption = "mixed",
    bits: BitsOption = None,
    groups: GroupsOption = None,
    hidden: HiddenOption = None,
    readout: ReadoutOption = "pinv",
    ridge: Annotated[
        float | None, typer.Option(metavar="X", help="Of pinv or newton. [default: pinv 0.01, newton 0.0001]")
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="[default: gradient 1000, newton up to 30]")] = None,
    descent_bytes: Annotated[
        int, typer.Option(metavar="N", help="Bytes that gradient steps and Newton see, the latest.")
    ] = 1 << 13,
    held_out: HeldOutOption = 0.5,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: NetworkOption = None,
    table: TableOption = None,
) -> None:
    """Write a network that holds the codes of the last bytes, and read it out."""
    from umrnn.construct.register import Carrier
    from umrnn.construct.shift_register import shift_register as write
    from umrnn.report.output import drawn_work

    writing = Writing.to("construct shift-register", format, table, output, files_read(the_corpus=corpus))
    source, check = open_corpus(corpus, byte_range), check_of(held_out, permutations, seed)
    counted = check.split.boundary(len(source))
    carrier = Carrier.of(hash, bits, groups, hidden=hidden, seed=seed, length=counted)
    fit = partial(write, readout=readout, ridge=ridge, steps=steps, descent_bytes=descent_bytes)
    with drawn_work(threads) as work:
        result = fit(source, carrier, check=check, work=work)
    writing.emit(result, result.model, [source], bpc=result.rows[-1].published_bpc)


def continuum(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    hash: HashOption = "mixed",
    bits: BitsOption = None,
    groups: GroupsOption = None,
    hidden: HiddenOption = None,
    descent_bytes: DescentOption = None,
    held_out: HeldOutOption = 0.5,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: NetworkOption = None,
    table: TableOption = None,
) -> None:
    """Read out one register in nine ways, from counting to Newton's method; --output writes the best in-sample."""
    from umrnn.construct.continuum import continuum as measure
    from umrnn.construct.register import Carrier
    from umrnn.report.output import drawn_work

    writing = Writing.to("construct continuum", format, table, output, files_read(the_corpus=corpus))
    source, check = open_corpus(corpus, byte_range), check_of(held_out, permutations, seed)
    counted = check.split.boundary(len(source))
    carrier = Carrier.of(hash, bits, groups, hidden=hidden, seed=seed, length=counted)
    with drawn_work(threads) as work:
        result = measure(source, carrier, descent_bytes=descent_bytes, check=check, work=work)
    bpc = result.measured[result.best].row.published_bpc
    writing.emit(result, result.model, [source], bpc=bpc, construction=result.best)


def hashes(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    groups: ManyGroupsOption = None,
    draws: Annotated[int, typer.Option(metavar="N", help="Draws of random half-splits.")] = 10,
    held_out: HeldOutOption = 0.5,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Compare six ways to turn a byte into signs. --output receives the result."""
    from umrnn.construct.hashes import compare_hashes
    from umrnn.report.output import Output, drawn_work

    sink = Output.to("construct hashes", format, output, table, keep=files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    check = check_of(held_out, permutations, seed)
    with drawn_work(threads) as work:
        sink.emit(compare_hashes(source, groups=groups, draws=draws, seed=seed, check=check, work=work))


def carriers(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    groups: ManyGroupsOption = None,
    lr: Annotated[float, typer.Option(metavar="X", help="Rate of the gradient steps.")] = 10.0,
    steps: Annotated[int, typer.Option(metavar="N", help="Gradient steps.")] = 1000,
    descent_bytes: DescentOption = None,
    held_out: HeldOutOption = 0.5,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Compare registers of 128 and 256 neurons with several codes. --output receives the result."""
    from umrnn.construct.carriers import compare_carriers
    from umrnn.report.output import Output, drawn_work

    sink = Output.to("construct carriers", format, output, table, keep=files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    check = check_of(held_out, permutations, seed)
    compare = partial(compare_carriers, groups=groups, rate=lr, steps=steps, descent_bytes=descent_bytes, seed=seed)
    with drawn_work(threads) as work:
        sink.emit(compare(source, check=check, work=work))


def halves(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    hash: HashOption = "mixed",
    bits: BitsOption = None,
    groups: GroupsOption = None,
    hidden: HiddenOption = None,
    descent_bytes: DescentOption = None,
    held_out: HeldOutOption = 0.5,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Fit on the first part and score the rest; show what cheating gains. --output receives the result."""
    from umrnn.construct.halves import halves as measure
    from umrnn.construct.register import Carrier
    from umrnn.report.output import Output, drawn_work

    sink = Output.to("construct halves", format, output, table, keep=files_read(the_corpus=corpus))
    source, check = open_corpus(corpus, byte_range), check_of(held_out, permutations, seed)
    counted = check.split.boundary(len(source))
    carrier = Carrier.of(hash, bits, groups, hidden=hidden, seed=seed, length=counted)
    with drawn_work(threads) as work:
        sink.emit(measure(source, carrier, descent_bytes=descent_bytes, check=check, work=work))
