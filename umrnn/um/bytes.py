"""Order-0 statistics: which bytes a corpus holds, how many bits each is worth, and what that says of unseen bytes.

The in-sample entropy H = -sum p(b) log2 p(b) is what the corpus costs a coder that was told its counts. Beside it
stand the held-out cost (counts of the first part predict the second) and both figures on shuffled bytes.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, byte_counts, reads_text
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.um.marginal import smoothed_shares

__all__ = ["ByteStatistics", "byte_statistics"]

_DRAWABLE = 10**9  # numpy draws from urns with fewer balls than this


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ByteStatistics(Result):
    """Counts of the 256 bytes, in all and in the counted part of the split, with the shuffled null.

    Parameters
    ----------
    counts, counted : shape (256,), int64
        Occurrences in the whole corpus and in its part before the boundary.
    null_held_out : held-out bpc of each shuffle; empty where no shuffle was asked for or drawable.
    top : how many of the most common bytes the table shows.
    """

    counts: NDArray[np.int64]
    counted: NDArray[np.int64]
    null_held_out: tuple[float, ...]
    top: int

    @cached_property
    def entropy_bits(self) -> float:
        """Entropy of the byte distribution, in bits per byte, in-sample."""
        shares = self.counts[self.counts > 0] / self.counts.sum()
        return float(abs(np.sum(shares * np.log2(shares))))  # abs: a single symbol gives -0.0

    @cached_property
    def held_out_bpc(self) -> float:
        """Cost of the bytes after the boundary under the counts before it."""
        return _held_out(self.counts, self.counted)

    def headline(self) -> dict[str, Any]:
        """Size, number of distinct bytes, in-sample entropy, hash."""
        return {
            "bytes": int(self.counts.sum()),
            "symbols": int(np.count_nonzero(self.counts)),
            "entropy_bits": self.entropy_bits,
            "sha256": self.provenance["corpus"]["sha256"],
        }

    def tables(self) -> dict[str, Table]:
        """``most_common`` bytes, and ``order_0_scores``: in-sample, held-out and shuffled."""
        return {"most_common": self._most_common(), "order_0_scores": self._scores()}

    def _most_common(self) -> Table:
        total, present = int(self.counts.sum()), int(np.count_nonzero(self.counts))
        order = np.argsort(-self.counts, kind="stable")[: min(self.top, present)]  # ties: the smaller byte first
        rows = ((bytes([b]), int(self.counts[b]), self.counts[b] / total) for b in order)
        columns = ("byte", "count", "share", "surprisal_bits")
        return Table.of(columns, ((b, n, float(share), float(abs(np.log2(share)))) for b, n, share in rows))

    def _scores(self) -> Table:
        corpus = self.provenance["corpus"]
        middle = corpus["start"] + int(self.counted.sum())
        whole, first = f"{corpus['start']}:{corpus['stop']}", f"{corpus['start']}:{middle}"
        rest = f"{middle}:{corpus['stop']}"
        null = self.null_held_out
        p_value = Null.p_value(self.held_out_bpc, null) if null else None
        mean = sum(null) / len(null) if null else None
        rows = (
            ("in_sample", self.entropy_bits, whole, whole, None, ""),
            ("held_out", self.held_out_bpc, first, rest, p_value, "the rest, by counts of the first part"),
            ("null_in_sample", self.entropy_bits, whole, whole, None, "equal: order 0 sees no order"),
            ("null_held_out", mean, first, rest, None, f"mean of {len(null)} shuffles"),
        )
        return Table.of(("score", "bpc", "counted", "scored", "p_value", "note"), rows)


@reads_text
def byte_statistics(
    corpus: Corpus,
    *,
    top: int = 16,
    check: Check = Check(),
    work: Work = Work(),
) -> ByteStatistics:
    """Count the bytes of ``corpus`` and score order 0 in-sample, held-out and on shuffled bytes.

    Held-out: with c(b) of n counted bytes, a scored byte b costs -log2((c(b) + 1/2) / (n + 128)) bits
    (Krichevsky-Trofimov). Shuffling the corpus re-deals its bytes between the two parts, which is drawn exactly from
    the multivariate hypergeometric distribution of the counts; a corpus of 10^9 bytes or more gets no such draw.

    Parameters
    ----------
    corpus : any corpus; memory stays small for mapped files of any size.
    top : how many of the most common bytes to list, at least 1.
    check : what is counted and what is scored, default: the first half and the second; shuffles, default: 199.

    Returns
    -------
    ByteStatistics
        The p-value of its ``held_out`` row is the share of shuffles that cost at least as much: a small one says
        that the two parts differ by more than chance.

    Raises
    ------
    InputError
        If ``top`` is below 1.

    Examples
    --------
    >>> byte_statistics(Corpus.from_bytes(b"abracadabra")).entropy_bits
    2.0403733936884962
    """
    null, top = check.null, integer("top", top, 1)
    boundary = check.split.boundary(len(corpus))
    counted, rest = (byte_counts(part, work) for part in (corpus.data[:boundary], corpus.data[boundary:]))
    parameters = {"top": top, "split": check.split.fraction, "permutations": null.permutations}
    return ByteStatistics(
        counts=counted + rest,
        counted=counted,
        null_held_out=_null_held_out(counted + rest, boundary, null),
        top=top,
        provenance=provenance(corpus, parameters=parameters, seed=null.seed, threads=work.threads),
    )


def _held_out(counts: NDArray[np.int64], counted: NDArray[np.int64]) -> float:
    scored = counts - counted
    costs = -np.log2(smoothed_shares(counted))
    return float(np.sum(scored * costs) / scored.sum())


def _null_held_out(counts: NDArray[np.int64], boundary: int, null: Null) -> tuple[float, ...]:
    if counts.sum() >= _DRAWABLE:
        return ()
    deals = (
        null.generator(index).multivariate_hypergeometric(counts, boundary, method="marginals")
        for index in range(null.permutations)
    )
    return tuple(_held_out(counts, deal) for deal in deals)
