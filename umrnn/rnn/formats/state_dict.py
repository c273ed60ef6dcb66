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
from umrnn.rnn.formats.arrays import NAMES, Contents, Stored, text_of
from umrnn.rnn.formats.roles import Names, Roles
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["PYTORCH", "holds_a_recurrent_layer", "state_dict_roles", "to_state_dict"]

_RECURRENT = re.compile(
    r"(?P<prefix>(?:.*[./])?)(?P<part>(weight|bias)_(ih|hh|hr))(_l(?P<layer>[0-9]+)(?P<reverse>_reverse)?)?"
)
_WEIGHT = re.compile(r"(.*[./])?weight")
_GATES = {3: "a GRU", 4: "an LSTM"}
_EMBEDDING = re.compile(r"emb|wte|token|lookup|encoder", re.IGNORECASE)
_HINT = "say which tensor is which with --names map.json"
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


def to_state_dict(model: Elman, roles: Roles = PYTORCH) -> dict[str, NDArray[Any]]:
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
        array, names = getattr(model, role), getattr(roles, role)
        if not names and np.any(array):
            raise InputError(f"the names to write have none for {role}, which is not 0")
        for position, name in enumerate(names):
            part = array if position == 0 else np.zeros_like(array)
            found[name.removesuffix(".T")] = part.T if name.endswith(".T") else part
    return found


def holds_a_recurrent_layer(names: Iterable[Any]) -> bool:
    """Whether any of the names is one that PyTorch gives to a recurrent layer."""
    return any(isinstance(name, str) and _RECURRENT.fullmatch(name) for name in names)


def state_dict_roles(contents: Contents, layer: str | None = None) -> Roles:
    """Which tensor is which; refuses what an Elman has no place for.

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
    alone = Roles((found["weight_ih"],), (found["weight_hh"],), biases)
    return _with_readout(contents, alone, hidden, recurrent, stacked=layer is not None)


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
                raise ModelError(f"{path} holds more than one recurrent network: {one} and {name}", hint=_HINT)
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


def _with_readout(contents: Contents, alone: Roles, hidden: int, recurrent: list[str], *, stacked: bool) -> Roles:
    """The recurrent layer with its embedding and its read-out, if there is one way to tell them."""
    arrays, width = contents.arrays, contents.arrays[alone.W_x[0]].shape[1]
    others = {name: array for name, array in arrays.items() if name not in recurrent}
    tables = {n: a for n, a in others.items() if _WEIGHT.fullmatch(n) and len(a.shape) == 2 and a.shape[0] == ALPHABET}
    embeddings = [name for name, array in tables.items() if array.shape[1] == width and _bias(others, name) is None]
    if stacked:  # the read-out belongs to the layers above
        embeddings = [name for name in embeddings if _EMBEDDING.search(name)] or embeddings[:1]
        return _placed(
            contents, alone, width, embeddings[0] if width != ALPHABET and embeddings else None, None, others
        )
    readouts = [name for name, array in tables.items() if array.shape[1] == hidden]
    ways = [
        (embedding, readout)
        for embedding in ([None, *embeddings] if width == ALPHABET else embeddings)
        for readout in readouts
        if (embedding != readout or (len(tables) == 1 and width != ALPHABET)) and not _left(others, embedding, readout)
    ]
    if len(ways) > 1:
        ways = [way for way in ways if _bias(others, way[1]) is not None] or ways
    if len(ways) > 1:
        ways = [way for way in ways if way[0] and _EMBEDDING.search(way[0]) and not _EMBEDDING.search(way[1])] or ways
    if len(ways) == 1:
        return _placed(contents, alone, width, *ways[0], others)
    raise _misfit(contents, others, (hidden, width), embeddings, readouts)


def _placed(
    contents: Contents, alone: Roles, width: int, embedding: str | None, readout: str | None, others: Mapping[str, Any]
) -> Roles:
    if width != ALPHABET and embedding is None:
        raise _narrow(contents, contents.arrays[alone.W_h[0]].shape[0], width)
    bias = None if readout is None else _bias(others, readout)
    parts: list[Names] = [() if name is None else (name,) for name in (readout, bias, embedding)]
    return Roles(alone.W_x, alone.W_h, alone.b_h, *parts)


def _bias(others: Mapping[str, Stored], weight: str) -> str | None:
    """The bias (256,) beside a weight."""
    name = weight.removesuffix("weight") + "bias"
    return name if name in others and others[name].shape == (ALPHABET,) else None


def _left(others: Mapping[str, Stored], embedding: str | None, readout: str) -> list[str]:
    """Tensors that have no place."""
    return [name for name in others if name not in (embedding, readout, _bias(others, readout))]


def _misfit(
    contents: Contents, others: Mapping[str, Stored], sizes: tuple[int, int], embeddings: list[str], readouts: list[str]
) -> ModelError:
    """Why there is no one way to tell embedding and read-out."""
    path, (hidden, width) = contents.path, sizes
    if width != ALPHABET and not embeddings:
        return _narrow(contents, hidden, width)
    whole = [name for name in readouts if _bias(others, name) is not None] or readouts
    if len(whole) == 1 and (left := _left(others, embeddings[0] if width != ALPHABET else None, whole[0])):
        return ModelError(f"{path} holds tensors that an Elman network has no place for: {text_of(left)}", hint=_HINT)
    rule = f"one Linear with weight ({ALPHABET}, {hidden}) and bias ({ALPHABET},) or none"
    found = text_of(dict(contents.arrays))
    return ModelError(f"{path} must hold {rule}, got {len(whole)} among {found}", hint=_HINT if whole else None)


def _narrow(contents: Contents, hidden: int, width: int) -> ModelError:
    return ModelError(
        f"{contents.path}: weight_ih_l0 must be ({hidden}, {ALPHABET}), one column per byte, got {(hidden, width)}",
        hint=f"or there must be an embedding ({ALPHABET}, {width}) before it; no other alphabet can be taken over",
    )
