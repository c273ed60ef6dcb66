"""Synergy of offset pairs: what two bytes together say beyond what each says alone.

    S(a, b) = I(Y; X_a, X_b) - I(Y; X_a) - I(Y; X_b)

On a small corpus the joint table is the sparsest and its estimate the most inflated, so S is dominated by bias: with
shuffled targets it comes out *larger* than on the text itself. It is reported only beside that null.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.um.cells import Cells, conditional_entropy
from umrnn.um.predict import held_out_bits
from umrnn.um.reachable import reachable
from umrnn.um.shuffle import shuffled_bits

__all__ = ["PairSynergies", "pair_synergies"]

Draws = NDArray[np.float64]  # an entropy per shuffle, (permutations,)


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
            "null_bits": Null.mean(nulls),
            "max_synergy_bits": largest.synergy_bits,
            "null_max_bits": self.null_max_bits,
            "max_pair": [largest.offset_a, largest.offset_b],
            "held_out_improvement_bits": float(np.mean([pair.held_out_improvement_bits for pair in self.pairs])),
        }

    def tables(self) -> dict[str, Table]:
        """``pairs``: a row per pair, most in excess of its null first."""
        ordered = sorted(self.pairs, key=lambda p: -(p.synergy_bits if p.excess_bits is None else p.excess_bits))
        return {"pairs": Table.of_records(ordered, Synergy)}


@reads_text
def pair_synergies(
    corpus: Corpus,
    max_offset: int | None = None,
    *,
    check: Check = Check(),
    work: Work = Work(),
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
    max_offset = integer("max-offset", reachable(max_offset, 20, corpus, least=2), 2)
    if max_offset >= len(corpus):
        raise InputError(f"max-offset must be shorter than the corpus of {len(corpus)} bytes, got {max_offset}")
    whole = Cells.whole(corpus, max_offset)
    base = conditional_entropy(whole, whole.refined(0))
    singles = [(d,) for d in range(1, max_offset + 1)]
    pairs = list(combinations(range(1, max_offset + 1), 2))
    measured = _measured(corpus, whole, [*singles, *pairs], check, work)
    simulated = {(a, b): measured[(a,)][1] + measured[(b,)][1] - measured[(a, b)][1] - base for a, b in pairs}
    largest_excess, null_max = None, None
    if check.null.permutations:
        drawn = np.stack(list(simulated.values()))
        largest_excess = (drawn - drawn.mean(axis=1, keepdims=True)).max(axis=0)
        null_max = float(drawn.max(axis=0).mean())
    settings = {
        "max_offset": max_offset,
        "permutations": check.null.permutations,
        "held_out_from": corpus.start + check.split.boundary(len(corpus)),
    }
    return PairSynergies(
        provenance=provenance(corpus, parameters=settings, seed=check.null.seed, threads=work.threads),
        pairs=tuple(_synergy(a, b, measured, base, simulated[(a, b)], largest_excess) for a, b in pairs),
        null_max_bits=null_max,
    )


def _measured(
    corpus: Corpus, whole: Cells, tuples: Sequence[tuple[int, ...]], check: Check, work: Work
) -> dict[tuple[int, ...], tuple[float, Draws, float]]:
    """Per tuple of offsets H(Y | bytes there), the same of each shuffle of Y, and the held-out code length."""

    def entropies(offsets: tuple[int, ...]) -> tuple[float, Draws, float]:
        cells = whole
        for offset in offsets:
            cells = cells.refined(offset)
        shuffled = shuffled_bits(cells, check.null, work=Work(threads=1))
        return conditional_entropy(cells, cells.refined(0)), shuffled, held_out_bits(corpus, offsets, check.split)

    work.progress.start("synergy", len(tuples), "tuples")
    measured: dict[tuple[int, ...], tuple[float, Draws, float]] = {}
    with pool(work.threads) as executor:
        for offsets, figures in zip(tuples, map_ordered(entropies, tuples, executor)):
            measured[offsets] = figures
            work.progress.advance(1)
    work.progress.finish()
    return measured


def _synergy(
    a: int,
    b: int,
    measured: dict[tuple[int, ...], tuple[float, Draws, float]],
    base: float,
    simulated: Draws,
    largest_excess: Draws | None,
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
