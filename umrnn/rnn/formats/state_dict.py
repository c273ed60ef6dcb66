"""The names PyTorch gives to nn.RNN(256, H) followed by nn.Linear(H, 256), and back.

PyTorch stores weight_ih_l0 (H, V), weight_hh_l0 (H, H) and *two* biases, bias_ih_l0 + bias_hh_l0, where an Elman has
one. A state dict does not say which nonlinearity it was trained with: tanh, PyTorch's default, is taken for granted.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.errors import ModelError
from umrnn.rnn.formats.arrays import NAMES, text_of
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["from_state_dict", "holds_a_recurrent_layer", "to_state_dict"]

Tensors = Mapping[str, NDArray[Any]]

_RECURRENT = re.compile(r"(?:.*\.)?(weight|bias)_(ih|hh|hr)_l([0-9]+)(_reverse)?")
_GATES = {3: "a GRU", 4: "an LSTM"}


def to_state_dict(model: Elman) -> dict[str, NDArray[Any]]:
    """Arrays named ``rnn.*`` and ``readout.*``; the hidden bias goes to bias_ih, zeros to bias_hh."""
    return {
        "rnn.weight_ih_l0": model.W_x,
        "rnn.weight_hh_l0": model.W_h,
        "rnn.bias_ih_l0": model.b_h,
        "rnn.bias_hh_l0": np.zeros_like(model.b_h),
        "readout.weight": model.W_y,
        "readout.bias": model.b_y,
    }


def holds_a_recurrent_layer(names: Any) -> bool:
    """Whether any of the names is one that PyTorch gives to a recurrent layer."""
    return any(isinstance(name, str) and _RECURRENT.fullmatch(name) for name in names)


def from_state_dict(path: Path, tensors: Tensors) -> dict[str, NDArray[Any]]:
    """The five arrays of an Elman out of a state dict with any prefixes; refuses what an Elman has no place for."""
    layer = _recurrent_layer(path, tensors)
    names = ["weight_ih", "weight_hh"]
    missing = [f"{name}_l0" for name in names if name not in layer]
    if missing:
        raise ModelError(
            f"{path} holds neither {', '.join(NAMES)} nor a tensor named …{missing[0]}; found {text_of(dict(tensors))}"
        )
    W_x, W_h = (tensors[layer[name]] for name in names)
    hidden = _hidden(path, W_x, W_h)
    readout = _readout(path, tensors, hidden)
    others = [name for name in tensors if name not in (*layer.values(), f"{readout}weight", f"{readout}bias")]
    if others:
        raise ModelError(f"{path} holds tensors that an Elman network has no place for: {text_of(others)}")
    biases = [tensors[layer[name]] for name in ("bias_ih", "bias_hh") if name in layer]
    if any(bias.shape != (hidden,) for bias in biases):
        raise ModelError(f"{path}: the hidden biases must be ({hidden},), got {[bias.shape for bias in biases]}")
    arrays = [W_x, W_h, *biases, tensors[f"{readout}weight"], tensors[f"{readout}bias"]]
    if any(array.dtype.kind != "f" for array in arrays):
        raise ModelError(f"{path}: weights must be floating point, got {sorted({str(a.dtype) for a in arrays})}")
    # Half precision is widened without loss; mixed precision takes the wider dtype.
    dtype = np.result_type(np.float32, *(array.dtype for array in arrays))
    with np.errstate(all="ignore"):  # inf and NaN pass through to Elman, which refuses them by name
        b_h = np.sum([np.zeros(hidden), *biases], axis=0)
        five = (W_x, W_h, b_h, tensors[f"{readout}weight"], tensors[f"{readout}bias"])
        return {name: array.astype(dtype) for name, array in zip(NAMES, five)}


def _recurrent_layer(path: Path, tensors: Tensors) -> dict[str, str]:
    """Full names by their last part without ``_l0``; exactly one layer in one direction."""
    layer: dict[str, str] = {}
    for name in tensors:
        match = _RECURRENT.fullmatch(name)
        if match is None:
            continue
        part = f"{match[1]}_{match[2]}"
        if match[4]:
            raise ModelError(f"{path} is a bidirectional network: an Elman reads forward only ({name})")
        if int(match[3]) > 0:
            raise ModelError(f"{path} has more than one recurrent layer: an Elman has one ({name})")
        if match[2] == "hr":
            raise ModelError(f"{path} is an LSTM with a projection: an Elman has one tanh layer ({name})")
        if part in layer:
            raise ModelError(f"{path} holds more than one recurrent network: {layer[part]} and {name}")
        layer[part] = name
    return layer


def _hidden(path: Path, W_x: NDArray[Any], W_h: NDArray[Any]) -> int:
    """H, from recurrent weights that must be square over input weights that must take 256 bytes."""
    if W_h.ndim != 2 or W_x.ndim != 2 or 0 in W_h.shape:
        raise ModelError(f"{path}: weight_hh_l0 must be (H, H), got {W_h.shape} beside weight_ih_l0 {W_x.shape}")
    rows, hidden = W_h.shape
    if rows != hidden:
        gates = _GATES.get(rows // hidden) if rows % hidden == 0 else None
        what = f"is {gates}: an Elman has one tanh layer" if gates else "has no square recurrent matrix"
        raise ModelError(f"{path} {what} (weight_hh_l0 must be (H, H), got {W_h.shape})")
    if W_x.shape != (hidden, ALPHABET):
        raise ModelError(
            f"{path}: weight_ih_l0 must be ({hidden}, {ALPHABET}), one column per byte, got {W_x.shape}",
            hint="only networks that read one-hot bytes can be taken over: no embedding, no other alphabet",
        )
    return int(hidden)


def _readout(path: Path, tensors: Tensors, hidden: int) -> str:
    """Prefix of the one Linear of shape (256, H) with a bias."""
    found = [
        name.removesuffix("weight")
        for name, array in tensors.items()
        if (name == "weight" or name.endswith(".weight"))
        and array.shape == (ALPHABET, hidden)
        and getattr(tensors.get(name.removesuffix("weight") + "bias"), "shape", None) == (ALPHABET,)
    ]
    if len(found) != 1:
        rule = f"one Linear with weight ({ALPHABET}, {hidden}) and bias ({ALPHABET},)"
        raise ModelError(f"{path} must hold {rule}, got {len(found)} among {text_of(dict(tensors))}")
    return found[0]
