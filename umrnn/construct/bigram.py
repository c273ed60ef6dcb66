"""Bigram network: every byte sets random signs of its own, and a ridge solve reads the table of pairs out of them."""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import logsumexp

from umrnn._validate import integer, positive
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row, as_table
from umrnn.construct.study.trials import Fit, Shuffle, Trial, Tried, order_0_of_all, spread_table, try_out
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.pairs import pair_table

__all__ = ["Bigram", "bigram", "bigram_network"]

_INPUT = 10.0  # tanh(10) is 1 within 5e-9
_SHARE = 0.95
_LARGEST_HIDDEN = 2048
_DRAWS = 3

Doubles = NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Bigram(Result):
    """A network that holds the table of pairs, beside the table itself.

    Parameters
    ----------
    tried : by name: ``counting`` (maximum likelihood), ``mixed``, ``network``, ``weighted``
    model : the network of equal weights, fitted to the text
    order_0 : the bytes' own frequencies
    """

    tried: dict[str, Tried]
    model: Elman
    order_0: Row

    def headline(self) -> dict[str, Any]:
        """The network and the two tables, in-sample and held out."""
        row = {name: each.row for name, each in self.tried.items()}
        return {
            "bpc": row["network"].bpc,
            "held_out_bpc": row["network"].held_out_bpc,
            "null_bpc": row["network"].null_bpc,
            "bpc_counting": row["counting"].bpc,
            "bpc_mixed": row["mixed"].bpc,
            "bpc_mixed_held_out": row["mixed"].held_out_bpc,
            "bpc_weighted": row["weighted"].bpc,
            "bpc_weighted_held_out": row["weighted"].held_out_bpc,
            "order_0_held_out_bpc": self.order_0.held_out_bpc,
            "hidden": self.model.hidden,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: a row per table and network; ``draws``: the spread over random signs."""
        rows = as_table([self.order_0, *(each.row for each in self.tried.values())])
        return {"constructions": rows, "draws": spread_table(self.tried.values())}


def bigram(
    parts: Holdout | Corpus,
    *,
    hidden: int = 128,
    ridge: float = 0.01,
    draws: int = _DRAWS,
    null: Null | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Bigram:
    """Write a network that predicts from the byte just read, with no training.

        W_x = 10 s(b), random signs      W_h = 0      b_h = 0      b_y = ln (count + ½) / (n + 128)
        W_y = least squares with a ridge from tanh(W_x), over the bytes that occur, to ln P(y | b) - b_y
        P(y | b) = .95 count(b, y) / count(b) + .05 exp(b_y)

    Parameters
    ----------
    parts : the texts; a corpus stands for its halves
    hidden : H, in [1, 2048]; below the number of bytes that occur, the table fits only in part
    ridge : added to the squared weights, above 0
    draws : of the signs, for the spread
    null : shuffles of the targets, one unless said otherwise; its seed is that of the signs

    Raises
    ------
    InputError
        If an argument is out of range, or the solve is singular.

    Examples
    --------
    >>> round(bigram(Corpus.siteinfo(), draws=1, null=Null(0)).headline()["bpc"], 2)
    2.1
    """
    parts = Holdout.of(parts) if isinstance(parts, Corpus) else parts
    null = null or Null(1)
    size = (integer("hidden", hidden, 1, _LARGEST_HIDDEN), positive("ridge", ridge))
    often = integer("draws", draws, 1)
    signs = f"{hidden} signs, ridge {ridge:g}"
    trials = {
        "counting": Trial("counting", "pairs, maximum likelihood", 1, 1, partial(_fit_table, 1.0)),
        "mixed": Trial("counting", "pairs, .95 of it and .05 order 0", 1, 1, partial(_fit_table, _SHARE)),
        "network": Trial("bigram", signs, 1, often, partial(_fit_network, *size, null.seed, False)),
        "weighted": Trial("bigram", f"{signs}, by count", 1, often, partial(_fit_network, *size, null.seed, True)),
    }
    tried = dict(
        zip(trials, try_out(list(trials.values()), parts, null, threads=threads, task="bigram", progress=progress))
    )
    return Bigram(
        tried=tried,
        model=cast(Elman, tried["network"].fit.model),
        order_0=order_0_of_all(parts),
        provenance=provenance(
            parts.whole,
            parameters={
                **{"hidden": hidden, "ridge": ridge, "draws": draws, "permutations": null.permutations},
                **parts.parameters(),
            },
            seed=null.seed,
            threads=threads,
        ),
    )


def bigram_network(
    table: NDArray[np.integer[Any]], order_0_logits: Doubles, signs: Doubles, *, ridge: float, weighted: bool = False
) -> Elman:
    """The network of a table of pairs.

    Parameters
    ----------
    table : (V, V), count of byte x and then y
    order_0_logits : (V,), b_y
    signs : (H, V), ±1
    weighted : let each byte count as often as it occurs, not once
    """
    occurs = table.sum(1) > 0
    codes = np.tanh(_INPUT * signs[:, occurs]).T  # (B, H)
    weight = table[occurs].sum(1, keepdims=True) if weighted else np.ones((int(occurs.sum()), 1))
    goal = np.log(_mixed(table[occurs], order_0_logits, _SHARE)) - order_0_logits
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


def _mixed(table: NDArray[np.integer[Any]], order_0_logits: Doubles, share: float) -> Doubles:
    """``share`` of the frequencies in each row of ``table``, the rest that of order 0."""
    mixed: Doubles = share * table / table.sum(1, keepdims=True) + (1 - share) * np.exp(order_0_logits)
    return mixed


def _counted(text: Corpus, shuffle: Shuffle | None) -> tuple[NDArray[np.int64], Doubles]:
    counts = np.bincount(text.data, minlength=ALPHABET)
    after = text.data[1:] if shuffle is None else shuffle(text.data[1:])
    return pair_table(text.data[:-1], after), np.log((counts + 0.5) / (len(text) + 128))


def _fit_table(share: float, text: Corpus, draw: int, shuffle: Shuffle | None, progress: Progress) -> Fit:
    began = time.perf_counter()
    table, logits = _counted(text, shuffle)
    given = np.broadcast_to(np.exp(logits), table.shape).copy()  # a byte never read tells nothing
    occurs = table.sum(1) > 0
    given[occurs] = _mixed(table[occurs], logits, share)
    with np.errstate(divide="ignore"):
        log_given = np.log2(given)
    progress.advance(1)
    seconds = time.perf_counter() - began
    return Fit(None, (1,), _loss(log_given, table), seconds, len(text), partial(_bits_after, log_given))


def _fit_network(
    hidden: int,
    ridge: float,
    seed: int,
    weighted: bool,
    text: Corpus,
    draw: int,
    shuffle: Shuffle | None,
    progress: Progress,
) -> Fit:
    began = time.perf_counter()
    table, logits = _counted(text, shuffle)
    signs = np.random.default_rng((seed, draw)).choice((-1.0, 1.0), (hidden, ALPHABET))
    model = bigram_network(table, logits, signs, ridge=ridge, weighted=weighted)
    progress.advance(1)
    seconds = time.perf_counter() - began
    return Fit(
        model, (1,), _loss(_log_given(model), table), seconds, len(text), partial(_bits_after, _log_given(model))
    )


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
