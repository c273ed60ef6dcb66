"""``umrnn patterns``: which bytes at which distances say what about the next byte."""

from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

import typer

from umrnn.cli.inputs import files_read, open_corpus, two_parts
from umrnn.cli.options import (
    Byte,
    CorpusOption,
    FormatOption,
    OffsetsOption,
    OutputOption,
    PermutationsOption,
    RangeOption,
    SeedOption,
    TableOption,
    ThreadsOption,
    parse_byte,
)

if TYPE_CHECKING:
    from umrnn.nulls import Check
    from umrnn.progress import Work
    from umrnn.report.output import Output
    from umrnn.um.listing import Listing
    from umrnn.um.skip import GreedyPatterns

__all__ = ["app"]

app = typer.Typer(help="Count patterns and find the offsets that matter.", no_args_is_help=True, rich_markup_mode=None)


class _Given(TypedDict):
    """Keyword arguments that several functions of ``um`` share."""

    check: "Check"
    work: "Work"


class _Listed(_Given):
    """The same of those that list patterns."""

    listing: "Listing"


TopOption = Annotated[int, typer.Option("--top", metavar="K", help="Patterns to list, by bits saved.")]
MinCountOption = Annotated[int, typer.Option("--min-count", metavar="N", help="List patterns seen at least so often.")]
MaxOffsetOption = Annotated[
    int | None,
    typer.Option("--max-offset", metavar="D", help="Largest offset. [default: skip 30, mi 64, trie 10, synergy 20]"),
]


@app.command()
def ngram(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    max_order: Annotated[
        int | None, typer.Option("--max-order", metavar="K", help="Longest context, in bytes. [default: 12]")
    ] = None,
    permutations: PermutationsOption = 199,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Count contexts of the last 1 … K bytes."""
    from umrnn.nulls import Check, Null
    from umrnn.report.output import Output, drawn_work
    from umrnn.um import ngram_orders

    sink = Output.to("patterns ngram", format, output, table, keep=files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    with drawn_work(threads) as work:
        null = Null(permutations, seed)
        sink.emit(ngram_orders(source, max_order, check=Check(null=null), work=work))


@app.command()
def skip(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    offsets: OffsetsOption = None,
    greedy: Annotated[int | None, typer.Option("--greedy", metavar="K", help="Choose up to K offsets instead.")] = None,
    max_offset: MaxOffsetOption = None,
    stop: Annotated[bool, typer.Option("--stop", help="End the search where a gain is not significant.")] = False,
    select: Annotated[
        Literal["gain", "excess"],
        typer.Option("--select", help="Take the offset that gains most, or most beyond what chance gives it."),
    ] = "gain",
    null: Annotated[
        Literal["surrogate", "permuted"],
        typer.Option(
            "--null", help="Chance of a step: texts in which only the chosen offsets matter, or shuffled next bytes."
        ),
    ] = "surrogate",
    top: TopOption = 10,
    min_count: MinCountOption = 2,
    permutations: PermutationsOption = 199,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Measure the skip patterns of given offsets, or search for the offsets."""
    from umrnn import um
    from umrnn.nulls import Check, Null
    from umrnn.report.output import Output, drawn_work

    if (offsets is None) == (greedy is None):
        raise typer.BadParameter("give either --offsets D,D,... or --greedy K")
    sink = Output.to("patterns skip", format, output, table, keep=files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    with drawn_work(threads) as work:
        given = _Listed(listing=um.Listing(top, min_count), check=Check(null=Null(permutations, seed, null)), work=work)
        if offsets is not None:
            sink.emit(um.skip_patterns(source, offsets.values, **given))
        elif greedy is not None:
            found = um.greedy_patterns(source, greedy, max_offset, stop=stop, select=select, **given)
            _emit_search(sink, found, permutations)


def _emit_search(sink: "Output", found: "GreedyPatterns", permutations: int) -> None:
    """What a search found; and a note where so few draws cannot show that a step is significant."""
    from umrnn.report.output import note
    from umrnn.um.search import ALPHA

    sink.emit(found)
    if found.least_p_value is not None and not found.can_be_significant:
        note(
            f"{permutations} draws show no p-value below {found.least_p_value:.2g}, and a step counts from "
            f"{ALPHA} on: no step can be significant; name at least {round(1 / ALPHA) - 1} permutations"
        )


@app.command()
def mi(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    max_offset: MaxOffsetOption = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Measure what the byte at each offset alone says about the next byte; its null is exact and draws nothing."""
    from umrnn.report.output import Output, drawn_work
    from umrnn.um import mutual_information

    sink = Output.to("patterns mi", format, output, table, keep=files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    with drawn_work(threads) as work:
        sink.emit(mutual_information(source, max_offset, work=work))


@app.command()
def trie(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    byte: Annotated[
        Byte | None, typer.Option("--byte", parser=parse_byte, metavar="B", help="Predicted byte: ' ', \\n, 0x3c.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option("--depth", metavar="K", help="Longest context, in bytes. [default: 6]")
    ] = None,
    max_offset: MaxOffsetOption = None,
    permutations: PermutationsOption = 199,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Read backwards from a byte: the contexts that lead to it."""
    from umrnn.nulls import Check, Null
    from umrnn.report.output import Output, drawn_work
    from umrnn.um import backward_trie

    sink = Output.to("patterns trie", format, output, table, keep=files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    with drawn_work(threads) as work:
        given = _Given(check=Check(null=Null(permutations, seed)), work=work)
        value = byte.value if byte else None
        sink.emit(backward_trie(source, value, depth=depth, max_offset=max_offset, **given))


@app.command()
def synergy(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    max_offset: MaxOffsetOption = None,
    permutations: PermutationsOption = 199,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Measure what two bytes say together beyond what each says alone."""
    from umrnn.nulls import Check, Null
    from umrnn.report.output import Output, drawn_work
    from umrnn.um import pair_synergies

    sink = Output.to("patterns synergy", format, output, table, keep=files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    with drawn_work(threads) as work:
        null = Null(permutations, seed)
        sink.emit(pair_synergies(source, max_offset, check=Check(null=null), work=work))


@app.command()
def survive(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="PATH|START:STOP", help="Where to look. [default: the second half]"),
    ] = None,
    offsets: OffsetsOption = None,
    permutations: PermutationsOption = 199,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Count the skip patterns of one text that occur again in another, on one thread."""
    from umrnn.nulls import Null
    from umrnn.report.output import Output, drawn_work
    from umrnn.um import pattern_survival

    sink = Output.to("patterns survive", format, output, table, keep=files_read(the_corpus=corpus, the_other=against))
    source, other, boundary = two_parts(corpus, byte_range, against)
    tuples, null = (offsets.values,) if offsets else None, Null(permutations, seed)
    with drawn_work(threads) as work:
        sink.emit(pattern_survival(source, other, boundary=boundary, tuples=tuples, null=null, work=work))
