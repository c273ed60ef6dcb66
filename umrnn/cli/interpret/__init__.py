"""``umrnn interpret …``: what a network's states and weights say about the bytes it reads."""

import typer

from umrnn.cli.interpret import (
    alignment,
    attribution,
    boolean,
    factor_map,
    gradient,
    intervene,
    lyapunov,
    memory,
    neurons,
    svd,
)

__all__ = ["app"]

app = typer.Typer(
    help="Read events out of a network's states and weights.", no_args_is_help=True, rich_markup_mode=None
)
app.command("factor-map")(factor_map.factor_map)
app.command("boolean")(boolean.boolean)
app.command("knockout")(neurons.knockout)
app.command("saturation")(neurons.saturation)
app.command("precision")(neurons.precision)
app.command("weights")(neurons.weights)
app.command("neuron")(factor_map.neuron)
app.command("gradient")(gradient.gradient)
app.command("intervene")(intervene.intervene)
app.command("alignment")(alignment.alignment)
app.command("attribution")(attribution.attribution)
app.command("export")(attribution.export)
app.command("memory")(memory.memory)
app.command("svd")(svd.svd)
app.command("lyapunov")(lyapunov.lyapunov)
