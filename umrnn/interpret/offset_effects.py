"""How far back the network reaches: replace the byte at one lag, run on, and count what changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.interpret.replaced import (
    PositionEffects,
    Replacement,
    WholeEffects,
    checked_positions,
    other_kind,
    position_effects,
    replacements,
    whole_effects,
)
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["OffsetEffects", "offset_effects"]

PUBLISHED_POSITIONS = (42, 60, 80, 100, 120, 150, *range(200, 501, 50))
GREEDY, PAIR = (1, 8, 20, 3), (1, 7)  # offsets that greedy search finds on siteinfo; lags that the factor map finds
_MAX_LAG = 30
_WORK = 10**12  # multiply-adds for the whole corpus: some 20 seconds on one core

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OffsetEffects(Result):
    """What the byte at each lag still does: at chosen positions, over the corpus, and with another replacement.

    Parameters
    ----------
    at : the effects at the chosen positions
    whole : their means over the corpus
    other : at the chosen positions, with the other kind of replacement; None where there is no such byte
    """

    at: PositionEffects
    whole: WholeEffects
    other: PositionEffects | None

    def headline(self) -> dict[str, Any]:
        """The lag most neurons answer to, shares of the sign changes at named lags with those of equal lags."""
        neurons, whole = self.at.neurons, self.whole.neurons
        lags, kl = len(neurons) - 1, _mean(self.at.kl_bits)
        mode, count = _mode(neurons)
        whole_mode, whole_count = _mode(whole)
        top = int(np.nanargmax(kl[1:])) + 1 if lags else None
        return {
            "mode_lag": mode,
            "mode_neurons": count,
            "greedy_share": _share(neurons[1:], GREEDY, 1),
            "pair_share": _share(neurons[1:], PAIR, 1),
            "equal_greedy_share": sum(d <= lags for d in GREEDY) / lags if lags else None,
            "equal_pair_share": sum(d <= lags for d in PAIR) / lags if lags else None,
            "greedy_share_as_offsets": _share(neurons[:-1], [d - 1 for d in GREEDY], 0),
            "top_kl_lag": top,
            "top_kl_bits": float(kl[top]) if top else None,
            "whole_mode_lag": whole_mode,
            "whole_mode_neurons": whole_count,
            "whole_greedy_share": _share(whole[1:], GREEDY, 1),
            "whole_pair_share": _share(whole[1:], PAIR, 1),
            "other_greedy_share": _share(self.other.neurons[1:], GREEDY, 1) if self.other else None,
            "other_mode_lag": _mode(self.other.neurons)[0] if self.other else None,
            "positions": len(self.at.positions),
        }

    def tables(self) -> dict[str, Table]:
        """``lags``: a row per lag; ``lag_neurons``: a row per neuron."""
        lags = range(len(self.at.neurons))
        columns: dict[str, Iterable[Any]] = {
            "lag": lags,
            "sign_changes": _mean(self.at.sign_changes).tolist(),
            "sign_changes_error": _error(self.at.sign_changes).tolist(),
            "kl_bits": _mean(self.at.kl_bits).tolist(),
            "kl_bits_error": _error(self.at.kl_bits).tolist(),
            "abs_delta_bits": _mean(np.abs(self.at.delta_bits)).tolist(),
            "dominant_neurons": _dominated(self.at.neurons),
            "whole_pairs": self.whole.pairs.tolist(),
            "whole_sign_changes": self.whole.sign_changes.tolist(),
            "whole_kl_bits": self.whole.kl_bits.tolist(),
            "whole_abs_delta_bits": self.whole.abs_delta_bits.tolist(),
            "whole_dominant_neurons": _dominated(self.whole.neurons),
            "other_sign_changes": _mean(self.other.sign_changes).tolist() if self.other else [None] * len(lags),
            "other_kl_bits": _mean(self.other.kl_bits).tolist() if self.other else [None] * len(lags),
        }
        return {"lags": Table.of(tuple(columns), zip(*columns.values())), "lag_neurons": self._neuron_table()}

    def _neuron_table(self) -> Table:
        columns = (
            range(self.at.neurons.shape[1]),
            _dominant(self.at.neurons),
            self.at.neurons[1:].max(axis=0, initial=0).tolist(),
            self.at.neurons[1:].sum(axis=0).tolist(),
            _dominant(self.whole.neurons),
            self.whole.neurons[1:].sum(axis=0).tolist(),
        )
        names = ("neuron", "dominant_lag", "changes_there", "changes", "whole_dominant_lag", "whole_changes")
        return Table.of(names, zip(*columns))


@reads_text
def offset_effects(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    positions: Iterable[int] | None = None,
    max_lag: int | None = None,
    replace: Replacement = "unseen",
    tolerance: float = 0.0,
    seed: int = 0,
    work: Work = Work(),
) -> OffsetEffects:
    """Replace x[t - d] by another byte, re-run to t, and compare state and prediction at t.

        sign changes = |{j : [h'_j >= 0] != [h_j >= 0]}|        KL = sum over v of p_v log2 (p_v / p'_v)

    Here d counts back from the byte just read: it is a lag, one less than an offset. Shares are of all sign changes at
    lags 1 … D, as published; lag 0 stands in the table. Beside the chosen positions, which are few, stand means over
    the corpus (over every k-th piece of 256 bytes where the whole would take more than 10^12 multiply-adds).

    Parameters
    ----------
    positions : where to look, counted in the source of the corpus; default: the 13 published ones, counted from the
        first byte of the corpus, where it reaches so far, else 13 evenly spaced
    max_lag : D, the largest lag; default: 30, or as far as the corpus allows
    replace : by (x + 128) mod 256, ``unseen``, or by a ``random`` other byte of the corpus; the other one stands beside
    tolerance : where no state differs by more than this, the run is taken to have come back and its effect for 0
    seed : of the random bytes

    Raises
    ------
    InputError
        If the corpus is a single byte, a position has no next byte, or an option is out of range.

    Examples
    --------
    >>> found = offset_effects(Elman.zeros(hidden=2), Corpus.siteinfo())
    >>> found.headline()["top_kl_bits"], found.at.kl_bits.shape
    (0.0, (13, 31))

    References
    ----------
    The dynamical offsets of the 2026-02-11 pages on the question which offsets the network uses.
    """
    last = check_predicts(corpus) - 1
    lags = min(_MAX_LAG, last) if max_lag is None else integer("max-lag", max_lag, 1)
    if lags > last:
        raise InputError(
            f"max-lag must be shorter than the {last + 1} bytes that predict one, got {lags}",
            hint="name a smaller lag or a longer corpus",
        )
    usual = (corpus.start + t for t in _usual_positions(last))
    chosen = checked_positions(usual if positions is None else positions, corpus)
    if not (tolerance >= 0 and np.isfinite(tolerance)):
        raise InputError(f"tolerance must be a finite number of at least 0, got {tolerance}")
    network, facts, _ = opened(model)
    options: Mapping[str, Any] = {"tolerance": tolerance, "work": work}
    drawn = replacements(corpus, replace, seed)
    every = max(1, len(corpus) * (lags + 1) * network.hidden * (network.hidden + ALPHABET) // _WORK)
    at = position_effects(network, corpus, chosen, lags + 1, other=drawn, **options)
    whole = whole_effects(network, corpus, lags + 1, other=drawn, every=every, **options)
    second = other_kind(corpus, replace, seed)
    other = None if second is None else position_effects(network, corpus, chosen, lags + 1, other=second, **options)
    settings = {"positions": chosen, "max_lag": lags, "replace": replace}
    settings |= {"tolerance": tolerance, "every_piece": every}
    known = provenance(corpus, parameters=settings, seed=seed, threads=work.threads, model=facts)
    return OffsetEffects(at=at, whole=whole, other=other, provenance=known)


def _usual_positions(last: int) -> Iterable[int]:
    if last >= PUBLISHED_POSITIONS[-1]:
        return PUBLISHED_POSITIONS
    count = min(len(PUBLISHED_POSITIONS), last + 1)
    return [last * (i + 1) // count for i in range(count)]


def _mean(values: Floats) -> Floats:
    """Over positions, NaN left out; NaN where there is none, shape (D + 1,)."""
    known = np.count_nonzero(~np.isnan(values), axis=0)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.nansum(values, axis=0) / known
    return mean


def _error(values: Floats) -> Floats:
    """Standard error of ``_mean``; NaN for fewer than two positions."""
    known = np.count_nonzero(~np.isnan(values), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.nansum(np.square(values - _mean(values)), axis=0) / (known - 1)
        error: Floats = np.where(known > 1, np.sqrt(variance / known), nan)
    return error


def _share(neurons: NDArray[np.int64], lags: Iterable[int], first: int) -> float | None:
    """Share of the sign changes in ``neurons``, whose row 0 is lag ``first``, at ``lags``; None without any."""
    changes = neurons.sum(axis=1)
    total = int(changes.sum())
    return float(sum(changes[d - first] for d in lags if d - first < len(changes))) / total if total else None


def _dominant(neurons: NDArray[np.int64]) -> list[int | None]:
    """Per neuron the lag >= 1 of most sign changes, the smaller among equals; None where there is no change."""
    later = neurons[1:]
    if not len(later):
        return [None] * neurons.shape[1]
    return [lag + 1 if most else None for lag, most in zip(later.argmax(axis=0).tolist(), later.max(axis=0).tolist())]


def _dominated(neurons: NDArray[np.int64]) -> list[int]:
    """Per lag the neurons it dominates; lag 0 takes no part."""
    lags = _dominant(neurons)
    return [lags.count(lag) for lag in range(len(neurons))]


def _mode(neurons: NDArray[np.int64]) -> tuple[int | None, int]:
    """The lag that dominates most neurons, the smaller among equals, and how many; None where no sign changes."""
    counts = _dominated(neurons)
    return (counts.index(max(counts)), max(counts)) if any(counts) else (None, 0)
