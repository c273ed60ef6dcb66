"""State dicts of PyTorch: which tensor of nn.RNN or nn.RNNCell, nn.Linear and nn.Embedding is which array, and back.

PyTorch stores weight_ih (H, V), weight_hh (H, H) and up to *two* biases, bias_ih + bias_hh, where an Elman has one. An
nn.Embedding (V, E) before the recurrent layer makes weight_ih (H, E): W_x is its product with the embedding. A
read-out may share the embedding's weights. Names may have any prefix. A state dict does not say which nonlinearity it
was trained with: tanh, PyTorch's default, is taken for granted, and said.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import InputError, ModelError
from umrnn.rnn.formats.arrays import NAMES, Contents, text_of
from umrnn.rnn.formats.roles import Roles
from umrnn.rnn.formats.surroundings import NAMES_HINT, Surroundings
from umrnn.rnn.weights import ALPHABET

__all__ = ["PYTORCH", "holds_a_recurrent_layer", "state_dict_roles", "to_state_dict"]

_RECURRENT = re.compile(
    r"(?P<prefix>(?:.*[./])?)(?P<part>(weight|bias)_(ih|hh|hr))(_l(?P<layer>[0-9]+)(?P<reverse>_reverse)?)?"
)
_GATES = {3: "a GRU", 4: "an LSTM"}
PYTORCH = Roles(
    ("rnn.weight_ih_l0",),
    ("rnn.weight_hh_l0",),
    ("rnn.bias_ih_l0", "rnn.bias_hh_l0"),
    ("readout.weight",),
    ("readout.bias",),
)


@dataclass(frozen=True)
class _Place:
    """One layer in one direction: what stands before its names, its number and its direction."""

    prefix: str
    layer: int
    reverse: bool

    def __str__(self) -> str:
        return f"{self.layer}{'-reverse' if self.reverse else ''}"


def to_state_dict(arrays: Mapping[str, NDArray[Any]], roles: Roles = PYTORCH) -> dict[str, NDArray[Any]]:
    """Arrays under the names of ``roles``; the hidden bias goes to the first of two, zeros to the other.

    Raises
    ------
    InputError
        If the names have no place for a bias that is not 0, or stand for an embedding, which W_x does not tell.
    """
    if roles.embedding:
        raise InputError("a network with an embedding cannot be written under its own names: W_x does not tell the two")
    found: dict[str, NDArray[Any]] = {}
    for role in NAMES:
        array, names = arrays[role], getattr(roles, role)
        if not names and np.any(array):
            raise InputError(f"the names to write have none for {role}, which is not 0")
        for position, name in enumerate(names):
            part = array if position == 0 else np.zeros_like(array)
            found[name.removesuffix(".T")] = part.T if name.endswith(".T") else part
    return found


def holds_a_recurrent_layer(names: Iterable[Any]) -> bool:
    """Whether any of the names is one that PyTorch gives to a recurrent layer."""
    return any(isinstance(name, str) and _RECURRENT.fullmatch(name) for name in names)


def state_dict_roles(contents: Contents, layer: str | None = None, size: int = ALPHABET) -> Roles:
    """Which tensor is which in a network of ``size`` symbols; refuses what an Elman has no place for.

    ``layer``, such as ``0`` or ``0-reverse``, takes one layer in one direction out of a network of several, without a
    read-out: its states are those of the network, its predictions are nobody's.
    """
    path, layers = contents.path, _layers(contents)
    place = _chosen(contents, layers, layer)
    found = layers[place]
    missing = [name for name in ("weight_ih", "weight_hh") if name not in found]
    if missing:
        raise ModelError(
            f"{path} holds neither {', '.join(NAMES)} nor a tensor named …{missing[0]}_l0; "
            f"found {text_of(dict(contents.arrays))}"
        )
    hidden = _hidden(contents, found["weight_hh"], found["weight_ih"])
    biases = tuple(found[name] for name in ("bias_ih", "bias_hh") if name in found)
    if any(contents.arrays[name].shape != (hidden,) for name in biases):
        shapes = [contents.arrays[name].shape for name in biases]
        raise ModelError(f"{path}: the hidden biases must be ({hidden},), got {shapes}")
    recurrent = [name for one in layers.values() for name in one.values()]
    others = {name: array for name, array in contents.arrays.items() if name not in recurrent}
    width = contents.arrays[found["weight_ih"]].shape[1]
    surroundings = Surroundings(contents, others, hidden, width, size)
    around = surroundings.of_a_layer() if layer is not None else surroundings.of_the_network()
    return Roles((found["weight_ih"],), (found["weight_hh"],), biases, *around)


def _layers(contents: Contents) -> dict[_Place, dict[str, str]]:
    """Full names by their last part without ``_l0``, for each layer and direction."""
    layers: dict[_Place, dict[str, str]] = {}
    for name in contents.arrays:
        match = _RECURRENT.fullmatch(name)
        if match is None:
            continue
        if match["part"] == "weight_hr":
            raise ModelError(f"{contents.path} is an LSTM with a projection: an Elman has one tanh layer ({name})")
        place = _Place(match["prefix"], int(match["layer"] or 0), match["reverse"] is not None)
        layers.setdefault(place, {})[match["part"]] = name
    return layers


def _chosen(contents: Contents, layers: Mapping[_Place, dict[str, str]], layer: str | None) -> _Place:
    """The one layer there is, or the one asked for."""
    path, first = contents.path, min(layers, key=lambda place: (place.prefix, place.layer, place.reverse))
    if layer is None:
        for place, names in layers.items():
            name = next(iter(names.values()))
            if place.prefix != first.prefix:
                one = next(iter(layers[first].values()))
                raise ModelError(f"{path} holds more than one recurrent network: {one} and {name}", hint=NAMES_HINT)
            hint = f"take one with --layer: {', '.join(str(one) for one in layers)}"
            if place.layer > 0:
                raise ModelError(f"{path} has more than one recurrent layer: an Elman has one ({name})", hint=hint)
            if place.reverse:
                raise ModelError(f"{path} is a bidirectional network: an Elman reads forward only ({name})", hint=hint)
        return first
    found = [place for place in layers if str(place) == layer]
    if len(found) != 1:
        raise InputError(f"layer must be one of {', '.join(map(str, layers))}, got {layer}")
    if found[0].layer > 0:
        raise ModelError(
            f"{path}: layer {layer} reads the states of layer {found[0].layer - 1}, not bytes",
            hint="export its states from the framework and read those with --states",
        )
    return found[0]


def _hidden(contents: Contents, hh: str, ih: str) -> int:
    """H, from recurrent weights that must be square."""
    path, W_h, W_x = contents.path, contents.arrays[hh].shape, contents.arrays[ih].shape
    if len(W_h) != 2 or len(W_x) != 2 or 0 in W_h:
        raise ModelError(f"{path}: weight_hh_l0 must be (H, H), got {W_h} beside weight_ih_l0 {W_x}")
    rows, hidden = W_h
    if rows != hidden:
        gates = _GATES.get(rows // hidden) if rows % hidden == 0 else None
        what = f"is {gates}: an Elman has one tanh layer" if gates else "has no square recurrent matrix"
        raise ModelError(f"{path} {what} (weight_hh_l0 must be (H, H), got {W_h})")
    return hidden
