"""What is measured about directions of state space: every way to take one out, or to set it, and chance beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.directions.class_means import ClassMeans, distance
from umrnn.interpret.directions.edits import Intervention, edited_bits, nearby, post_hoc_bits, random_frames, residual
from umrnn.interpret.directions.feature_sums import FeatureSums, Sums
from umrnn.interpret.directions.feature_values import FeatureValues
from umrnn.interpret.directions.vectors import Vector, unit
from umrnn.interpret.kernels.intervene import FED_STATE, RECURRENT_INPUT
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.result import Table
from umrnn.rnn.score import bits_per_byte
from umrnn.rnn.weights import Elman

__all__ = ["LINEAR", "READS", "SPAN", "WRITTEN", "DirectionMeasures", "DirectionRead", "Intervened"]

_VANISHING = 1e-13  # covariance beside the sizes of state and feature that is left over by rounding
_STEP, WRITTEN, LINEAR = "removed at every step", "written in", "written in, linear"
READS, _WRITES = "removed from what W_h reads", "removed from what W_h writes"
SPAN = "span of means"
_PROPAGATION = ("propagation_norm", "propagation_cosine", "propagation_norm_8", "propagation_span_ratio")


@dataclass(frozen=True)
class DirectionRead:
    """One direction: how well the feature is read along it, and what taking it out or setting it costs."""

    direction: str
    in_sample_r: float
    held_out_r: float
    null_r: float | None
    post_hoc_delta: float
    post_hoc_centred_delta: float
    step_delta: float
    step_delta_min: float
    step_delta_median: float
    step_delta_max: float
    write_in_delta: float
    write_in_delta_min: float
    write_in_delta_median: float
    write_in_delta_max: float


@dataclass(frozen=True)
class Intervened:
    """Rise of the loss under one intervention, least to most over nearby directions; beside it random directions."""

    intervention: str
    direction: str
    delta_bpc: float
    delta_min: float
    delta_median: float
    delta_max: float
    random_delta_bpc: float | None
    random_delta_min: float | None
    random_delta_max: float | None


class DirectionMeasures:
    """One network, one corpus, one feature; the directions, and everything that is measured about them.

    Parameters
    ----------
    sums : of the states and the feature
    given : a direction of length 1 beside those that are fitted; figures are then about it
    random : the seed, and how many random and nearby directions are tried
    """

    def __init__(
        self,
        model: Elman,
        corpus: Corpus,
        feature: FeatureValues,
        sums: FeatureSums,
        given: Vector | None,
        random: tuple[int, int],
    ) -> None:
        self.model, self.corpus, self.feature, self.sums = model, corpus, feature, sums
        self.seed, self.draws = random
        self.total = sums.halves[0].joined(sums.halves[1])
        self.means = ClassMeans.of(feature, sums.by_class)
        fits = {"covariance": self.total.with_features()[0], "regression": self.total.regression()[0]}
        scale = sqrt(float(np.trace(self.total.squares)) * self.total.features[1, 0]) / self.total.count
        if not fits["regression"].any() or np.linalg.norm(fits["covariance"]) <= _VANISHING * scale:
            raise InputError(
                f"the states must vary with {feature.name}: their covariance with it is zero",
                hint="name another --feature or --model",
            )
        self.directions = {name: unit(fit, model.hidden) for name, fit in fits.items()}
        if given is not None:
            self.directions["given"] = given
        self.main = "covariance" if given is None else "given"

    def measured(self, work: Work) -> dict[str, Any]:
        """Fields of the result."""
        bpc = bits_per_byte(self.model, self.corpus, work=work)
        planned = self._planned()
        bits = edited_bits(self.model, self.corpus, self.feature.labels, planned, work)
        deltas = {name: found - bpc for name, found in bits.items()}
        again = residual(self.model, self.corpus, self.feature, planned[_STEP, self.main], work)
        return {
            "bpc": bpc,
            "main": self.main,
            "directions": self._read(deltas, bpc, work),
            "interventions": tuple(_compared(deltas)),
            "figures": self._figures(*again),
            "more": {
                "means": self.means.table(self.directions[self.main], self._scatter()),
                "components": self._components(),
                "features": self._features(),
            },
        }

    def _planned(self) -> dict[tuple[str, str], Intervention]:
        """Every intervention by what it does and along which direction; each on the direction and on nearby ones."""
        planned = {}
        frames = {name: nearby(d[np.newaxis], self.seed, self.draws) for name, d in self.directions.items()}
        if self.draws:
            frames["random"] = random_frames(self.seed, self.draws, 1, self.model.hidden)
        for name, own in frames.items():
            planned[_STEP, name] = Intervention(own)
            planned[WRITTEN, name] = Intervention(own, targets=self.means.along(own))
            if name in (self.main, "random"):
                planned[LINEAR, name] = Intervention(own, targets=self._linear(own))
                planned[READS, name] = Intervention(own, FED_STATE)
                planned[_WRITES, name] = Intervention(own, RECURRENT_INPUT)
        components = self.means.components
        if not len(components):
            return planned
        first = nearby(components[:1], self.seed, self.draws)
        planned[READS, "pc_1"] = Intervention(first, FED_STATE)
        planned[_WRITES, "pc_1"] = Intervention(first, RECURRENT_INPUT)
        spans = {SPAN: nearby(components, self.seed, self.draws)}
        if self.draws:
            spans["random span"] = random_frames(self.seed, self.draws, *components.shape)
        for name, own in spans.items():
            planned[_STEP, name] = Intervention(own)
            planned[WRITTEN, name] = Intervention(own, targets=self.means.along(own))
        return planned

    def _linear(self, frames: NDArray[np.float64]) -> NDArray[np.float64]:
        """The component along each direction as the straight line in f that fits it best, shape (C, R, 1)."""
        total = self.total
        mean, raw = total.features[:, 0] / total.count
        slopes = frames @ total.with_features()[0] / (raw - mean**2)
        centred = self.feature.classes - mean
        line: NDArray[np.float64] = frames @ (total.h / total.count) + centred[:, np.newaxis, np.newaxis] * slopes
        return line

    def _read(
        self, deltas: Mapping[tuple[str, str], NDArray[np.float64]], bpc: float, work: Work
    ) -> tuple[DirectionRead, ...]:
        """A record per direction, random ones as one."""
        names = [*self.directions, *["random"] * self.draws]
        random = random_frames(self.seed, self.draws, 1, self.model.hidden)[:, 0]
        every = np.concatenate([np.array([*self.directions.values()]), random])
        offsets = np.concatenate([np.zeros(len(every)), every @ (self.total.h / self.total.count)])
        post_hoc = post_hoc_bits(self.model, self.corpus, np.tile(every, (2, 1)), offsets, work).reshape(2, -1)
        rows = []
        for name in dict.fromkeys(names):
            own = [number for number, other in enumerate(names) if other == name]
            scores = self._correlations(name, every[own])
            plain, centred = (post_hoc[:, own].mean(axis=1) - bpc).tolist()
            step, written = (_spread(deltas[kind, name], name == "random") for kind in (_STEP, WRITTEN))
            rows.append(DirectionRead(name, *scores, plain, centred, *step, *written))
        return tuple(rows)

    def _correlations(self, name: str, own: NDArray[np.float64]) -> tuple[float, float, float | None]:
        """In-sample, held out, and with the feature shuffled; means of sizes where nothing is fitted."""
        total, (early, late) = self.total, self.sums.halves
        shuffled = slice(1 + len(self.sums.others), None)
        if name in ("covariance", "regression"):
            fit = Sums.with_features if name == "covariance" else Sums.regression
            drawn = total.correlations(fit(total))[shuffled]
            held_out, chance = late.correlation(fit(early)[0]), Null.mean(drawn)
            return total.correlation(own[0]), held_out, chance
        scores = [[part.correlation(d) for d in own] for part in (total, late)]
        if name == "random":
            scores = [np.abs(row).tolist() for row in scores]
        tiled = (np.broadcast_to(d, total.products.shape) for d in own)
        drawn = np.abs([total.correlations(directions)[shuffled] for directions in tiled])
        means = [float(np.mean(row)) for row in scores]
        return means[0], means[1], float(drawn.mean()) if drawn.size else None

    def _scatter(self) -> float:
        """Mean squared distance of a state from the mean state."""
        return max(float(np.trace(self.total.covariance())), 0.0)

    def _figures(self, again: NDArray[np.float64], held_out: NDArray[np.float64]) -> dict[str, float | int | None]:
        """What the headline says beside the directions."""
        total, sums, d = self.total, self.sums, self.directions[self.main]
        space, current = (
            distance(*part, total.count, total.h, self._scatter()) for part in (sums.after_space, sums.at_space)
        )
        neurons = np.nan_to_num(np.abs(total.neurons()))
        largest = neurons.max(axis=1)
        shuffled = largest[1 + len(sums.others) :]
        tag = [self.feature.name.replace("_", "-"), *sums.others].index("in-tag")
        column = self.model.W_x[:, ord(" ")].astype(np.float64)
        norm = float(np.linalg.norm(column))
        moved = self.means.propagation(self.model.W_h.astype(np.float64))
        norms = moved[0] if moved else (nan,) * 4
        farthest = self.means.farthest()
        return {
            "residual_r": float(again[0]),
            "residual_r_min": float(again.min()),
            "residual_r_max": float(again.max()),
            "residual_held_out_r": float(held_out[0]),
            "in_tag_r": float(total.correlations(total.with_features())[tag]),
            "in_tag_cosine": self._cosines()[tag],
            "max_neuron": int(neurons[0].argmax()),
            "max_neuron_r": float(largest[0]),
            "null_max_neuron_r": Null.mean(shuffled),
            "space_reset": space[0],
            "null_space_reset": space[1],
            "space_reset_current": current[0],
            "space_input_cosine": float(column @ d) / norm if norm else nan,
            "max_distance": farthest[0],
            "max_distance_value": farthest[1],
            "propagation_norm": norms[0],
            "propagation_cosine": norms[1],
            "propagation_norm_8": norms[2],
            "propagation_span_ratio": norms[3],
            "state_rank": total.rank(),
        }

    def _components(self) -> Table:
        """A row per principal component of the means, and how W_h carries it on."""
        columns = ("component_number", "share", "share_of_3", *_PROPAGATION, "cosine")
        shares, d = self.means.shares, self.directions[self.main]
        moved = self.means.propagation(self.model.W_h.astype(np.float64))
        rows = (
            (i + 1, float(share), float(share / shares.sum()), *norms, float(abs(v @ d)))
            for i, (share, norms, v) in enumerate(zip(shares, moved, self.means.components))
        )
        return Table.of(columns, rows)

    def _cosines(self) -> list[float]:
        """Cosine of each feature's covariance direction with the main direction; NaN where it has none."""
        fits = self.total.with_features()
        with np.errstate(invalid="ignore"):
            cosines: list[float] = (fits @ self.directions[self.main] / np.linalg.norm(fits, axis=1)).tolist()
        return cosines

    def _features(self) -> Table:
        """A row per feature: how well it is read, and how its direction lies to the main one."""
        columns = ("feature", "in_sample_r", "held_out_r", "regression_r", "regression_held_out_r", "cosine")
        total, (early, late) = self.total, self.sums.halves
        names = [self.feature.name, *self.sums.others]
        scores = [
            part.correlations(fit)
            for part, fit in (
                (total, total.with_features()),
                (late, early.with_features()),
                (total, total.regression()),
                (late, early.regression()),
            )
        ]
        rows = zip(names, *(score[: len(names)].tolist() for score in scores), self._cosines())
        return Table.of(columns, rows)


def _spread(values: NDArray[np.float64], drawn: bool) -> tuple[float, float, float, float]:
    """The first of nearby values, or the mean of drawn ones; least, median and most of all."""
    first = float(values.mean() if drawn else values[0])
    return first, float(values.min()), float(np.median(values)), float(values.max())


def _compared(deltas: Mapping[tuple[str, str], NDArray[np.float64]]) -> Iterator[Intervened]:
    """Each intervention beside the same on random directions (as many as it has)."""
    for (kind, name), values in deltas.items():
        if name.startswith("random"):
            continue
        chance = deltas.get((kind, "random span" if name == SPAN else "random"))
        beside = (None,) * 3 if chance is None else (_spread(chance, True)[i] for i in (0, 1, 3))
        yield Intervened(kind, name, *_spread(values, False), *beside)
