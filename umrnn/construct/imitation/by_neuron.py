"""Estimates beside weights neuron by neuron: which rows and columns are met well."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.imitation.estimates import Estimates
from umrnn.construct.imitation.sums import ImitationSums
from umrnn.rnn.weights import Elman
from umrnn.statistics import mean_of_known, row_correlations

__all__ = ["NeuronAgreement", "by_neuron"]

Wide = NDArray[np.float64]


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
    out, into = row_correlations(W_y.T, estimates[split].T), row_correlations(W_x, estimates[conditioned])
    columns = {
        "wy_sign_split_r": out.diagonal(),
        "wy_sign_split_held_out_r": row_correlations(W_y.T, late[split].T).diagonal(),
        "wx_sign_conditioned_r": into.diagonal(),
        "wx_sign_conditioned_held_out_r": row_correlations(W_x, late[conditioned]).diagonal(),
        "wx_pmi_r": row_correlations(W_x, estimates["W_x", "PMI"]).diagonal(),
        "hebbian_in_r": row_correlations(W_h, estimates["W_h", "hebbian"]).diagonal(),
        "hebbian_out_r": row_correlations(W_h.T, estimates["W_h", "hebbian"].T).diagonal(),
        "bias": network.b_h,
        "log_odds": estimates["b_h", "log-odds"],
        "on_share": whole.next_on.sum(axis=0) / whole.bytes.sum(),
    }
    rows = (NeuronAgreement(j, *row) for j, row in enumerate(zip(*(values.tolist() for values in columns.values()))))
    means = {
        "wy_sign_split_mean_neuron_r": mean_of_known(columns["wy_sign_split_r"]),
        "wy_sign_split_mean_neuron_held_out_r": mean_of_known(columns["wy_sign_split_held_out_r"]),
        "null_wy_sign_split_mean_neuron_r": mean_of_known(out.ravel()),
        "wx_sign_conditioned_mean_neuron_abs_r": mean_of_known(np.abs(columns["wx_sign_conditioned_r"])),
        "wx_sign_conditioned_mean_neuron_abs_held_out_r": mean_of_known(
            np.abs(columns["wx_sign_conditioned_held_out_r"])
        ),
        "null_wx_sign_conditioned_mean_neuron_abs_r": mean_of_known(np.abs(into).ravel()),
    }
    return tuple(rows), means
