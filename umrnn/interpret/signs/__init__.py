"""The network as a Boolean automaton: signs packed and stepped, compared with the network, drawn as a graph."""

from umrnn.interpret.signs.graph import (
    TransitionGraph,
    Transitions,
    graph_file,
    most_visited,
    save_graph,
    transitions,
)
from umrnn.interpret.signs.influence import boolean_influence, cycles, sampled_indices
from umrnn.interpret.signs.machine import SignMachine
from umrnn.interpret.signs.sign_pass import Counterexample, SignPass, Ternary, null_bits

__all__ = [
    "Counterexample",
    "SignMachine",
    "SignPass",
    "Ternary",
    "TransitionGraph",
    "Transitions",
    "boolean_influence",
    "cycles",
    "graph_file",
    "most_visited",
    "null_bits",
    "sampled_indices",
    "save_graph",
    "transitions",
]
