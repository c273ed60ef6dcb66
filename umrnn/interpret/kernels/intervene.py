"""Dynamics with a direction taken out, or set, at every step. H = hidden neurons, T = positions in this call,
R = runs side by side, q = directions per run, C = classes of positions.

    h  <-  h - (h.d - target) d        for each d of the run, which are orthonormal

R runs share one product with W_h per step, so its weights are read once for all of them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from umrnn._jit import kernel
from umrnn.rnn.kernels.forward import activate
from umrnn.rnn.kernels.records import Bytes, Floats, Parameters

__all__ = ["FED_STATE", "RECURRENT_INPUT", "STATE", "Edit", "project", "run_edited"]

STATE, FED_STATE, RECURRENT_INPUT = range(3)


class Edit(NamedTuple):
    """What is taken out of R runs, where, and what is put in its place."""

    place: int  # the state; only what W_h reads, as W_h (I - d d'); only what W_h writes, as (I - d d') W_h
    directions: Floats  # (R, q, H) orthonormal within a run, dtype of the model
    labels: NDArray[np.int32]  # (T,) class of each position
    targets: NDArray[np.float64]  # (C, R, q) component along each direction, by class of the position


@kernel(fast=True)
def component(rows: Floats, r: int, directions: Floats, i: int) -> float:
    """rows[r] . directions[r, i], summed in float64."""
    total = 0.0
    for j in range(rows.shape[1]):
        total += np.float64(rows[r, j]) * np.float64(directions[r, i, j])
    return total


@kernel
def project(directions: Floats, targets: NDArray[np.float64], rows: Floats) -> None:
    """rows[r] -= (rows[r] . d - targets[r, i]) d for each d = directions[r, i].

    directions (R, q, H), targets (R, q) float64, rows (R, H).
    """
    for r in range(rows.shape[0]):
        number = type(rows[r, 0])
        for i in range(directions.shape[1]):
            excess = number(component(rows, r, directions, i) - targets[r, i])
            for j in range(rows.shape[1]):
                rows[r, j] -= excess * directions[r, i, j]


@kernel
def run_edited(
    data: Bytes, weights: Parameters, W_h_transposed: Floats, edit: Edit, scratch: Floats, h: Floats
) -> None:
    """Fill h[1:] (T + 1, R, H) for the T bytes of data, from the states h[0], edited at every step.

    scratch (2, R, H) is overwritten.
    """
    fed, z = scratch[0], scratch[1]
    for t in range(data.shape[0]):
        targets = edit.targets[np.int64(edit.labels[t])]
        fed[:] = h[t]
        if edit.place == FED_STATE:
            project(edit.directions, targets, fed)
        np.dot(fed, W_h_transposed, z)
        if edit.place == RECURRENT_INPUT:
            project(edit.directions, targets, z)
        for r in range(z.shape[0]):
            activate(weights.W_x[np.int64(data[t])], weights.b_h, z[r], h[t + 1, r])
        if edit.place == STATE:
            project(edit.directions, targets, h[t + 1])
