"""Directions of state space as vectors of length 1: from an array, or from a file."""

import os
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umrnn.errors import InputError

__all__ = ["Vector", "open_direction", "unit"]

Vector = NDArray[np.float64]  # (H,)


def unit(vector: ArrayLike, hidden: int, name: str = "direction") -> Vector:
    """``vector`` at length 1, float64.

    Raises
    ------
    InputError
        If it has not shape (H,), is not finite or has no length.

    Examples
    --------
    >>> unit([3, 4], 2).tolist()
    [0.6, 0.8]
    """
    array = np.asarray(vector)
    if array.shape != (hidden,) or array.dtype.kind not in "fiu":
        raise InputError(f"{name} must be {hidden} numbers, got {array.dtype} of shape {array.shape}")
    wide = array.astype(np.float64)
    if not np.isfinite(wide).all():
        raise InputError(f"{name} must be finite, got {wide[~np.isfinite(wide)][0]}")
    largest = float(np.abs(wide).max())
    if largest == 0:
        raise InputError(f"{name} must not be zero in all {hidden} neurons: it points nowhere")
    wide /= largest  # or the squares of small numbers would vanish
    return wide / sqrt(float(wide @ wide))


def open_direction(path: str | os.PathLike[str], hidden: int) -> Vector:
    """The direction in the ``.npy`` file at ``path``, at length 1; errors as in :func:`unit`."""
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", hint="check the path given as --direction") from None
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror or 'it ends too early'}") from None
    except (ValueError, EOFError):  # numpy's own words recommend loading pickles
        raise InputError(f"{path} must be a .npy array of {hidden} numbers, and cannot be read as one") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} holds several arrays: a direction is one .npy array of shape ({hidden},)")
    return unit(array, hidden, f"the direction in {path}")
