"""Networks with some of their arrays replaced by estimates, in whole or in part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from umrnn.construct.imitation.agreement import relabelled
from umrnn.construct.imitation.estimates import Estimates
from umrnn.errors import InputError
from umrnn.rnn.weights import Elman

__all__ = ["BLENDED", "KEPT", "SUBSTITUTIONS", "WHOLE", "Part", "Replacement", "Substitutes", "Variant", "of_arrays"]

Wide = NDArray[np.float64]

KEPT = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0)
_MOVED_BY = 1e-3  # length of what is added to an estimate, beside the estimate's own
_ARRAYS = ("W_x", "W_h", "b_h", "W_y", "b_y")
_DYNAMICS = ("W_x", "W_h", "b_h")
_STREAMS = {"nearby": 2, "relabelled": 3}


class Part(NamedTuple):
    """One array, the estimate put in its place, and the factor before it; None is the least-squares factor."""

    array: str
    estimate: str
    factor: float | None = None


class Variant(NamedTuple):
    """How an estimate is taken: ``whole``, from the ``first`` half, ``nearby``, or with neurons ``relabelled``."""

    kind: str = "whole"
    draw: int = 0


WHOLE = Variant()


@dataclass(frozen=True)
class Replacement:
    """What is replaced by what; each array becomes ``kept`` times itself plus 1 - ``kept`` times the estimate.

    Parameters
    ----------
    replaced, estimate : what tables call them
    """

    replaced: str
    estimate: str
    parts: tuple[Part, ...]
    kept: float = 0.0

    @property
    def dynamics(self) -> tuple[Part, ...]:
        """What is replaced in the recurrence; nothing where only the read-out changes, or all is kept."""
        return () if self.kept == 1 else tuple(part for part in self.parts if part.array in _DYNAMICS)

    def blended(self, kept: float) -> "Replacement":
        """The same with another share kept."""
        return Replacement(self.replaced, self.estimate, self.parts, kept)


# In the order of the arrays of a network.
_HEBBIAN, _MEANS = (Part("W_x", "hebbian"), Part("W_h", "hebbian")), Part("W_y", "hebbian")
_TIMES_5, _FITTED, _MARGINAL = Part("b_h", "log-odds", 5.0), Part("b_h", "log-odds"), Part("b_y", "log-marginal", 1.0)
_SIGNS, _SPLIT = (Part("W_x", "sign-conditioned"), Part("W_h", "sign correlation")), Part("W_y", "sign-split")


def _single(part: Part, estimate: str | None = None) -> Replacement:
    return Replacement(part.array, estimate or part.estimate, (part,))


# By the end of a headline key: "bpc_W_h".
SUBSTITUTIONS: Mapping[str, Replacement] = {
    "all": Replacement("all", "hebbian", (*_HEBBIAN, _TIMES_5, _MEANS, _MARGINAL)),
    "all_but_b_y": Replacement("all but b_y", "hebbian", (*_HEBBIAN, _TIMES_5, _MEANS)),
    "all_fitted": Replacement("all", "hebbian, all factors fitted", (*_HEBBIAN, _FITTED, _MEANS, _MARGINAL)),
    "all_signs": Replacement("all", "signs", (*_SIGNS, _TIMES_5, _SPLIT, _MARGINAL)),
    "W_h": _single(_HEBBIAN[1]),
    "W_x": _single(_HEBBIAN[0]),
    "W_y": _single(_MEANS),
    "b_h_times_5": _single(_TIMES_5, "log-odds times 5"),
    "b_h": _single(_FITTED, "log-odds, factor fitted"),
    "b_y": _single(_MARGINAL),
    "W_h_sign_correlation": _single(_SIGNS[1]),
    "W_h_influence": _single(Part("W_h", "float influence, whole")),
    "W_x_sign_conditioned": _single(_SIGNS[0]),
    "W_x_pmi": _single(Part("W_x", "PMI")),
    "W_y_sign_split": _single(_SPLIT),
}
BLENDED = ("W_h", "W_x", "W_y", "b_h_times_5", "b_h", "all")


def of_arrays(names: tuple[str, ...], kept: float) -> Replacement:
    """The replacement of these arrays, or of ``all``, by their Hebbian estimates, of which headlines speak.

    Raises
    ------
    InputError
        If a name is no array of a network, or ``kept`` lies outside [0, 1].

    Examples
    --------
    >>> of_arrays(("b_h", "W_h"), 0.8).replaced
    'W_h, b_h'
    """
    chosen = _ARRAYS if names == ("all",) else names
    unknown = [name for name in chosen if name not in _ARRAYS]
    if unknown or not chosen:
        raise InputError(
            f"replace must name arrays among {', '.join(_ARRAYS)}, or all, got {', '.join(unknown) or 'none'}"
        )
    if not 0 <= kept <= 1:
        raise InputError(f"keep must lie in [0, 1], got {kept}")
    parts = tuple(part for part in SUBSTITUTIONS["all"].parts if part.array in chosen)
    replaced = "all" if len(parts) == len(_ARRAYS) else ", ".join(part.array for part in parts)
    return Replacement(replaced, "hebbian", parts, float(kept))


class Substitutes:
    """Makes networks out of a network and estimates of its arrays.

    Parameters
    ----------
    model : the trained network
    whole, first : estimates from all states, and from those of the first half of the corpus
    seed : of nearby estimates and of relabelled neurons
    """

    def __init__(self, model: Elman, whole: Estimates, first: Estimates, seed: int) -> None:
        self.model, self._whole, self._first, self._seed = model, whole, first, seed

    def network(self, replacement: Replacement, variant: Variant = WHOLE) -> Elman:
        """The network in which the arrays are replaced; what is kept in whole stays bit for bit."""
        arrays = dict(self.model.arrays())
        for part in replacement.parts:
            trained = arrays[part.array]
            blend = replacement.kept * trained + (1 - replacement.kept) * self._scaled(part, variant)
            arrays[part.array] = trained if replacement.kept == 1 else blend.astype(self.model.dtype)
        return Elman(**arrays)

    def factor(self, part: Part) -> float:
        """The factor before an estimate of the whole corpus."""
        return _factor(part, getattr(self.model, part.array).astype(np.float64), self._whole[part[:2]])

    def _scaled(self, part: Part, variant: Variant) -> Wide:
        """The estimate times its factor.

        Nearby, a random direction of a thousandth of its length is added. Relabelled, each array on its own calls its
        neurons by other names: with the same names in all arrays the network would be the same.
        """
        estimate = (self._first if variant.kind == "first" else self._whole)[part[:2]]
        scaled: Wide = _factor(part, getattr(self.model, part.array).astype(np.float64), estimate) * estimate
        if variant.kind not in _STREAMS:
            return scaled
        place = (self._seed, _STREAMS[variant.kind], variant.draw, _ARRAYS.index(part.array))
        generator = np.random.default_rng(place)
        if variant.kind == "relabelled":
            rows, columns = relabelled(part.array, scaled.shape, generator)
            return np.asarray(scaled.reshape(len(rows), -1)[np.ix_(rows, columns)].reshape(scaled.shape))
        move = generator.standard_normal(scaled.shape)
        return scaled + _MOVED_BY * np.linalg.norm(scaled) / np.linalg.norm(move) * move


def _factor(part: Part, trained: Wide, estimate: Wide) -> float:
    """S that makes s times the estimate nearest to the trained array; 0 for an estimate of 0."""
    if part.factor is not None:
        return part.factor
    square = float(np.vdot(estimate, estimate))
    return float(np.vdot(trained, estimate)) / square if square else 0.0
