"""Read-outs of a shift register in closed form: from its counts, without a step of descent.

    log-ratio        W[o, (g, j)] = log P(o | sign j of group g is +) - log P(o | it is -)
    Fourier          W[o, (g, j)] = sum over x of P_g(x) s_j(x) (log P_g(o | x) - log P(o))
    naive Bayes      T_g[x, o] = log P_g(o | x) - log P(o): the bytes themselves in place of their codes
    pseudo-inverse   least squares for onehot(next) - P(o), see ``normal_equations``

P(o) is the smoothed marginal, whose logarithm is the output bias of all. A scale, in the place of what the groups have
in common, is tuned by the loss.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.register.carrier import Carrier
from umrnn.construct.register.counts import RegisterCounts
from umrnn.errors import InputError
from umrnn.rnn.blas import one_thread

__all__ = ["fourier", "log_ratio", "naive_bayes"]

Doubles = NDArray[np.float64]


def log_ratio(counts: RegisterCounts, carrier: Carrier, alpha: float) -> Doubles:
    """Log-ratio read-out (256, H): how a sign changes the log-probability of each byte, ``alpha`` added to each count.

    Examples
    --------
    >>> from umrnn.corpus import Corpus
    >>> from umrnn.construct.register.counts import count_register
    >>> from umrnn.construct.study import Lesson
    >>> log_ratio(count_register(Lesson.of(Corpus.siteinfo()), 16), Carrier.of(), 2.5).shape
    (256, 128)
    """
    _check(counts, carrier, alpha)
    plus = (carrier.codes.T > 0).astype(np.float64)
    blocks = []
    for table in counts.nexts:
        with one_thread():  # the others would be woken for microseconds
            with_plus = plus @ table.astype(np.float64)  # whole numbers below 2^53; BLAS knows no integers
        difference = _log_share(with_plus, alpha) - _log_share(table.sum(axis=0) - with_plus, alpha)
        blocks.append(difference.T)
    return np.hstack(blocks)


def fourier(counts: RegisterCounts, carrier: Carrier, epsilon: float = 0.01) -> Doubles:
    """Least-squares weights (256, H) of uncorrelated signs for log P(next | byte) - log P(next), group by group."""
    _check(counts, carrier, epsilon)
    codes, blocks = carrier.codes.astype(np.float64), []
    for table, gain in zip(counts.nexts, naive_bayes(counts, epsilon)):
        share = table.sum(axis=1) / max(1, int(table.sum()))
        with one_thread():
            blocks.append((codes.T @ (share[:, None] * gain)).T)
    return np.hstack(blocks)


def naive_bayes(counts: RegisterCounts, alpha: float) -> Doubles:
    """Tables (G, 256, 256) of log P_g(next | byte) - log P(next), ``alpha`` added to each count."""
    if not alpha > 0:
        raise InputError(f"alpha must be above 0, got {alpha}")
    return np.stack([_log_share(table, alpha) - np.log(counts.marginal) for table in counts.nexts])


def _log_share(table: NDArray[Any], alpha: float) -> Doubles:
    """Logarithm of P(column | row), with ``alpha`` added to each count."""
    smooth: Doubles = table + alpha
    logarithm: Doubles = np.log(smooth / smooth.sum(axis=1, keepdims=True))
    return logarithm


def _check(counts: RegisterCounts, carrier: Carrier, alpha: float) -> None:
    if counts.groups != carrier.groups:
        raise InputError(f"counts must be of {carrier.groups} groups as the carrier is, got {counts.groups}")
    if not alpha > 0:
        raise InputError(f"alpha must be above 0, got {alpha}")
