"""Substitute: what a network loses when its trained arrays make way for estimates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from dataclasses import replace as changed
from typing import Any, final

import numpy as np

from umrnn._validate import integer
from umrnn.construct.imitation.comparison import is_long, usual_null
from umrnn.construct.imitation.estimates import estimate_all
from umrnn.construct.imitation.replacement import (
    BLENDED,
    KEPT,
    SUBSTITUTIONS,
    WHOLE,
    Replacement,
    Substitutes,
    Variant,
    of_arrays,
)
from umrnn.construct.imitation.retrained import RETRAINED, Retraining, trained_positions
from umrnn.construct.imitation.scores import Run, score_all
from umrnn.construct.imitation.sums import sum_states
from umrnn.corpus import Corpus, reads_text
from umrnn.nulls import Null, Split
from umrnn.parallel import pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.fitted import standing
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.weights import Elman

__all__ = ["Substituted", "Substitution", "substitute", "usual_relabelled"]

_DRAWS, _RELABELLED = (10, 2), (3, 1)  # the second where each takes long
_FEW = 1  # nearby estimates whose read-out is trained, at most; relabelled: one
# Headline keys: those of the table, and of blends with so much kept.
_KEYS = {name: SUBSTITUTIONS[name] for name in ("all", "all_but_b_y", "W_h", "W_x", "W_y", "b_h_times_5", "b_h")}
_KEYS |= {f"{name}_{k}": SUBSTITUTIONS[name].blended(k / 100) for name, k in (("W_h", 80), ("W_y", 50), ("W_y", 80))}
_KEYS |= RETRAINED


@dataclass(frozen=True)
class Substituted:
    """A network in which ``replaced`` became ``kept_share`` times itself plus the rest times the estimate.

    ``delta_min`` … ``delta_max`` are over nearby estimates and missing where the states stay those of the trained
    network; ``null_bpc`` is the mean over relabelled neurons; ``held_out_…`` has estimates from the first half of the
    corpus and is scored on the second.
    """

    replaced: str
    estimate: str
    kept_share: float
    bpc: float
    delta_bpc: float
    delta_min: float | None
    delta_median: float | None
    delta_max: float | None
    null_bpc: float | None
    held_out_bpc: float
    held_out_delta_bpc: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Substitution(Result):
    """What each replacement does to the loss.

    Parameters
    ----------
    bpc, second_half_bpc : loss of the trained network, on all bytes and on the second half
    scored : whether it was trained on these bytes, as in :func:`umrnn.rnn.evaluate`
    rows : a record per replacement, and share kept
    model : the network with the arrays replaced that were asked for
    written : its record
    """

    bpc: float
    second_half_bpc: float
    scored: str
    rows: Mapping[Replacement, Substituted]
    model: Elman
    written: Substituted

    def headline(self) -> dict[str, Any]:
        """The trained loss; that of each replacement, its rise, and both held out; how many replacements help."""
        listed = {*SUBSTITUTIONS.values(), *_blends(), *RETRAINED.values()}
        own = [self.rows[one] for one in listed if one.kept < 1]
        return {
            "bpc": self.bpc,
            "scored": self.scored,
            "second_half_bpc": self.second_half_bpc,
            **{f"bpc_{key}": self.rows[one].bpc for key, one in _KEYS.items()},
            **{f"delta_{key}": self.rows[one].delta_bpc for key, one in _KEYS.items()},
            **{f"bpc_{key}_held_out": self.rows[one].held_out_bpc for key, one in _KEYS.items()},
            **{f"delta_{key}_held_out": self.rows[one].held_out_delta_bpc for key, one in _KEYS.items()},
            "replacements": len(own),
            "improving": sum(row.delta_bpc < 0 for row in own),
            "improving_held_out": sum(row.held_out_delta_bpc < 0 for row in own),
            "written": self.written.replaced,
            "written_kept_share": self.written.kept_share,
            "written_bpc": self.written.bpc,
        }

    def tables(self) -> dict[str, Table]:
        """``substitutions``: arrays replaced in whole; ``blends``: in part; ``read_outs`` trained on such states."""
        columns = [field.name for field in fields(Substituted)]
        groups = {"substitutions": SUBSTITUTIONS.values(), "blends": _blends(), "read_outs": RETRAINED.values()}
        return {name: Table.of_records([self.rows[one] for one in group], columns) for name, group in groups.items()}


@reads_text
def substitute(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    replace: Sequence[str] = ("all",),
    keep: float = 0.0,
    epochs: int = 500,
    draws: int | None = None,
    null: Null | None = None,
    work: Work = Work(),
) -> Substitution:
    """Put estimates in the place of trained arrays, and score what is left.

        W <- a W + (1 - a) s C,  s = <W, C> / <C, C>        b_h <- 5 log-odds, or the nearest multiple

    C is the estimate of :func:`umrnn.construct.predict`. Where W_x, W_h or b_h change, the states are fed back and
    small changes grow: beside the rise of the loss stand its least, median and largest over the estimate itself and
    ``draws`` nearby ones, moved by a thousandth of their length.

    Parameters
    ----------
    replace : arrays replaced in the network that ``model`` of the result is, or ``("all",)``
    keep : share a of these that is kept, in [0, 1]
    epochs : full gradient steps that train the read-outs of the table ``read_outs``, at most on 16,384 positions of 128
        neurons, fewer of more; 0 leaves them as they are
    draws : nearby estimates; default: 10, or 2 from 20 KB or 512 neurons on
    null : how many times neurons get other names; default: 3, or 1 from 20 KB or 512 neurons on; its seed is that of
        nearby estimates too

    Raises
    ------
    InputError
        If the corpus is a single byte, ``replace`` names no array, or an option is out of range.

    Examples
    --------
    >>> import umrnn.rnn as rnn
    >>> quick = {"epochs": 0, "draws": 0, "null": Null(0)}
    >>> found = substitute(rnn.shipped(), Corpus.siteinfo(), replace=("W_y",), keep=0.8, **quick)
    >>> found.headline()["bpc"] < found.headline()["written_bpc"] < found.headline()["bpc_W_y"]
    True

    References
    ----------
    The substitutions of 2026-02-11.
    """
    check_predicts(corpus)
    wanted = of_arrays(tuple(replace), keep)
    network, facts, fitted = opened(model)
    null = null or usual_relabelled(None, network, corpus)
    draws = integer("draws", _DRAWS[is_long(network, corpus)] if draws is None else draws, 0)
    epochs, boundary = integer("epochs", epochs, 0), max(1, Split().boundary(len(corpus)))
    with one_thread(), pool(work.threads) as executor:
        shared = changed(work, threads=executor or 1)
        substitutes = _substitutes(network, corpus, null.seed, shared)
        training = Retraining(substitutes, corpus, boundary, epochs)
        own, found = _scored_rows(training, wanted, draws, null.permutations, shared)
    settings = {"replace": wanted.replaced, "keep": keep, "epochs": epochs, "draws": draws}
    settings |= {"permutations": null.permutations, "moved_by": 1e-3, "held_out_from": corpus.start + boundary}
    settings |= {"trained_positions": trained_positions(len(corpus), network.hidden)}
    return Substitution(
        bpc=own[0],
        second_half_bpc=own[1],
        scored=standing(corpus, fitted).scored,
        rows=found,
        model=substitutes.network(wanted),
        written=found[wanted],
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=facts),
    )


def usual_relabelled(permutations: int | None, network: Elman, corpus: Corpus, seed: int = 0) -> Null:
    """``permutations`` if given, else 3, or 1 from 20 KB or 512 neurons on.

    Examples
    --------
    >>> usual_relabelled(None, Elman.zeros(hidden=600), Corpus.siteinfo())
    Null(permutations=1, seed=0)
    """
    return usual_null(permutations, network, corpus, seed, _RELABELLED)


def _substitutes(network: Elman, corpus: Corpus, seed: int, work: Work) -> Substitutes:
    """Estimates from all states, and from those of the first half."""
    first, second = sum_states(network, corpus, work=work)
    return Substitutes(network, estimate_all(first + second, network), estimate_all(first, network), seed)


def _scored_rows(
    training: Retraining, wanted: Replacement, draws: int, permutations: int, work: Work
) -> tuple[tuple[float, float], dict[Replacement, Substituted]]:
    """Losses of the trained network, and a record for every replacement."""
    plain = list(dict.fromkeys([*SUBSTITUTIONS.values(), *_blends(), wanted]))
    few = min(draws, _FEW), min(permutations, 1)
    bits = score_all(training.substitutes, training.corpus, _runs(plain, draws, permutations), training.boundary, work)
    trained = training.score_all(_runs(RETRAINED.values(), *few), work)
    own = bits[SUBSTITUTIONS["W_y"].blended(1.0), WHOLE]
    found = {one: _row(one, bits, own, draws, permutations) for one in plain}
    return own, found | {one: _row(one, trained, own, *few) for one in RETRAINED.values()}


def _blends() -> Iterator[Replacement]:
    return (SUBSTITUTIONS[name].blended(kept) for name in BLENDED for kept in KEPT)


def _runs(replacements: Iterable[Replacement], draws: int, permutations: int) -> Iterator[Run]:
    """The runs that their rows need."""
    for one in replacements:
        yield one, WHOLE
        if one.kept < 1:
            yield one, Variant("first")
            yield from ((one, Variant("relabelled", k)) for k in range(permutations))
            yield from ((one, Variant("nearby", k)) for k in range(draws if one.dynamics else 0))


def _row(
    one: Replacement,
    bits: Mapping[Run, tuple[float, float]],
    trained: tuple[float, float],
    draws: int,
    permutations: int,
) -> Substituted:
    bpc, late = bits[one, WHOLE]
    spread: list[float | None] = [None] * 3
    if one.dynamics:
        near = np.array([bpc, *(bits[one, Variant("nearby", k)][0] for k in range(draws))]) - trained[0]
        spread = [float(near.min()), float(np.median(near)), float(near.max())]
    chance = [bits[one, Variant("relabelled", k)][0] for k in range(permutations)] if one.kept < 1 else []
    held_out = bits[one, Variant("first")][1] if one.kept < 1 else late
    return Substituted(
        replaced=one.replaced,
        estimate=one.estimate,
        kept_share=one.kept,
        bpc=bpc,
        delta_bpc=bpc - trained[0],
        delta_min=spread[0],
        delta_median=spread[1],
        delta_max=spread[2],
        null_bpc=float(np.mean(chance)) if chance else None,
        held_out_bpc=held_out,
        held_out_delta_bpc=held_out - trained[1],
    )
