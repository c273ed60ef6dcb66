"""``umrnn env``: what a bug report needs."""

from umrnn.cli.options import FormatOption, OutputOption, TableOption

__all__ = ["env"]


def env(format: FormatOption = None, output: OutputOption = None, table: TableOption = None) -> None:
    """Show what a bug report needs: versions, threads, cache."""
    from umrnn.environment import environment
    from umrnn.report.output import Output

    sink = Output.to("env", format, output, table)
    sink.emit(environment())
