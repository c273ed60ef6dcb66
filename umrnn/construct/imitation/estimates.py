"""Estimates of a network's weights from what its states and the bytes have in common.

The states are those of the trained network, so none of this is "from the data alone".
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.imitation.sums import ImitationSums
from umrnn.rnn.weights import Elman
from umrnn.um.marginal import smoothed_shares

__all__ = ["ESTIMATES", "Estimates", "estimate_all", "pointwise_table"]

Wide = NDArray[np.float64]
Estimates = Mapping[tuple[str, str], Wide]  # by array and name, in the shape of the array

_EXTREMES = 5  # outputs that a neuron promotes most, and demotes most
_RARE = 1e-6


def covariance(sums: ImitationSums) -> Wide:
    """Hebbian: cov(h_j(t-1), h_i(t)), shape (H, H)."""
    pairs = max(1, int(sums.pairs[0]))
    return sums.products / pairs - np.outer(sums.after / pairs, sums.before / pairs)


def sign_correlation(sums: ImitationSums) -> Wide:
    """2 P(s_j(t-1) = s_i(t)) - 1, shape (H, H)."""
    return sums.signs / max(1, int(sums.pairs[0]))


def float_influence(sums: ImitationSums, *, whole: bool) -> Wide:
    """Share of positions at which negating the number h_j flips s_i one step on, signed as their correlation, (H, H).

    The step is that of the network itself; :func:`umrnn.interpret.boolean_influence` flips signs of the sign machine.
    """
    number, flips = (sums.whole, sums.whole_flips) if whole else (sums.sampled, sums.sampled_flips)
    return flips / max(1, int(number[0])) * np.sign(sums.signs)


def mean_by_byte(total: Wide, counts: NDArray[np.int64]) -> Wide:
    """Hebbian: mean of h given a byte, less the mean of h; 0 for bytes that do not occur. Shape (V, H)."""
    means = np.divide(total, counts[:, np.newaxis], out=np.zeros_like(total), where=counts[:, np.newaxis] > 0)
    return np.where(counts[:, np.newaxis] > 0, means - total.sum(axis=0) / max(1, int(counts.sum())), 0.0)


def sign_split(on: Wide, counts: NDArray[np.int64]) -> Wide:
    """Log (c+ + ½) / (n+ + 128) - log (c- + ½) / (n- + 128), c± the counts of a byte where s_j = ±1, (V, H)."""
    off = counts[:, np.newaxis] - on
    plus, minus = (np.log(smoothed_shares(c.T)).T for c in (on, off))
    difference: Wide = plus - minus
    return difference


def log_odds(sums: ImitationSums) -> Wide:
    """Log f / (1 - f), f the share of states with h_j >= 0, kept off 0 and 1 by a millionth. Shape (H,)."""
    f = sums.next_on.sum(axis=0) / max(1, int(sums.bytes.sum()))
    odds: Wide = np.log(np.maximum(f, _RARE) / (1 - f + _RARE))
    return odds


def log_marginal(sums: ImitationSums) -> Wide:
    """Log (c + ½) / (n + 128), c the count of a next byte, shape (V,)."""
    counts = sums.bytes.sum(axis=0)
    share: Wide = np.log(smoothed_shares(counts))
    return share


def pointwise_table(counts: NDArray[np.int64]) -> Wide:
    """log2 P(x, o) / (P(x) P(o)) of every pair of bytes, 0 where it was not counted, shape (V, V).

    Examples
    --------
    >>> pointwise_table(np.array([[2, 0], [0, 2]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    total = counts.sum()
    independent = np.outer(counts.sum(axis=1) / max(1, total), counts.sum(axis=0))
    out = np.zeros(counts.shape)
    np.log2(np.divide(counts, independent, out=np.ones(counts.shape), where=counts > 0), out=out)
    return out


def pointwise_input(sums: ImitationSums, W_y: Wide, *, demoted: bool) -> Wide:
    """Sum of W_y[o, j] PMI(x, o) over the five outputs o that j promotes most, and the five it demotes most, (H, V)."""
    order = np.argsort(-W_y, axis=0, kind="stable")
    chosen = np.zeros(W_y.shape)
    for rows in (order[:_EXTREMES], order[-_EXTREMES:])[: 1 + demoted]:
        np.put_along_axis(chosen, rows, np.take_along_axis(W_y, rows, axis=0), axis=0)
    product: Wide = (pointwise_table(sums.bytes) @ chosen).T
    return product


# What each estimate is of, and how it is made of the sums and the trained W_y.
ESTIMATES: Mapping[tuple[str, str], Callable[[ImitationSums, Wide], Wide]] = {
    ("W_h", "hebbian"): lambda sums, _: covariance(sums),
    ("W_h", "hebbian, reversed"): lambda sums, _: covariance(sums).T,
    ("W_h", "sign correlation"): lambda sums, _: sign_correlation(sums),
    ("W_h", "float influence"): lambda sums, _: float_influence(sums, whole=False),
    ("W_h", "float influence, whole"): lambda sums, _: float_influence(sums, whole=True),
    ("W_x", "hebbian"): lambda sums, _: mean_by_byte(sums.read, sums.bytes.sum(axis=1)).T,
    ("W_x", "sign-conditioned"): lambda sums, _: sign_split(sums.read_on, sums.bytes.sum(axis=1)).T,
    ("W_x", "PMI"): lambda sums, W_y: pointwise_input(sums, W_y, demoted=True),
    ("W_x", "PMI, promoted only"): lambda sums, W_y: pointwise_input(sums, W_y, demoted=False),
    ("W_y", "hebbian"): lambda sums, _: mean_by_byte(sums.next, sums.bytes.sum(axis=0)),
    ("W_y", "sign-split"): lambda sums, _: sign_split(sums.next_on, sums.bytes.sum(axis=0)),
    ("b_h", "log-odds"): lambda sums, _: log_odds(sums),
    ("b_y", "log-marginal"): lambda sums, _: log_marginal(sums),
}


def estimate_all(sums: ImitationSums, model: Elman) -> Estimates:
    """Every estimate by array and name, float64, in the shape of its array; PMI also looks at the trained W_y.

    Examples
    --------
    >>> from umrnn.construct.imitation.sums import sum_states
    >>> from umrnn.corpus import Corpus
    >>> model = Elman.zeros(hidden=2)
    >>> estimate_all(sum_states(model, Corpus.from_bytes(b"abab"))[0], model)["b_h", "log-odds"].round(3).tolist()
    [13.816, 13.816]
    """
    wide = model.W_y.astype(np.float64)
    return {key: np.ascontiguousarray(make(sums, wide)) for key, make in ESTIMATES.items()}
