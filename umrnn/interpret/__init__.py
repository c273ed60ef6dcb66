"""ψ, numbers to events: what the states and weights of a network say about the bytes it reads.

A **lag** counts back from the byte just read: h_t is explained by x_t (lag 0), x_{t-1} (lag 1) and so on.
"""

from umrnn.interpret.alignment import alignment
from umrnn.interpret.attribution import Sharing, attribution
from umrnn.interpret.boolean import boolean
from umrnn.interpret.factor_map import PUBLISHED_LAGS, factor_map
from umrnn.interpret.gradient import gradient
from umrnn.interpret.intervene import intervene
from umrnn.interpret.knockout import knockout
from umrnn.interpret.lyapunov import lyapunov
from umrnn.interpret.memory import memory
from umrnn.interpret.neuron import neuron
from umrnn.interpret.offset_effects import offset_effects
from umrnn.interpret.patching import patch_positions, patch_texts
from umrnn.interpret.precision import precision
from umrnn.interpret.saturation import saturation
from umrnn.interpret.signs import boolean_influence
from umrnn.interpret.state_alignment import state_alignment
from umrnn.interpret.state_memory import state_memory
from umrnn.interpret.svd import svd
from umrnn.interpret.weights import read_weights
from umrnn.rnn.states import States

__all__ = [
    "PUBLISHED_LAGS",
    "Sharing",
    "States",
    "alignment",
    "attribution",
    "boolean",
    "boolean_influence",
    "factor_map",
    "gradient",
    "intervene",
    "knockout",
    "lyapunov",
    "memory",
    "neuron",
    "offset_effects",
    "patch_positions",
    "patch_texts",
    "precision",
    "read_weights",
    "saturation",
    "state_alignment",
    "state_memory",
    "svd",
]
