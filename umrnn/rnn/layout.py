"""Between an Elman, which is frozen, and the flat parameters that kernels read and train."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from umrnn.errors import InputError
from umrnn.rnn.kernels.records import Floats, Parameters, aligned, parameter_count, views
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["flatten", "flatten_kept", "parameters", "unflatten"]


def flatten(model: Elman, dtype: Any = None) -> Floats:
    """A writable copy of all weights, shape (P,), in the order W_x transposed, W_h, W_y, b_h, b_y."""
    flat = aligned(parameter_count(ALPHABET, model.hidden), dtype or model.dtype)
    into = views(flat, ALPHABET, model.hidden)
    for name, array in zip(into._fields, into):
        array[...] = model.W_x.T if name == "W_x" else getattr(model, name)
    return flat


def flatten_kept(kept: Mapping[str, ArrayLike], like: Elman) -> Floats:
    """1 for weights that are trained, 0 for those held, in the same order; arrays not in ``kept`` are trained whole.

    Raises
    ------
    InputError
        If there is no such array, or one has another shape or holds anything but 0 and 1.
    """
    flat = aligned(parameter_count(ALPHABET, like.hidden), like.dtype)
    flat[:] = 1
    into = views(flat, ALPHABET, like.hidden)._asdict()
    for name, given in kept.items():
        if name not in into:
            raise InputError(f"kept must name arrays among {', '.join(like.arrays())}, got {name}")
        mask, shape = np.asarray(given), like.arrays()[name].shape
        if mask.shape != shape or not np.isin(mask, (0, 1)).all():
            raise InputError(f"kept[{name!r}] must be {shape} of 0 and 1, got {mask.dtype} of shape {mask.shape}")
        into[name][...] = mask.T if name == "W_x" else mask
    return flat


def parameters(model: Elman) -> Parameters:
    """The weights of ``model`` in the layout of the kernels; a copy."""
    return views(flatten(model), ALPHABET, model.hidden)


def unflatten(flat: Floats, hidden: int) -> Elman:
    """The inverse of ``flatten``; a copy."""
    parts = views(flat, ALPHABET, hidden)
    return Elman(np.ascontiguousarray(parts.W_x.T), *(a.copy() for a in (parts.W_h, parts.b_h, parts.W_y, parts.b_y)))
