"""``umrnn construct …``: weights written from counts."""

import typer

from umrnn.cli.construct import imitate

__all__ = ["app"]

app = typer.Typer(
    help="Write weights from counts of a corpus, and measure in bits what they keep.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("predict")(imitate.predict)
app.command("substitute")(imitate.substitute)
