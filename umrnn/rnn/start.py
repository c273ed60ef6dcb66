"""Start: the network that training begins with, and which of its weights are trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from umrnn.errors import InputError
from umrnn.rnn.initial import initial
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.layout import flatten, flatten_kept, unflatten
from umrnn.rnn.weights import Elman

__all__ = ["Start"]


@dataclass(frozen=True, eq=False)
class Start:
    """Where training begins: at random weights, or at those of a network.

    Parameters
    ----------
    hidden : H, neurons, in [1, 2048]
    seed : of the random weights, see :func:`umrnn.rnn.initial.initial`
    network : to begin with, in place of ``hidden`` and ``seed``
    dtype : float32, or float64 for checks
    kept : which weights are trained, 0 or 1 in the shape of the array, by its name; the others are 0 from beginning to
        end. Arrays that are not named are trained whole

    Examples
    --------
    >>> Start(hidden=4).weights()[0]
    Elman(hidden=4, dtype=float32, parameters=2324)
    """

    hidden: int = 128
    seed: int = 42
    network: Elman | None = None
    dtype: Any = np.float32
    kept: Mapping[str, ArrayLike] | None = None

    def weights(self) -> tuple[Elman, Floats | None]:
        """The network, and 1 for each of its weights that is trained, 0 for others; None where all are.

        Raises
        ------
        InputError
            If the dtype is none of the two, or ``kept`` does not fit the network.
        """
        if np.dtype(self.dtype) not in (np.float32, np.float64):
            raise InputError(f"dtype must be float32 or float64, got {np.dtype(self.dtype)}")
        network = (initial(self.hidden, self.seed) if self.network is None else self.network).astype(self.dtype)
        if self.kept is None:
            return network, None
        mask = flatten_kept(self.kept, network)
        return unflatten(flatten(network) * mask, network.hidden), mask
