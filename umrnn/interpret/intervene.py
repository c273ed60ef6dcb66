"""Interventions: whether a feature can be read along a direction of state space, and whether it can be written."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, final

from numpy.typing import ArrayLike

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.directions import (
    LINEAR,
    READS,
    SPAN,
    WRITTEN,
    DirectionMeasures,
    DirectionRead,
    FeatureSums,
    Intervened,
    feature_values,
    unit,
)
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.weights import Elman

__all__ = ["DirectionRead", "Intervened", "Interventions", "intervene"]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Interventions(Result):
    """What a feature of the text is to a network: readable along a direction, and writable there or not.

    Parameters
    ----------
    feature : its name
    bpc : loss of the network as it is
    main : the direction that headline figures are about
    directions : a record per direction, random ones as one
    interventions : a record per way to take a direction out, or to set it
    figures : more of the headline
    more : tables of means, components and features
    """

    feature: str
    bpc: float
    main: str
    directions: tuple[DirectionRead, ...]
    interventions: tuple[Intervened, ...]
    figures: Mapping[str, float | int | None]
    more: Mapping[str, Table]

    def headline(self) -> dict[str, Any]:
        """How well the feature is read, what each intervention costs, and the same for random directions."""
        by = {row.direction: row for row in self.directions}
        own, chance = by[self.main], by.get("random")
        rows = {(row.intervention, row.direction): row for row in self.interventions}
        linear, span, first = rows[LINEAR, self.main], rows.get((WRITTEN, SPAN)), rows.get((READS, "pc_1"))
        return {
            "feature": self.feature,
            "direction": self.main,
            "bpc": self.bpc,
            "in_sample_r": own.in_sample_r,
            "in_sample_r2": own.in_sample_r**2,
            "held_out_r": own.held_out_r,
            "null_r": own.null_r,
            "regression_r": by["regression"].in_sample_r,
            "regression_held_out_r": by["regression"].held_out_r,
            "null_regression_r": by["regression"].null_r,
            **{name: getattr(own, name) for name in _DELTAS},
            "random_post_hoc_delta": chance.post_hoc_delta if chance else None,
            "random_step_delta": chance.step_delta if chance else None,
            "random_step_delta_min": chance.step_delta_min if chance else None,
            "random_step_delta_max": chance.step_delta_max if chance else None,
            "write_in_delta": own.write_in_delta,
            "write_in_linear_delta": linear.delta_bpc,
            "write_in_span_delta": span.delta_bpc if span else None,
            "random_write_in_delta": chance.write_in_delta if chance else None,
            "weight_delta": rows[READS, self.main].delta_bpc,
            "weight_pc_1_delta": first.delta_bpc if first else None,
            **self.figures,
        }

    def tables(self) -> dict[str, Table]:
        """``directions``: readable? writable?; ``interventions``; ``means`` by value; ``components``; ``features``.

        Spreads are those of ``interventions``, so that ``directions`` stays small enough to be read at one glance.
        """
        spread = ("_min", "_median", "_max")
        plain = [field.name for field in fields(DirectionRead) if not field.name.endswith(spread)]
        return {
            "directions": Table.of_records(self.directions, plain),
            "interventions": Table.of_records(self.interventions, [field.name for field in fields(Intervened)]),
            **self.more,
        }


_MOST = 10_000  # draws
_DELTAS = (
    "post_hoc_delta",
    "post_hoc_centred_delta",
    "step_delta",
    "step_delta_min",
    "step_delta_median",
    "step_delta_max",
)


@reads_text
def intervene(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    feature: str = "word-length",
    direction: ArrayLike | None = None,
    draws: int = 10,
    null: Null | None = None,
    work: Work = Work(),
) -> Interventions:
    """Read a feature along directions of state space, then take each direction out, or set it, and score the network.

        post hoc        the read-out alone sees h - (h . d) d
        every step      h <- h - (h . d) d, and the next step reads that
        written in      h <- h + (E[h . d | f] - h . d) d at every step, f being the true value of the feature
        from weights    W_h (I - d d'), or (I - d d') W_h

    Directions d are the covariance of states and feature, and their least-squares fit. What is fed back is chaotic: a
    change of 0.001 in d moves the loss by tenths of a bit, so beside each such figure stand the least, the median and
    the most over it and ``draws`` nearby directions, and the same interventions on ``draws`` random directions.

    Parameters
    ----------
    feature : one of ``umrnn.interpret.directions.feature_names()``
    direction : shape (H,), a direction of your own, of any length but 0; the headline is then about it
    draws : nearby directions, and random ones, 0 … 10,000; each costs a run over the corpus for every intervention
    null : shuffles of the feature over the positions, each fitted anew; default: 199, or 39 from 20,000 positions on

    Raises
    ------
    InputError
        If the corpus is a single byte, the feature is unknown or the same everywhere, the states do not vary with it,
        ``draws`` is out of range, or ``direction`` has another shape, no length or is not finite.

    Examples
    --------
    >>> import umrnn.rnn as rnn
    >>> found = intervene(rnn.shipped(), Corpus.siteinfo(), draws=0, null=Null(1)).headline()
    >>> found["write_in_delta"] > 10 * found["post_hoc_delta"]
    True

    References
    ----------
    Means, principal components and propagation follow the factor-map notes of 2026-02-09.
    """
    draws = integer("draws", draws, 0, _MOST)
    check_predicts(corpus)
    network, facts, _ = opened(model)
    given = None if direction is None else unit(direction, network.hidden)
    values = feature_values(feature, corpus)
    null = null or Null.usual(None, len(corpus))
    with one_thread():  # held here: the limit is the calling thread's to set
        sums = FeatureSums.over(network, corpus, values, null, work=work)
        found = DirectionMeasures(network, corpus, values, sums, given, (null.seed, draws)).measured(work)
    settings = {"feature": feature, "draws": draws, "permutations": sums.draws, "moved_by": 1e-3}
    settings |= {"held_out_from": corpus.start + len(corpus) // 2}
    return Interventions(
        feature=feature,
        **found,
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=facts),
    )
