"""Split and Null: the two notions every score shares.

A score of a small sample flatters itself. Beside every in-sample figure stand the same figure on bytes that were
not counted (``Split``) and the same statistic after chance has destroyed what it measures (``Null``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus
from umrnn.errors import InputError

__all__ = ["SCHEMES", "Check", "Null", "Split", "held_apart", "share_of"]

SCHEMES = ("surrogate", "permuted")

_ROOM = 1 << 30  # bytes that all permutations together may take
_MANY, _FEW = 20_000, 39  # 39 shuffles can still show p = .025
_DIGITS = 10**7  # shares are meant as written: up to seven digits after the point, or a fraction of such numbers


def share_of(count: int, share: float, *, nearest: bool = False) -> int:
    """``share`` of ``count`` things in whole things, rounded down, or with ``nearest`` to the nearest (half to even).

    The arithmetic is exact, of the number that was written: 29 % of 100 is 29, though 0.29 * 100 is a little less.

    Examples
    --------
    >>> share_of(100, 0.29), share_of(3, 1 / 3), share_of(7, 0.5), share_of(7, 0.5, nearest=True)
    (29, 1, 3, 4)
    """
    part = _written(share) * count
    return round(part) if nearest else int(part)


def _written(share: float) -> Fraction:
    """The fraction that was meant by a float."""
    exact = Fraction(share)
    meant = exact.limit_denominator(_DIGITS)
    return meant if float(meant) == share else exact


def held_apart(counted: Corpus, held_out: Corpus) -> None:
    """Refuse to score bytes that were counted: a score of them is not held out, whatever it is called.

    Raises
    ------
    InputError
        If the two share bytes of one text (:meth:`umrnn.corpus.Corpus.overlap`).
    """
    shared = counted.overlap(held_out)
    if shared is not None:
        start, stop = shared
        whole = (start, stop) == (held_out.start, held_out.stop)
        raise InputError(
            f"the bytes to hold out must not be counted, but bytes {start}:{stop} of {held_out.name}"
            f"{', all of them,' if whole else ''} are among bytes {counted.start}:{counted.stop} of {counted.name}",
            hint="name ranges that do not meet, or another text",
        )


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
        counted = float(1 - _written(share)) if 0.0 < share < 1.0 else 1.0
        if counted == 1.0:
            raise InputError(f"held-out must lie between 0 and 1, got {share}")
        return cls(counted)

    def boundary(self, length: int) -> int:
        """Index of the first scored byte in a corpus of ``length`` bytes."""
        return share_of(length, self.fraction)


@dataclass(frozen=True)
class Null:
    """How chance is simulated: ``permutations`` draws from ``seed``.

    Each draw has a random stream of its own, so a figure does not depend on which thread drew it.
    With ``permutations=0`` no null is computed.

    Parameters
    ----------
    permutations : number of draws
    scheme : of a search for offsets, one of :data:`SCHEMES`: whole texts in which only the offsets chosen so far
        matter, or next bytes shuffled among the positions with one context; other statistics shuffle the next bytes
    """

    permutations: int = 199
    seed: int = 0
    scheme: str = field(default="surrogate", repr=False)

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise InputError(f"null must be one of {', '.join(SCHEMES)}, got {self.scheme}")
        integer("permutations", self.permutations, 0)
        integer("seed", self.seed, 0, None)

    @classmethod
    def usual(cls, permutations: int | None, positions: int, seed: int = 0) -> "Null":
        """``permutations`` if given, else 199, or 39 where positions are so many that shuffles take long.

        Examples
        --------
        >>> Null.usual(None, 1_000_000)
        Null(permutations=39, seed=0)
        """
        return cls(permutations if permutations is not None else _FEW if positions >= _MANY else 199, seed)

    def fitting(self, each: int) -> "Null":
        """The same null, if its permutations fit into memory together: they take ``each`` bytes apiece.

        Raises
        ------
        InputError
            If together they would need more than a gibibyte.

        Examples
        --------
        >>> Null(19).fitting(1 << 20)
        Null(permutations=19, seed=0)
        """
        most = max(1, _ROOM // max(1, each))
        if self.permutations > most:
            raise InputError(
                f"permutations must be at most {most} here, got {self.permutations}: each takes {each} bytes of memory",
                hint=f"name --permutations {most} or fewer",
            )
        return self

    def generator(self, *index: int) -> np.random.Generator:
        """Random stream of the permutation numbered ``index`` (several numbers for nested loops)."""
        return np.random.default_rng((self.seed, *index))

    def shuffled(self, values: NDArray[np.uint8], *index: int) -> NDArray[np.uint8]:
        """``values`` in the random order of permutation ``index``; a copy."""
        return self.generator(*index).permutation(values)

    @staticmethod
    def mean(simulated: Sequence[float] | NDArray[np.float64]) -> float | None:
        """Mean of what shuffles gave; None where there were none.

        Examples
        --------
        >>> Null.mean([1.0, 2.0]), Null.mean([])
        (1.5, None)
        """
        return float(np.mean(simulated)) if len(simulated) else None

    @staticmethod
    def p_value(observed: float, simulated: Sequence[float]) -> float:
        """Share of draws at least as large as ``observed``, the observation counted among them.

        Examples
        --------
        >>> Null.p_value(3.0, [1.0, 2.0, 3.0])
        0.5
        """
        exceeding = sum(bool(value >= observed) for value in simulated)
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
