"""Between an Elman, which is frozen, and the flat parameters that kernels read and train."""

from typing import Any

import numpy as np

from umrnn.rnn.kernels.records import Floats, Parameters, aligned, parameter_count, views
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["flatten", "parameters", "unflatten"]


def flatten(model: Elman, dtype: Any = None) -> Floats:
    """A writable copy of all weights, shape (P,), in the order W_x transposed, W_h, W_y, b_h, b_y."""
    flat = aligned(parameter_count(ALPHABET, model.hidden), dtype or model.dtype)
    into = views(flat, ALPHABET, model.hidden)
    for name, array in zip(into._fields, into):
        array[...] = model.W_x.T if name == "W_x" else getattr(model, name)
    return flat


def parameters(model: Elman) -> Parameters:
    """The weights of ``model`` in the layout of the kernels; a copy."""
    return views(flatten(model), ALPHABET, model.hidden)


def unflatten(flat: Floats, hidden: int) -> Elman:
    """The inverse of ``flatten``; a copy."""
    parts = views(flat, ALPHABET, hidden)
    return Elman(np.ascontiguousarray(parts.W_x.T), *(a.copy() for a in (parts.W_h, parts.b_h, parts.W_y, parts.b_y)))
