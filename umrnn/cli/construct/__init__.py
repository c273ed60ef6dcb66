"""``umrnn construct …``: weights written from counts."""

import typer

from umrnn.cli.construct import compare, growth, imitate, offsets, redux, registers

__all__ = ["app"]

app = typer.Typer(
    help="Write weights from counts of a corpus, and measure in bits what they keep.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("predict")(imitate.predict)
app.command("substitute")(imitate.substitute)
app.command("shift-register")(registers.shift_register)
app.command("continuum")(registers.continuum)
app.command("hashes")(registers.hashes)
app.command("carriers")(registers.carriers)
app.command("halves")(registers.halves)
app.command("spectral")(growth.spectral)
app.command("conjunctions")(growth.conjunctions)
app.command("compare")(compare.compare)
app.command("multi-offset")(offsets.multi_offset)
app.command("reverse")(offsets.reverse)
app.command("bigram")(offsets.bigram)
app.command("redux")(redux.redux)
