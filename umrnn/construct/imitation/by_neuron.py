"""Estimates beside weights neuron by neuron: which rows and columns are met well."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.imitation.estimates import Estimates
from umrnn.construct.imitation.sums import ImitationSums
from umrnn.rnn.weights import Elman

__all__ = ["NeuronAgreement", "by_neuron"]

Wide = NDArray[np.float64]

_VANISHING = 1e-12  # spread beside the size of the numbers that rounding leaves over


@dataclass(frozen=True)
class NeuronAgreement:
    """Correlations of the estimates with the weights into and out of one neuron; its bias beside its log-odds."""

    neuron: int
    wy_sign_split_r: float
    wy_sign_split_held_out_r: float
    wx_sign_conditioned_r: float
    wx_sign_conditioned_held_out_r: float
    wx_pmi_r: float
    hebbian_in_r: float
    hebbian_out_r: float
    bias: float
    log_odds: float
    on_share: float


def by_neuron(
    network: Elman, parts: Sequence[Estimates], whole: ImitationSums
) -> tuple[tuple[NeuronAgreement, ...], dict[str, float]]:
    """A record per neuron, and means over neurons.

    Beside the means of W_y (of r) and W_x (of its size, since some are negative) stand the exact means over all ways to
    give the neurons other names.

    Parameters
    ----------
    parts : estimates from the whole corpus, its first and its second half
    """
    estimates, _, late = parts
    W_x, W_h, W_y = (array.astype(np.float64) for array in (network.W_x, network.W_h, network.W_y))
    split, conditioned = ("W_y", "sign-split"), ("W_x", "sign-conditioned")
    out, into = _by_row(W_y.T, estimates[split].T), _by_row(W_x, estimates[conditioned])
    columns = {
        "wy_sign_split_r": out.diagonal(),
        "wy_sign_split_held_out_r": _by_row(W_y.T, late[split].T).diagonal(),
        "wx_sign_conditioned_r": into.diagonal(),
        "wx_sign_conditioned_held_out_r": _by_row(W_x, late[conditioned]).diagonal(),
        "wx_pmi_r": _by_row(W_x, estimates["W_x", "PMI"]).diagonal(),
        "hebbian_in_r": _by_row(W_h, estimates["W_h", "hebbian"]).diagonal(),
        "hebbian_out_r": _by_row(W_h.T, estimates["W_h", "hebbian"].T).diagonal(),
        "bias": network.b_h,
        "log_odds": estimates["b_h", "log-odds"],
        "on_share": whole.next_on.sum(axis=0) / whole.bytes.sum(),
    }
    rows = (NeuronAgreement(j, *row) for j, row in enumerate(zip(*(values.tolist() for values in columns.values()))))
    means = {
        "wy_sign_split_mean_neuron_r": _mean(columns["wy_sign_split_r"]),
        "wy_sign_split_mean_neuron_held_out_r": _mean(columns["wy_sign_split_held_out_r"]),
        "null_wy_sign_split_mean_neuron_r": _mean(out),
        "wx_sign_conditioned_mean_neuron_abs_r": _mean(np.abs(columns["wx_sign_conditioned_r"])),
        "wx_sign_conditioned_mean_neuron_abs_held_out_r": _mean(np.abs(columns["wx_sign_conditioned_held_out_r"])),
        "null_wx_sign_conditioned_mean_neuron_abs_r": _mean(np.abs(into)),
    }
    return tuple(rows), means


def _by_row(a: Wide, b: Wide) -> Wide:
    """Correlation of each row of ``a`` with each row of ``b``, both (R, C), shape (R, R); NaN where one is constant."""
    x, y = _standard(a), _standard(b)
    return np.asarray(np.clip(x @ y.T, -1, 1))


def _standard(rows: Wide) -> Wide:
    """Each row centred and of length 1; NaN where it is constant."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    vary = length > np.sqrt(_VANISHING) * np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Wide = np.divide(centred, length, out=np.full_like(centred, np.nan), where=vary)
    return unit


def _mean(values: Wide) -> float:
    """Mean of what is known; NaN where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
