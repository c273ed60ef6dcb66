"""``umrnn construct multi-offset | reverse | bigram``: what follows from single past bytes, without a state."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from umrnn.cli.construct.options import ShufflesOption
from umrnn.cli.construct.parts import AgainstOption, HeldOutOption, open_parts
from umrnn.cli.construct.written import Writing
from umrnn.cli.inputs import files_read
from umrnn.cli.options import (
    CorpusOption,
    FormatOption,
    Offsets,
    OffsetsOption,
    RangeOption,
    SeedOption,
    TableOption,
    ThreadsOption,
    parse_offsets,
)

if TYPE_CHECKING:
    from umrnn.construct.offsets.design import OffsetDesign

__all__ = ["bigram", "multi_offset", "reverse"]

DrawsOption = Annotated[int, typer.Option("--draws", metavar="N", help="Draws of random codes, for the spread.")]
DescentOption = Annotated[
    int | None,
    typer.Option(
        "--descent-bytes",
        metavar="N",
        help="Bytes that gradient steps see, the latest. [default: 4096, fewer where they are of many kinds]",
    ),
]
ReadoutOption = Annotated[
    str | None, typer.Option("--output", metavar="PATH.npz", help="Write the read-out there; eval scores it.")
]


def multi_offset(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    offsets: OffsetsOption = None,
    greedy: Annotated[
        int | None, typer.Option(metavar="K", help="Read out K offsets that counting chooses instead.")
    ] = None,
    neurons: Annotated[int, typer.Option(metavar="M", help="Rectified neurons in between; 0 for none.")] = 0,
    features: Annotated[int, typer.Option(metavar="F", help="Random signs in all.")] = 128,
    against: AgainstOption = None,
    held_out: HeldOutOption = None,
    draws: Annotated[
        int | None, typer.Option(metavar="N", help="Draws of random codes. [default: 3; 1 beyond --descent-bytes]")
    ] = None,
    descent_bytes: DescentOption = None,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: ReadoutOption = None,
    table: TableOption = None,
) -> None:
    """Read the next byte out of random codes of the bytes at several offsets; by default the published sets of them."""
    from umrnn.construct.multi_offset import multi_offset as measure
    from umrnn.nulls import Null
    from umrnn.report.output import drawn_work

    designs, read = (
        _designs(offsets, greedy, neurons, features, output),
        files_read(the_corpus=corpus, the_other=against),
    )
    writing = Writing.to("construct multi-offset", format, table, output, read, stateless=True)
    parts, null = open_parts(corpus, byte_range, against, held_out), Null(permutations, seed)
    with drawn_work(threads) as work:
        result = measure(parts, designs, draws=draws, descent_bytes=descent_bytes, null=null, work=work)
    writing.emit(result, result.model, [parts.whole], bpc=result.measured[0].row.published_bpc)


def reverse(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    lags: Annotated[
        Offsets | None,
        typer.Option(
            parser=parse_offsets, metavar="D,D,...", help="Lags back from the byte just read. [default: by counting]"
        ),
    ] = None,
    write: Annotated[
        Literal["lags", "offsets"], typer.Option(help="Which log-ratio read-out --output receives.")
    ] = "lags",
    against: AgainstOption = None,
    held_out: HeldOutOption = None,
    draws: DrawsOption = 3,
    descent_bytes: DescentOption = None,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: ReadoutOption = None,
    table: TableOption = None,
) -> None:
    """Write features of past bytes from counts, and fit nothing but their read-out."""
    from umrnn.construct.reverse import reverse as measure
    from umrnn.nulls import Null
    from umrnn.report.output import drawn_work

    read, chosen = files_read(the_corpus=corpus, the_other=against), lags.values if lags else None
    writing = Writing.to("construct reverse", format, table, output, read, stateless=True)
    parts, null = open_parts(corpus, byte_range, against, held_out), Null(permutations, seed)
    with drawn_work(threads) as work:
        result = measure(parts, chosen, draws=draws, descent_bytes=descent_bytes, null=null, work=work)
    kind = "log_ratio" if write == "lags" else "pattern_offsets"
    writing.emit(result, result.model(kind), [parts.whole], bpc=result.measured[kind].row.published_bpc)


def bigram(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    hidden: Annotated[int, typer.Option(metavar="H", help="Neurons.")] = 128,
    ridge: Annotated[float, typer.Option(metavar="X", help="Added to the squared weights of the read-out.")] = 0.01,
    against: AgainstOption = None,
    held_out: HeldOutOption = None,
    draws: DrawsOption = 3,
    permutations: ShufflesOption = 1,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write the network there: .npz, .bin, .safetensors or .pt.")
    ] = None,
    table: TableOption = None,
) -> None:
    """Write a network that predicts from the byte just read, with no training."""
    from umrnn.construct.bigram import bigram as measure
    from umrnn.nulls import Null
    from umrnn.report.output import drawn_work

    read = files_read(the_corpus=corpus, the_other=against)
    writing = Writing.to("construct bigram", format, table, output, read)
    parts, null = open_parts(corpus, byte_range, against, held_out), Null(permutations, seed)
    with drawn_work(threads) as work:
        result = measure(parts, hidden=hidden, ridge=ridge, draws=draws, null=null, work=work)
    writing.emit(result, result.model, [parts.whole], bpc=result.measured["network"].row.published_bpc)


def _designs(
    offsets: Offsets | None, greedy: int | None, neurons: int, features: int, output: str | None
) -> "list[OffsetDesign] | None":
    """The one design that is asked for, None for the published ones."""
    from umrnn.construct.offsets.design import OffsetDesign

    if offsets is not None and greedy is not None:
        raise typer.BadParameter("give either --offsets D,D,... or --greedy K")
    if offsets is None and greedy is None:
        if neurons or features != 128 or output:
            raise typer.BadParameter("--neurons, --features and --output need --offsets D,D,... or --greedy K")
        return None
    return [OffsetDesign(offsets.values if offsets else (), greedy or 0, neurons, features)]
