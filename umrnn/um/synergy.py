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
from umrnn.um.fitting import fitting
from umrnn.um.predict import held_out_bits
from umrnn.um.shuffle import shuffled_bits

__all__ = ["PairSynergies", "pair_synergies"]


@dataclass(frozen=True)
class Synergy:
    """One pair: S in-sample and under shuffled targets; what the pair saves over its better half, in three ways."""

    offset_a: int
    offset_b: int
    synergy_bits: float
    null_bits: float | None
    excess_bits: float | None
    p_value: float | None
    entropy_bits: float
    improvement_bits: float
    null_improvement_bits: float | None
    held_out_improvement_bits: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PairSynergies(Result):
    """Synergy of all pairs of offsets up to a limit, each beside its null."""

    pairs: tuple[Synergy, ...]
    null_max_bits: float | None

    def headline(self) -> dict[str, Any]:
        """Mean and largest synergy, each beside the same of the null, and the mean held-out improvement."""
        largest = max(self.pairs, key=lambda pair: pair.synergy_bits)
        nulls = [pair.null_bits for pair in self.pairs if pair.null_bits is not None]
        return {
            "pairs": len(self.pairs),
            "mean_synergy_bits": float(np.mean([pair.synergy_bits for pair in self.pairs])),
            "null_bits": float(np.mean(nulls)) if nulls else None,
            "max_synergy_bits": largest.synergy_bits,
            "null_max_bits": self.null_max_bits,
            "max_pair": [largest.offset_a, largest.offset_b],
            "held_out_improvement_bits": float(np.mean([pair.held_out_improvement_bits for pair in self.pairs])),
        }

    def tables(self) -> dict[str, Table]:
        """``pairs``: a row per pair, most in excess of its null first."""
        columns = tuple(Synergy.__dataclass_fields__)
        ordered = sorted(self.pairs, key=lambda p: -(p.synergy_bits if p.excess_bits is None else p.excess_bits))
        return {"pairs": Table.of(columns, ([getattr(pair, name) for name in columns] for pair in ordered))}


def pair_synergies(
    corpus: Corpus,
    max_offset: int | None = None,
    *,
    null: Null | None = None,
    split: Split | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> PairSynergies:
    """Synergy of every pair a < b <= ``max_offset`` (20, or as far as the corpus allows), on t >= ``max_offset``.

    ``excess_bits`` is the synergy less its null mean; ``p_value`` is the share of shuffles in which the largest excess
    of *any* pair reaches it, so that looking at all pairs is paid for. ``entropy_bits`` is H(Y | X_a, X_b),
    ``improvement_bits`` how far it lies below the better single offset, beside the same with shuffled targets and with
    held-out Witten-Bell code lengths, which no sparse table can flatter.

    Raises
    ------
    InputError
        If ``max_offset`` is below 2 or not shorter than the corpus.
    """
    max_offset = integer("max-offset", fitting(max_offset, 20, corpus, least=2), 2)
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
    simulated = {(a, b): measured[(a,)][1] + measured[(b,)][1] - measured[(a, b)][1] - base for a, b in pairs}
    largest_excess, null_max = None, None
    if null.permutations:
        drawn = np.stack(list(simulated.values()))
        largest_excess = (drawn - drawn.mean(axis=1, keepdims=True)).max(axis=0)
        null_max = float(drawn.max(axis=0).mean())
    rows = tuple(_synergy(a, b, measured, base, simulated[(a, b)], largest_excess) for a, b in pairs)
    held_out_from = corpus.start + split.boundary(len(corpus))
    settings = {"max_offset": max_offset, "permutations": null.permutations, "held_out_from": held_out_from}
    return PairSynergies(
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=threads),
        pairs=rows,
        null_max_bits=null_max,
    )


def _synergy(
    a: int,
    b: int,
    measured: dict[tuple[int, ...], tuple[float, NDArray[np.float64], float]],
    base: float,
    simulated: NDArray[np.float64],
    largest_excess: NDArray[np.float64] | None,
) -> Synergy:
    """S = H(Y|a) + H(Y|b) - H(Y|a,b) - H(Y); shuffling the targets leaves H(Y) as it is."""
    (single_a, null_a, code_a), (single_b, null_b, code_b) = measured[(a,)], measured[(b,)]
    joint, null_joint, code_joint = measured[(a, b)]
    synergy = single_a + single_b - joint - base
    mean, excess, p_value, null_improvement = None, None, None, None
    if largest_excess is not None:
        mean = float(simulated.mean())
        excess = synergy - mean
        p_value = Null.p_value(excess, largest_excess.tolist())
        null_improvement = float(np.mean(np.minimum(null_a, null_b) - null_joint))
    return Synergy(
        offset_a=a,
        offset_b=b,
        synergy_bits=synergy,
        null_bits=mean,
        excess_bits=excess,
        p_value=p_value,
        entropy_bits=joint,
        improvement_bits=min(single_a, single_b) - joint,
        null_improvement_bits=null_improvement,
        held_out_improvement_bits=min(code_a, code_b) - code_joint,
    )
