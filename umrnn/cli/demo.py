"""``umrnn demo``: the whole story on one corpus."""

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

__all__ = ["demo"]


def demo(
    corpus: CorpusOption = "siteinfo",
    byte_range: RangeOption = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    table: TableOption = None,
) -> None:
    """Tell the whole story on one corpus: count, find patterns, train."""
    from umrnn.demo import demo as tell
    from umrnn.report.output import Output, drawn_work

    sink = Output.to("demo", format, output, table, keep=files_read(the_corpus=corpus))
    source = open_corpus(corpus, byte_range)
    with drawn_work(threads) as work:
        result = tell(source, seed=seed, work=work)
    sink.emit(result)
