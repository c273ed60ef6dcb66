"""Split and Null: the two notions every score shares.

A score of a small sample flatters itself. Beside every in-sample figure stand the same figure on bytes that were
not counted (``Split``) and the same statistic after chance has destroyed what it measures (``Null``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.errors import InputError

__all__ = ["Check", "Null", "Split"]

_MANY, _FEW = 20_000, 39  # 39 shuffles can still show p = .025


@dataclass(frozen=True)
class Split:
    """How a corpus is divided: the first ``fraction`` is counted, the rest is scored.

    Contexts of scored bytes may reach back over the boundary; targets never do.

    Examples
    --------
    >>> Split().boundary(1024)
    512
    """

    fraction: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.fraction < 1.0:
            raise InputError(f"the counted fraction must lie between 0 and 1, got {self.fraction}")

    @classmethod
    def holding_out(cls, share: float) -> "Split":
        """The split that leaves ``share`` of the corpus, at its end, to be scored.

        Examples
        --------
        >>> Split.holding_out(0.2).boundary(1000)
        800
        """
        if not 0.0 < share < 1.0:
            raise InputError(f"held-out must lie between 0 and 1, got {share}")
        return cls(round(1 - share, 12))  # 1 - 0.9 is a little less than 0.1, which would cost a byte

    def boundary(self, length: int) -> int:
        """Index of the first scored byte in a corpus of ``length`` bytes."""
        return int(length * self.fraction)


@dataclass(frozen=True)
class Null:
    """How chance is simulated: ``permutations`` shuffles drawn from ``seed``.

    Each permutation has a random stream of its own, so a figure does not depend on which thread drew it.
    With ``permutations=0`` no null is computed.
    """

    permutations: int = 199
    seed: int = 0

    def __post_init__(self) -> None:
        integer("permutations", self.permutations, 0)
        integer("seed", self.seed, 0)

    @classmethod
    def usual(cls, permutations: int | None, positions: int, seed: int = 0) -> "Null":
        """``permutations`` if given, else 199, or 39 where positions are so many that shuffles take long.

        Examples
        --------
        >>> Null.usual(None, 1_000_000)
        Null(permutations=39, seed=0)
        """
        return cls(permutations if permutations is not None else _FEW if positions >= _MANY else 199, seed)

    def generator(self, *index: int) -> np.random.Generator:
        """Random stream of the permutation numbered ``index`` (several numbers for nested loops)."""
        return np.random.default_rng((self.seed, *index))

    def shuffled(self, values: NDArray[np.uint8], *index: int) -> NDArray[np.uint8]:
        """``values`` in the random order of permutation ``index``; a copy."""
        return self.generator(*index).permutation(values)

    @staticmethod
    def p_value(observed: float, simulated: Sequence[float]) -> float:
        """Share of draws at least as large as ``observed``, the observation counted among them.

        Examples
        --------
        >>> Null.p_value(3.0, [1.0, 2.0, 3.0])
        0.5
        """
        exceeding = sum(value >= observed for value in simulated)
        return (1 + exceeding) / (1 + len(simulated))


@dataclass(frozen=True)
class Check:
    """What a score is held against: bytes that were not counted, and chance.

    Examples
    --------
    >>> Check().split.boundary(1024), Check(null=Null(0)).null.permutations
    (512, 0)
    """

    split: Split = field(default_factory=Split)
    null: Null = field(default_factory=Null)
