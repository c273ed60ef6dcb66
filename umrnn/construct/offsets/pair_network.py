"""The table of pairs as a predictor of its own, and as a network: every byte sets random signs, a solve reads them."""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import logsumexp

from umrnn.construct.offsets.fit import OffsetFit
from umrnn.construct.readout.features import log_shares
from umrnn.construct.study import Lesson
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.rnn.blas import one_thread
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.pairs import pair_table

__all__ = ["SHARE", "PairNetwork", "fit_table", "pair_network"]

SHARE = 0.95
"""Of the table of pairs in what the network predicts; the rest is order 0."""
_INPUT = 10.0  # tanh(10) is 1 within 5e-9

Doubles = NDArray[np.float64]
Counts = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class PairNetwork:
    """Fits the network of a lesson's table of pairs; the lesson's draw and ``seed`` choose the signs.

    Parameters
    ----------
    hidden : H
    ridge : added to the squared weights of the read-out
    weighted : whether each byte counts as often as it occurs, not once
    """

    hidden: int
    ridge: float
    seed: int
    weighted: bool = False

    def __call__(self, lesson: Lesson) -> OffsetFit:
        """The network, and the figures of the table of probabilities that it is."""
        began = time.perf_counter()
        table, logits = _counted(lesson)
        signs = np.random.default_rng((self.seed, lesson.draw)).choice((-1.0, 1.0), (self.hidden, ALPHABET))
        model = pair_network(table, logits, signs, ridge=self.ridge, weighted=self.weighted)
        seconds = time.perf_counter() - began
        given = _log_given(model)
        return OffsetFit(model, (1,), _loss(given, table), seconds, partial(_bits_after, given))


def fit_table(share: float, lesson: Lesson) -> OffsetFit:
    """``share`` of the frequencies in the table of pairs, the rest order 0, with no network."""
    began = time.perf_counter()
    table, logits = _counted(lesson)
    given = np.broadcast_to(np.exp(logits), table.shape).copy()  # a byte never read says nothing of the next
    occurs = table.sum(1) > 0
    given[occurs] = _mixed(table[occurs], logits, share)
    with np.errstate(divide="ignore"):
        log_given = np.log2(given)
    seconds = time.perf_counter() - began
    return OffsetFit(None, (1,), _loss(log_given, table), seconds, partial(_bits_after, log_given))


def pair_network(
    table: Counts, order_0_logits: Doubles, signs: Doubles, *, ridge: float, weighted: bool = False
) -> Elman:
    """The network of a table of pairs.

    Parameters
    ----------
    table : (V, V), count of byte x and then y
    order_0_logits : (V,), b_y
    signs : (H, V), ±1
    weighted : let each byte count as often as it occurs, not once

    Raises
    ------
    InputError
        If the solve is singular.
    """
    occurs = table.sum(1) > 0
    codes = np.tanh(_INPUT * signs[:, occurs]).T  # (B, H)
    weight = table[occurs].sum(1, keepdims=True) if weighted else np.ones((int(occurs.sum()), 1))
    goal = np.log(_mixed(table[occurs], order_0_logits, SHARE)) - order_0_logits
    normal = codes.T @ (weight * codes) + ridge * np.eye(len(signs))
    with one_thread():
        try:
            W_y = cho_solve(cho_factor(normal), codes.T @ (weight * goal)).T
        except LinAlgError:
            raise InputError(
                f"the signs do not determine the read-out: condition number {np.linalg.cond(normal):.2g}",
                hint=f"raise the ridge above {ridge:g}",
            ) from None
    hidden = len(signs)
    arrays = (_INPUT * signs, np.zeros((hidden, hidden)), np.zeros(hidden), W_y, order_0_logits)
    return Elman(*(np.ascontiguousarray(array, np.float32) for array in arrays))


def _counted(lesson: Lesson) -> tuple[NDArray[np.int64], Doubles]:
    """The table of a byte and its target, and ln (count + ½) / (n + 128) of each byte."""
    return pair_table(lesson.corpus.data[:-1], lesson.targets), log_shares(lesson.corpus)


def _mixed(table: Counts, order_0_logits: Doubles, share: float) -> Doubles:
    """``share`` of the frequencies in each row of ``table``, the rest that of order 0."""
    mixed: Doubles = share * table / table.sum(1, keepdims=True) + (1 - share) * np.exp(order_0_logits)
    return mixed


def _log_given(model: Elman) -> Doubles:
    """log2 P(y | b) of a network without W_h: nothing but the byte just read matters, (V, V)."""
    logits = np.tanh(model.W_x.T.astype(np.float64) + model.b_h) @ model.W_y.T + model.b_y
    given: Doubles = (logits - logsumexp(logits, axis=1, keepdims=True)) / np.log(2)
    return given


def _loss(log_given: Doubles, table: NDArray[np.int64]) -> float:
    """Mean bits of the pairs in ``table``; infinite where one of them has no probability."""
    occurs = table > 0
    return float(-np.sum(table[occurs] * log_given[occurs]) / table.sum())


def _bits_after(log_given: Doubles, corpus: Corpus, boundary: int) -> float:
    return _loss(log_given, pair_table(corpus.data[boundary - 1 : -1], corpus.data[boundary:]))
