"""A linear state from counts alone: canonical correlation of past and future bytes, and the shift that carries it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer, positive
from umrnn.construct.state.fit import WrittenState
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Work
from umrnn.rnn.blas import one_thread
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.counts import OffsetCounts, offset_counts

__all__ = ["GAIN", "LinearDesign", "LinearState", "directions_of", "fitted_window", "linear_state"]

Doubles = NDArray[np.float64]

GAIN = 2.0
"""Of a linear state: its neurons saturate where a rare byte throws it far, which costs nothing."""
_PAST, _FUTURE, _HIDDEN = 6, 4, 128
_RIDGE = 1e-9  # added to the variance of each number of the state: on short texts some have none


@dataclass(frozen=True, eq=False)
class LinearState:
    """A state s_t = F s_{t-1} + G (onehot(x_t) - p) of H numbers, near the best linear summary of the past.

    Parameters
    ----------
    F : shape (H, H), the shift: what is kept of the state before
    G : shape (H, 256), what the byte just read adds; zero columns for bytes that were not counted
    p : shape (256,), shares of the bytes
    correlations : shape (H,), canonical correlations of past and future, falling
    weights : shape (H, past, 256), what each byte at each lag adds to the window's summary
    kept : share of the variance of the window's summary that the recurrence keeps; not a number where there is none
    condition : condition number of the normal equations of the shift
    future : bytes of the window after
    """

    F: Doubles
    G: Doubles
    p: Doubles
    correlations: Doubles
    weights: Doubles
    kept: float
    condition: float
    future: int

    @property
    def past(self) -> int:
        """Bytes of the window before."""
        return int(self.weights.shape[1])

    def elman(self, gain: float = 1.0, dtype: type = np.float32) -> Elman:
        """The state as neurons h = tanh(gain * s), read out by nothing yet.

        The smaller ``gain`` the nearer to s; bytes so rare that they throw the state far are held by the tanh.
        """
        positive("gain", gain)
        hidden = len(self.F)
        return Elman(
            (gain * self.G).astype(dtype),
            self.F.astype(dtype),
            (-gain * self.G @ self.p).astype(dtype),
            np.zeros((ALPHABET, hidden), dtype),
            np.zeros(ALPHABET, dtype),
        )


@dataclass(frozen=True)
class LinearDesign:
    """Writes a linear state from the counts of a text, as large as it can be.

    Parameters
    ----------
    hidden : H; default: ``usual``, or as many directions as the bytes of the text have
    past, future : default: 6 and 4, fewer where the text is shorter
    gain : of :meth:`LinearState.elman`
    """

    hidden: int | None = None
    past: int | None = None
    future: int | None = None
    gain: float = GAIN
    usual: int = _HIDDEN

    def on(self, text: Corpus, work: Work = Work()) -> LinearState:
        """The state of ``text``."""
        past, future = fitted_window(len(text), self.past, self.future)
        counts = offset_counts(text, range(past + future + 1), work=work)
        most = directions_of(int(np.count_nonzero(counts.table(0).diagonal())), past, future)
        return linear_state(
            counts, min(self.usual, most) if self.hidden is None else self.hidden, past=past, future=future
        )

    def written(self, text: Corpus, work: Work) -> WrittenState:
        """Its neurons."""
        state = self.on(text, work)
        detail = f"{len(state.F)} neurons, {state.past} bytes before, {state.future} after"
        return WrittenState(state.elman(self.gain), None, detail, state)


def linear_state(
    counts: OffsetCounts, hidden: int, *, past: int = _PAST, future: int = _FUTURE, floor: float = 1e-3
) -> LinearState:
    """The H directions of the last ``past`` bytes that correlate most with the next ``future`` ones.

        Σ_pp^{-1/2} Σ_pf Σ_ff^{-1/2} = U S Vᵀ        s_t = U_Hᵀ Σ_pp^{-1/2} (x_t, x_{t-1}, …)
        (F, G) = cov(s_t, (s_{t-1}, x_t)) cov((s_{t-1}, x_t))^{-1}

    All covariances are tables of ``counts`` (bytes as one-hot vectors less their shares, zero beyond either end of the
    text), so the corpus is not read again, and its length costs nothing. Their order is that of a window, hence no
    combination of bytes has a variance below zero, and no correlation exceeds 1, on however short a text.

    Parameters
    ----------
    counts : with all offsets 0 … past + future
    hidden : H
    past, future : bytes before and after, in bytes
    floor : added to the variance of each byte, as a share of positions: without it rare bytes, which correlate by
        chance, take most directions

    Raises
    ------
    InputError
        If an offset was not counted, the bytes have fewer than H directions, or the floor is not above 0.

    Examples
    --------
    >>> from umrnn.corpus import Corpus
    >>> from umrnn.um.counts import offset_counts
    >>> counts = offset_counts(Corpus.from_bytes(b"round and round the ragged rock" * 8), range(11))
    >>> state = linear_state(counts, 12)
    >>> state.F.shape, state.G.shape, bool(0 < state.correlations[-1] < state.correlations[0] < 1)
    ((12, 12), (12, 256), True)

    References
    ----------
    B. L. Ho, R. E. Kalman, Effective construction of linear state-variable models from input/output functions (1966);
    H. Akaike, Markovian representation of stochastic processes by canonical variables (1975).
    """
    for name, value in (("hidden", hidden), ("past", past), ("future", future)):
        integer(name, value, 1)
    positive("floor", floor)
    tables, shares, seen = _tables(counts, past + future)
    if hidden > (most := directions_of(len(seen), past, future)):
        raise InputError(
            f"hidden must be at most {most} for {len(seen)} different bytes and {min(past, future)} of them in a row, "
            f"got {hidden}",
            hint="name fewer neurons, or a larger --past and --future",
        )

    def covariance(later: list[int], earlier: list[int]) -> Doubles:
        """Between bytes at lags (negative: ahead), as blocks."""
        return np.block([[_between(tables, i, j) for j in earlier] for i in later])

    here, before, ahead = list(range(past)), list(range(1, past + 1)), [-k for k in range(1, future + 1)]
    with one_thread():
        directions, correlations, spread = _canonical(
            covariance(here, here), covariance(ahead, ahead), covariance(here, ahead), hidden, floor
        )
        now_before = directions.T @ covariance(here, before) @ directions
        now_byte = directions.T @ covariance(here, [0])
        before_byte = directions.T @ covariance(before, [0])
        inputs = np.block([[spread, before_byte], [before_byte.T, tables[0]]])
        inputs[np.diag_indices(len(inputs))] += np.repeat((_RIDGE, floor), (hidden, len(seen)))
        outputs = np.hstack((now_before, now_byte))
        both = np.linalg.solve(inputs, outputs.T).T
        values = np.linalg.eigvalsh(inputs)
    G = np.zeros((hidden, ALPHABET))
    G[:, seen] = both[:, hidden:]
    p = np.zeros(ALPHABET)
    p[seen] = shares
    variance = float(np.trace(spread))
    kept = float(np.sum(both * outputs)) / variance if variance else math.nan
    weights = np.zeros((hidden, past, ALPHABET))
    weights[:, :, seen] = directions.T.reshape(hidden, past, len(seen))
    return LinearState(both[:, :hidden], G, p, correlations, weights, kept, float(values[-1] / values[0]), future)


def directions_of(symbols: int, past: int, future: int) -> int:
    """How many directions of the past can correlate with the future; one where there is but one kind of byte."""
    return min(past, future) * max(1, symbols - 1)


def fitted_window(length: int, past: int | None, future: int | None) -> tuple[int, int]:
    """Bytes before and after that a text of ``length`` bytes has room for (default: 6 and 4, or what there is).

    Examples
    --------
    >>> fitted_window(1024, None, None), fitted_window(8, None, None), fitted_window(8, 5, None)
    ((6, 4), (4, 3), (5, 2))
    """
    before = _PAST if past is None else integer("past", past, 1)
    after = _FUTURE if future is None else integer("future", future, 1)
    while before + after >= length:
        if past is None and before > 1 and (before > after or future is not None or after == 1):
            before -= 1
        elif future is None and after > 1:
            after -= 1
        else:
            raise InputError(
                f"the part that is counted must be longer than the window of {before + after} bytes, got {length}",
                hint="name a longer corpus",
            )
    return before, after


def _tables(counts: OffsetCounts, reach: int) -> tuple[Doubles, Doubles, NDArray[np.int64]]:
    """Covariances of bytes at each offset up to ``reach``, (D, A, A), shares of single bytes, and which these are."""
    occurring = counts.table(0).diagonal()
    seen = np.flatnonzero(occurring)
    total = int(occurring.sum())
    shares = occurring[seen] / total
    tables = np.empty((reach + 1, len(seen), len(seen)))
    for d in range(reach + 1):
        pairs = counts.table(d)[np.ix_(seen, seen)]
        earlier, later = np.outer(pairs.sum(axis=1), shares), np.outer(shares, pairs.sum(axis=0))
        tables[d] = (pairs - earlier - later + pairs.sum() * np.outer(shares, shares)) / total
    return tables, shares, seen


def _between(tables: Doubles, lag: int, other: int) -> Doubles:
    """Covariance of the one-hot bytes at two lags: rows are the byte at ``lag``."""
    return np.asarray(tables[lag - other] if lag >= other else tables[other - lag].T)


def _canonical(
    past: Doubles, future: Doubles, cross: Doubles, hidden: int, floor: float
) -> tuple[Doubles, Doubles, Doubles]:
    """Directions of the past, (P, H), their canonical correlations, and their covariance under ``past``, (H, H)."""
    from scipy.linalg import cholesky, eigh, solve_triangular

    past_root = cholesky(past + floor * np.eye(len(past)), lower=True)
    future_root = cholesky(future + floor * np.eye(len(future)), lower=True)
    white = solve_triangular(past_root, cross, lower=True)
    white = solve_triangular(future_root, white.T, lower=True).T
    small = len(future)
    values, vectors = eigh(white.T @ white, subset_by_index=(small - hidden, small - 1))
    order = np.argsort(-values, kind="stable")
    correlations = np.sqrt(np.maximum(values[order], 0))
    sides = np.linalg.qr(white @ vectors[:, order])[0]  # of length 1 also where nothing correlates
    sides *= np.where(sides[np.abs(sides).argmax(axis=0), np.arange(hidden)] < 0, -1.0, 1.0)  # a sign LAPACK may choose
    directions = solve_triangular(past_root, sides, lower=True, trans="T")
    return directions, correlations, directions.T @ past @ directions
