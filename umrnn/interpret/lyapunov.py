"""Lyapunov exponents: how fast states that differ a little drift apart or together as the network reads."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, byte_counts, reads_text
from umrnn.interpret.kernels.lyapunov import slopes
from umrnn.interpret.rounding import ErrorGrowth, error_growth, mean_log_ratio
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["Exponent", "Exponents", "Lyapunov", "lyapunov"]

_BURN_IN = 50  # steps
_BATCHES = 16
_STEPS = 10_000  # read of a longer corpus unless more are asked for
_ALL = 256  # neurons up to which all exponents are computed
_FIRST = 64  # exponents of a larger network
_LONGEST = 100  # steps between two factorisations: beyond, rounding decides all but the first exponents
_SHUFFLES = 3


@dataclass(frozen=True)
class Exponent:
    """One exponent in nats per step, largest first; NaN where rounding hides its direction from larger ones."""

    index: int
    exponent: float
    standard_error: float


@dataclass(frozen=True)
class Exponents:
    """The exponents of one run, and what follows from them.

    Parameters
    ----------
    input : what was read: ``corpus``, ``shuffled k``, or ``fixed byte``
    steps : Jacobians averaged over
    values : largest first
    sum_of_exponents : of all H exponents; None where only some were computed
    mean_log_det : mean of log |det J_t|, which the sum must equal
    kaplan_yorke_dimension : NaN where the exponents computed do not settle it
    positive_share : of the exponents computed
    """

    input: str
    steps: int
    values: tuple[Exponent, ...]
    sum_of_exponents: float | None
    mean_log_det: float
    kaplan_yorke_dimension: float
    positive_share: float

    @property
    def lambda1_nats_per_step(self) -> float:
        """The largest exponent."""
        return self.values[0].exponent

    @property
    def standard_error(self) -> float:
        """Of the largest exponent."""
        return self.values[0].standard_error


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Lyapunov(Result):
    """Exponents on the corpus, beside controls, and the growth of the rounding error.

    Parameters
    ----------
    exponents : of the corpus
    controls : of the bytes in random order, one record per shuffle, and of the commonest byte again and again
    growth : distance of the states in float32 from those in float64 after some steps
    burn_in : steps left out, in which the directions turn towards those that grow
    """

    exponents: Exponents
    controls: tuple[Exponents, ...]
    growth: tuple[ErrorGrowth, ...]
    burn_in: int

    def headline(self) -> dict[str, Any]:
        """The largest exponent with its error, what follows from all of them, the controls, the error ratio."""
        found, first = self.exponents, self.exponents.values[0]
        shuffled = [one.values[0].exponent for one in self.controls if one.input != _FIXED]
        return {
            "lambda1_nats_per_step": first.exponent,
            "standard_error": first.standard_error,
            "shuffled_lambda1": Null.mean(shuffled),
            "fixed_byte_lambda1": self.controls[-1].values[0].exponent,
            "positive_share": found.positive_share,
            "kaplan_yorke_dimension": found.kaplan_yorke_dimension,
            "sum_of_exponents": found.sum_of_exponents,
            "mean_log_det": found.mean_log_det,
            "transient_error_ratio": self.growth[1].ratio_to_previous,
            "mean_log_error_ratio": mean_log_ratio(self.growth),
            "exponents": len(found.values),
            "steps": found.steps,
            "burn_in": self.burn_in,
        }

    def tables(self) -> dict[str, Table]:
        """``exponents``: largest first; ``runs``: the corpus and its controls; ``error_growth``: by step."""
        first, *rest = (field.name for field in fields(Exponents) if field.name != "values")
        columns = (first, "lambda1_nats_per_step", "standard_error", *rest)
        return {
            "exponents": Table.of_records(self.exponents.values, Exponent),
            "runs": Table.of_records((self.exponents, *self.controls), columns),
            "error_growth": Table.of_records(self.growth, ErrorGrowth),
        }


_FIXED = "fixed byte"


@reads_text
def lyapunov(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    exponents: int | None = None,
    every: int = 1,
    steps: int | None = None,
    null: Null | None = None,
    work: Work = Work(),
) -> Lyapunov:
    """Lyapunov exponents of the network driven by the corpus, by repeated QR factorisation.

        J_t = diag(1 - h_t^2) W_h        Q R = J_t ... J_{t-n+1} Q'        lambda_i = mean of log |R_ii| / n

    in nats per step, from random orthonormal directions, after 50 steps of burn-in (half the steps of a short corpus).
    All arithmetic on directions is float64; the states are those of the model in its dtype. The standard error is that
    of the mean of 16 batches of consecutive steps, which allows for steps that resemble their neighbours. The sum of
    all exponents is the mean of log |det J_t|: a check of the arithmetic.

    Controls: the same on the bytes in random order, and on the commonest byte alone, where the exponents are those of
    the network itself. Beside them, the ratio of the first two distances between states in float32 and in float64: a
    transient growth of the error, no rate.

    Parameters
    ----------
    exponents : how many, largest first; default: all, or 64 where there are more than 256 neurons
    every : steps from one factorisation to the next, 1 … 100 and at most half the steps; more is faster, but hides
        directions that shrink by a factor of 10^14 against others in between
    steps : bytes read, burn-in included; default: all, at most 10,000
    null : shuffles of the corpus; default: three; its seed also draws the directions

    Raises
    ------
    InputError
        If the corpus is a single byte or an option is out of its range.

    Examples
    --------
    >>> weights = Elman.zeros(hidden=1, dtype=np.float64).arrays() | {"W_h": np.full((1, 1), 0.5)}
    >>> result = lyapunov(Elman(**weights), Corpus.siteinfo())
    >>> round(math.exp(result.headline()["lambda1_nats_per_step"]), 6)
    0.5

    References
    ----------
    Benettin, Galgani, Giorgilli & Strelcyn, Meccanica 15 (1980); Kaplan & Yorke (1979).
    """
    null = null or Null(_SHUFFLES)
    check_predicts(corpus)
    network, facts, _ = opened(model)
    read = integer("steps", min(len(corpus), _STEPS) if steps is None else steps, 2, len(corpus))
    every = integer("every", every, 1, min(_LONGEST, read // 2))
    usual = network.hidden if network.hidden <= _ALL else _FIRST
    count = integer("exponents", usual if exponents is None else exponents, 1, network.hidden)
    plan = _Plan(read // every, every, min(-(-_BURN_IN // every), read // every // 2), count)
    part = corpus.slice(0, read)
    start = null.generator(1 << 32).standard_normal((count, network.hidden))
    inputs = list(_inputs(part, null.fitting(read)))
    work.progress.start("Lyapunov exponents", len(inputs) * read, "steps")
    with one_thread(), pool(work.threads) as executor:
        runs = list(map_ordered(lambda one: _exponents_of(network, *one, start, plan, work), inputs, executor))
    work.progress.finish()
    return Lyapunov(
        exponents=runs[0],
        controls=tuple(runs[1:]),
        growth=error_growth(network, part, work=work),
        burn_in=plan.skipped * every,
        provenance=provenance(
            corpus,
            parameters={"exponents": count, "every": every, "steps": read, "permutations": null.permutations},
            seed=null.seed,
            threads=work.threads,
            model=facts,
        ),
    )


@dataclass(frozen=True)
class _Plan:
    """``intervals`` of ``every`` steps, of which the first ``skipped`` are burn-in; ``count`` directions."""

    intervals: int
    every: int
    skipped: int
    count: int


def _inputs(corpus: Corpus, null: Null) -> Iterator[tuple[str, Corpus]]:
    yield "corpus", corpus
    for number in range(null.permutations):
        yield f"shuffled {number}", Corpus.from_bytes(null.shuffled(corpus.data, number))
    commonest = int(byte_counts(corpus.data).argmax())
    yield _FIXED, Corpus.from_bytes(np.full(len(corpus), commonest, np.uint8))


def _exponents_of(
    model: Elman, name: str, corpus: Corpus, start: NDArray[np.float64], plan: _Plan, work: Work
) -> Exponents:
    """One run: directions are the rows of Q (k, H), so that the product with W_h and the slopes runs along memory."""
    W_h = model.W_h.astype(np.float64)
    counted = plan.intervals - plan.skipped
    batches = min(_BATCHES, counted)
    sums, lengths, log_slopes = np.zeros((batches, plan.count)), np.zeros(batches), 0.0
    Q, done = np.linalg.qr(start.T)[0].T, 0
    for block in trace(model, corpus):
        slope = np.empty(block.z.shape)
        slopes(block.z, slope)
        for row in slope[: plan.intervals * plan.every - block.start]:
            Q = (Q @ W_h.T) * row
            interval, step = divmod(done, plan.every)
            batch = (interval - plan.skipped) * batches // counted
            done += 1
            if batch >= 0:
                log_slopes += _sum_of_logs(row)
            if step == plan.every - 1:
                Q, grown = _orthonormal(Q)
                if batch >= 0:
                    sums[batch] += grown
                    lengths[batch] += plan.every
        work.progress.advance(len(block.h))
    steps = counted * plan.every
    found = _exponents(sums, lengths)
    values = [one.exponent for one in found]
    return Exponents(
        name,
        steps,
        found,
        math.fsum(values) if plan.count == model.hidden else None,
        log_slopes / steps + float(np.linalg.slogdet(W_h)[1]),
        _kaplan_yorke(values, model.hidden),
        sum(value > 0 for value in values) / len(values),
    )


def _sum_of_logs(row: NDArray[np.float64]) -> float:
    with np.errstate(divide="ignore"):
        return float(np.log(row).sum())


def _orthonormal(Y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Q (k, H) with orthonormal rows spanning those of Y, and log |R_ii|, shape (k,), NaN where it is rounding alone.

    LAPACK takes 0.4 ms for 128 directions of 128 neurons; Householder reflections in numba took 1.3.
    """
    Q, R = np.linalg.qr(Y.T)
    size = np.abs(np.diagonal(R))
    hidden = (size > 0) & (size <= len(R) * np.finfo(np.float64).eps * np.linalg.norm(R, axis=0))
    with np.errstate(divide="ignore"):
        return Q.T, np.where(hidden, np.nan, np.log(size))


def _exponents(sums: NDArray[np.float64], lengths: NDArray[np.float64]) -> tuple[Exponent, ...]:
    """Means over all steps, and standard errors from the means of the batches."""
    mean, rows = sums.sum(axis=0) / lengths.sum(), sums / lengths[:, np.newaxis]
    errors = np.full(len(mean), math.nan)
    known = np.isfinite(mean)
    if len(rows) > 1:
        errors[known] = rows[:, known].std(axis=0, ddof=1) / math.sqrt(len(rows))
    order = np.argsort(-mean, kind="stable")
    return tuple(Exponent(i + 1, float(mean[j]), float(errors[j])) for i, j in enumerate(order))


def _kaplan_yorke(exponents: Sequence[float], hidden: int) -> float:
    """The dimension j + (lambda_1 + … + lambda_j) / |lambda_{j+1}|, for the largest j whose sum is not negative.

    Examples
    --------
    >>> _kaplan_yorke([1.0, -0.5, -2.0], 3)
    2.25
    """
    total = 0.0
    for j, value in enumerate(exponents):
        if math.isnan(value):
            return math.nan
        if total + value < 0:
            return j + total / abs(value)
        total += value
    return float(hidden) if len(exponents) == hidden else math.nan
