"""``umrnn construct …``: weights written from counts."""

import typer

__all__ = ["app"]

app = typer.Typer(
    help="Write weights from counts of a corpus, and measure in bits what they keep.", no_args_is_help=True
)
