"""Recipes of training: what one call of the training kernels does at a given epoch.

``sgd`` is the recipe of the published model: plain gradient descent whose rate falls along a cosine to a floor.
``adam`` takes the same chunks and the same clipping, with one rate throughout.
"""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from umrnn._validate import contiguous, integer, positive
from umrnn.errors import InputError
from umrnn.rnn.kernels.records import (
    Adam,
    Bytes,
    Floats,
    Moments,
    Parameters,
    Workspace,
    aligned,
    allocate,
    parameter_count,
    views,
)
from umrnn.rnn.kernels.update import adam_chunks, sgd_chunks
from umrnn.rnn.weights import ALPHABET

__all__ = ["OPTIMIZERS", "Machine", "Optimizer", "Recipe", "compile_kernels"]

OPTIMIZERS = ("sgd", "adam")
_DEFAULTS: dict[str, dict[str, float]] = {
    "sgd": {"epochs": 4000, "rate": 0.01, "floor": 1e-4},
    "adam": {"epochs": 400, "rate": 1e-3, "floor": 1e-3},
}
_MOST_EPOCHS = 10**9  # on two bytes hours, on a kilobyte months
_LONGEST_CHUNK = 4096  # targets: a chunk is one uninterruptible piece of work
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Optimizer:
    """How the weights of a network change in training, and for how long.

    Parameters
    ----------
    name : ``sgd``, the recipe of the published model (rate falling from 0.01 along a cosine, 4,000 epochs), or ``adam``
        (rate 0.001, 400 epochs)
    epochs, rate : in place of its own
    seconds : of training after which it ends, in the middle of an epoch if need be; those of resumed runs add up. How
        far it comes in that time, and so the weights, depend on the machine
    bptt : targets per chunk, in [1, 4096]
    clip : largest gradient norm
    """

    name: str = "sgd"
    epochs: int | None = None
    rate: float | None = None
    seconds: float | None = None
    bptt: int = 50
    clip: float = 5.0


@dataclass(frozen=True)
class Recipe:
    """All that decides the weights that a training ends with, checked: what a checkpoint must agree with."""

    optimizer: str
    hidden: int
    epochs: int
    rate: float
    floor: float
    bptt: int
    clip: float
    dtype: str
    initial: str  # sha256 of the initial model
    kept: str | None = None  # sha256 of which weights are trained; None where all are

    @classmethod
    def checked(cls, optimizer: Optimizer, hidden: int, **rest: str) -> "Recipe":
        """Fill in the defaults of the optimiser and check every number."""
        name, epochs, rate = optimizer.name, optimizer.epochs, optimizer.rate
        if name not in OPTIMIZERS:
            raise InputError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {name!r}")
        default = _DEFAULTS[name]
        chosen = positive("rate", default["rate"] if rate is None else rate)
        return cls(
            name,
            hidden,
            integer("epochs", int(default["epochs"]) if epochs is None else epochs, 1, _MOST_EPOCHS),
            chosen,
            min(default["floor"], chosen) if name == "sgd" else chosen,
            integer("bptt", optimizer.bptt, 1, _LONGEST_CHUNK),
            positive("clip", optimizer.clip),
            **rest,
        )

    def as_dict(self) -> dict[str, Any]:
        """The hyper-parameters by name."""
        return asdict(self)

    def rate_at(self, epoch: int) -> float:
        """Learning rate of an epoch counted from 0: rate ½ (1 + cos(π epoch / epochs)), at least the floor."""
        if self.optimizer == "adam":
            return self.rate
        return max(self.rate * 0.5 * (1 + math.cos(math.pi * epoch / self.epochs)), self.floor)

    def chunks_per_call(self) -> int:
        """Chunks in one kernel call: some 20 ms of work, so that an interruption comes soon and progress moves."""
        products = 3 * self.bptt * self.hidden * (self.hidden + ALPHABET)
        return max(1, 750_000_000 // (products + 20 * self.hidden * (self.hidden + 2 * ALPHABET)))


class Machine:
    """The arrays of a training run and the one operation on them."""

    def __init__(self, recipe: Recipe, flat: Floats, longest: int, kept: Floats | None = None) -> None:
        dtype, hidden = flat.dtype, recipe.hidden
        self.kept = aligned(0, dtype) if kept is None else kept
        self.recipe = recipe
        self.flat, self.slope = flat, aligned(len(flat), dtype)
        self.weights: Parameters = views(flat, ALPHABET, hidden)
        self.gradient: Parameters = views(self.slope, ALPHABET, hidden)
        self.work: Workspace = allocate(ALPHABET, hidden, min(recipe.bptt, longest), dtype)
        count = len(flat) if recipe.optimizer == "adam" else 0
        self.moments = Moments(aligned(count, dtype), aligned(count, dtype))

    def run(self, data: Bytes, epoch: int, updates: int) -> tuple[float, float]:
        """Train on the chunks of ``data``; returns the summed loss in nats and the summed gradient norms."""
        recipe = self.recipe
        rate = recipe.rate_at(epoch)
        flat = (self.flat, self.slope, self.kept)
        if recipe.optimizer == "sgd":
            settings = (rate, recipe.clip)
            losses, norms = sgd_chunks(data, recipe.bptt, flat, self.weights, self.gradient, self.work, settings)
        else:
            adam = Adam(rate, recipe.clip, updates, _BETA_1, _BETA_2, _EPSILON)
            losses, norms = adam_chunks(
                data, recipe.bptt, flat, self.weights, self.gradient, self.work, self.moments, adam
            )
        return float(losses), float(norms)

    def arrays(self) -> dict[str, Floats]:
        """What a checkpoint holds of the machine, by name; views, not copies."""
        found = {"weights": self.flat, "state": self.work.h[0]}
        return found | self.moments._asdict() if len(self.moments.first) else found


def compile_kernels(recipe: Recipe) -> None:
    """Run the kernels once on next to nothing, so that compilation is not counted as training."""
    small = replace(recipe, hidden=1, bptt=1)
    machine = Machine(small, aligned(parameter_count(ALPHABET, 1), recipe.dtype), 1)
    machine.run(contiguous(np.zeros(2, np.uint8)), 0, 0)
