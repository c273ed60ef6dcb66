"""Synergy of offset pairs: what two bytes together say beyond what each says alone.

    S(a, b) = I(Y; X_a, X_b) - I(Y; X_a) - I(Y; X_b)

On a small corpus the joint table is the sparsest and its estimate the most inflated, so S is dominated by bias: with
shuffled targets it comes out *larger* than on the text itself. It is reported only beside that null.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null, Split
from umrnn.parallel import map_ordered, pool
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.um.cells import Cells, conditional_entropy
from umrnn.um.predict import held_out_bits
from umrnn.um.shuffle import shuffled_bits

__all__ = ["PairSynergies", "pair_synergies"]


@dataclass(frozen=True)
class Synergy:
    """One pair: S in-sample, mean and p-value under shuffled targets, S of held-out code lengths; bits."""

    offset_a: int
    offset_b: int
    synergy_bits: float
    null_bits: float | None
    excess_bits: float | None
    p_value: float | None
    held_out_bits: float
    entropy_bits: float
    improvement_bits: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PairSynergies(Result):
    """Synergy of all pairs of offsets up to a limit, each beside its null."""

    pairs: tuple[Synergy, ...]

    def headline(self) -> dict[str, Any]:
        """Mean and largest synergy, and the mean under the null."""
        largest = max(self.pairs, key=lambda pair: pair.synergy_bits)
        nulls = [pair.null_bits for pair in self.pairs if pair.null_bits is not None]
        return {
            "pairs": len(self.pairs),
            "mean_synergy_bits": float(np.mean([pair.synergy_bits for pair in self.pairs])),
            "null_bits": float(np.mean(nulls)) if nulls else None,
            "held_out_bits": float(np.mean([pair.held_out_bits for pair in self.pairs])),
            "max_synergy_bits": largest.synergy_bits,
            "max_pair": [largest.offset_a, largest.offset_b],
        }

    def tables(self) -> dict[str, Table]:
        """``pairs``: a row per pair, most synergy first."""
        columns = tuple(Synergy.__dataclass_fields__)
        ordered = sorted(self.pairs, key=lambda pair: -pair.synergy_bits)
        return {"pairs": Table.of(columns, ([getattr(pair, name) for name in columns] for pair in ordered))}


def pair_synergies(
    corpus: Corpus,
    max_offset: int = 20,
    *,
    null: Null | None = None,
    split: Split | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> PairSynergies:
    """Synergy of every pair a < b <= ``max_offset``, all on the positions t >= ``max_offset``.

    ``entropy_bits`` is H(Y | X_a, X_b), ``improvement_bits`` how far it lies below the better single offset,
    ``excess_bits`` the synergy less its null mean, and ``held_out_bits`` the same combination of held-out Witten-Bell
    code lengths, which no sparse table can flatter.

    Raises
    ------
    InputError
        If ``max_offset`` is below 2 or not shorter than the corpus.
    """
    integer("max-offset", max_offset, 2)
    if max_offset >= len(corpus):
        raise InputError(f"max-offset must be shorter than the corpus of {len(corpus)} bytes, got {max_offset}")
    null, split = null or Null(), split or Split()
    whole = Cells.whole(corpus, max_offset)
    base = conditional_entropy(whole, whole.refined(0))
    singles = [(d,) for d in range(1, max_offset + 1)]
    pairs = list(combinations(range(1, max_offset + 1), 2))
    progress.start("synergy", max_offset + len(pairs), "tuples")

    def entropies(offsets: tuple[int, ...]) -> tuple[float, NDArray[np.float64], float]:
        cells = whole
        for offset in offsets:
            cells = cells.refined(offset)
        shuffled = shuffled_bits(cells, null, threads=1)
        return conditional_entropy(cells, cells.refined(0)), shuffled, held_out_bits(corpus, offsets, split)

    tuples: list[tuple[int, ...]] = [*singles, *pairs]
    measured: dict[tuple[int, ...], tuple[float, NDArray[np.float64], float]] = {}
    with pool(threads) as executor:
        for offsets, figures in zip(tuples, map_ordered(entropies, tuples, executor)):
            measured[offsets] = figures
            progress.advance(1)
    progress.finish()
    empty = held_out_bits(corpus, (), split)
    rows = tuple(_synergy(a, b, measured, base, empty, null) for a, b in pairs)
    held_out_from = corpus.start + split.boundary(len(corpus))
    settings = {"max_offset": max_offset, "permutations": null.permutations, "held_out_from": held_out_from}
    return PairSynergies(
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=threads), pairs=rows
    )


def _synergy(
    a: int,
    b: int,
    measured: dict[tuple[int, ...], tuple[float, NDArray[np.float64], float]],
    base: float,
    empty: float,
    null: Null,
) -> Synergy:
    """S = H(Y|a) + H(Y|b) - H(Y|a,b) - H(Y); shuffling the targets leaves H(Y) as it is."""
    (single_a, null_a, code_a), (single_b, null_b, code_b) = measured[(a,)], measured[(b,)]
    joint, null_joint, code_joint = measured[(a, b)]
    synergy = single_a + single_b - joint - base
    simulated = null_a + null_b - null_joint - base
    drawn = len(simulated) > 0
    mean = float(simulated.mean()) if drawn else None
    return Synergy(
        a,
        b,
        synergy,
        mean,
        synergy - mean if mean is not None else None,
        null.p_value(synergy, simulated.tolist()) if drawn else None,
        code_a + code_b - code_joint - empty,
        joint,
        min(single_a, single_b) - joint,
    )
