"""The backward trie: for each predicted byte, the contexts that lead to it, read from the byte backwards."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, byte_counts, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null, Split
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.um.cells import Cells, weight
from umrnn.um.counts import offset_counts
from umrnn.um.information import mutual_information
from umrnn.um.reachable import reachable

__all__ = ["BackwardTrie", "backward_trie"]

_TOP_INPUTS = 5  # bytes named at each offset
_MOST_OUTPUTS = 20  # predicted bytes listed where none is named


@dataclass(frozen=True)
class PredictedByte:
    """One predicted byte: how often it occurs and how many distinct contexts of each depth lead to it."""

    byte: bytes
    count: int
    inputs: int
    input_entropy_bits: float
    contexts: tuple[int, ...]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BackwardTrie(Result):
    """Contexts before each predicted byte, and the bytes that stand at each offset before it."""

    outputs: tuple[PredictedByte, ...]
    null_contexts: tuple[float, ...]
    held_out_share: tuple[float, ...]
    information: Table
    inputs: Table

    def headline(self) -> dict[str, Any]:
        """Figures of the first output listed: the byte asked for, else the commonest."""
        first = self.outputs[0]
        return {
            "byte": first.byte,
            "count": first.count,
            "inputs": first.inputs,
            "input_entropy_bits": first.input_entropy_bits,
        }

    def tables(self) -> dict[str, Table]:
        """``outputs``, ``growth`` of the trie of the first, ``inputs`` at each offset, ``information`` of offsets."""
        columns = ("byte", "count", "inputs", "input_entropy_bits", "contexts_by_depth")
        outputs = ((o.byte, o.count, o.inputs, o.input_entropy_bits, o.contexts) for o in self.outputs)
        growth = zip(
            range(1, len(self.null_contexts) + 1), self.outputs[0].contexts, self.null_contexts, self.held_out_share
        )
        return {
            "outputs": Table.of(columns, outputs),
            "growth": Table.of(("depth", "contexts", "null_contexts", "held_out_seen_share"), growth),
            "inputs": self.inputs,
            "information": self.information,
        }


@reads_text
def backward_trie(
    corpus: Corpus,
    byte: int | None = None,
    *,
    depth: int | None = None,
    max_offset: int | None = None,
    check: Check = Check(),
    work: Work = Work(),
) -> BackwardTrie:
    """Contexts that lead to ``byte`` (default: to each of the commonest bytes), up to ``depth`` bytes back (6).

    A trie that grows slowly with depth means few ways lead to the byte. Beside its growth stand the growth of a trie
    of as many positions chosen at random (``null_contexts``, mean over shuffles) and the share of held-out occurrences
    whose context of that depth led to the byte in the counted part.

    Parameters
    ----------
    byte : value in ``[0, 255]`` that occurs in the corpus after its first byte

    Raises
    ------
    InputError
        If the byte does not occur, or depth or max_offset reach beyond the corpus.

    Examples
    --------
    >>> backward_trie(Corpus.siteinfo(), ord(" "), check=Check(null=Null(0))).outputs[0].contexts
    (8, 14, 20, 29, 36, 43)
    """
    depth = integer("depth", reachable(depth, 6, corpus), 1)
    max_offset = integer("max-offset", reachable(max_offset, 10, corpus), 1)
    if max(depth, max_offset) >= len(corpus):
        raise InputError(f"depth and max-offset must be shorter than the corpus of {len(corpus)} bytes")
    outputs = tuple(_output(corpus, value, depth) for value in _listed(corpus, byte))
    first, boundary, quiet = outputs[0], check.split.boundary(len(corpus)), work.silent()
    settings = {
        "byte": byte,
        "depth": depth,
        "max_offset": max_offset,
        "permutations": check.null.permutations,
        "held_out_from": corpus.start + boundary,
    }
    return BackwardTrie(
        provenance=provenance(corpus, parameters=settings, seed=check.null.seed, threads=work.threads),
        outputs=outputs,
        null_contexts=_random_growth(corpus, first.count, depth, check.null, work),
        held_out_share=_held_out_share(corpus, first.byte[0], depth, boundary),
        information=_information(corpus, max_offset, check.split, quiet),
        inputs=_inputs(offset_counts(corpus, range(1, max_offset + 1), work=quiet).counts, first.byte[0]),
    )


def _listed(corpus: Corpus, byte: int | None) -> Sequence[int]:
    """The predicted bytes to look at: ``byte``, or the commonest; the smaller byte first among equals."""
    counts = byte_counts(corpus.data[1:])
    if byte is None:
        order: list[int] = np.argsort(-counts, kind="stable").tolist()
        return order[: min(_MOST_OUTPUTS, int(np.count_nonzero(counts)))]
    if counts[integer("byte", byte, 0, 255)] == 0:
        raise InputError(f"byte {bytes([byte])!r} is never predicted in {corpus.name}")
    return [byte]


def _positions(corpus: Corpus, byte: int) -> NDArray[np.int32]:
    return (np.flatnonzero(corpus.data[1:] == byte) + 1).astype(np.int32)


def _growth(corpus: Corpus, positions: NDArray[np.int32], depth: int) -> list[Cells]:
    """Cells of the given positions by their last 1 … depth bytes; positions too near the start leave."""
    cells = Cells(corpus.data, positions, np.array([0, len(positions)], np.int64))
    grown = []
    for offset in range(1, depth + 1):
        cells = cells.refined(offset)
        grown.append(cells)
    return grown


def _output(corpus: Corpus, byte: int, depth: int) -> PredictedByte:
    grown = _growth(corpus, _positions(corpus, byte), depth)
    sizes = grown[0].sizes
    entropy = float(np.log2(sizes.sum()) - weight(sizes) / sizes.sum())
    return PredictedByte(bytes([byte]), int(sizes.sum()), len(sizes), entropy, tuple(len(cells) for cells in grown))


def _random_growth(corpus: Corpus, count: int, depth: int, null: Null, work: Work) -> tuple[float, ...]:
    """Mean number of distinct contexts of each depth before ``count`` positions drawn at random; NaN without draws."""

    def grow(number: int) -> list[int]:
        chosen = null.generator(number).choice(len(corpus) - 1, size=count, replace=False) + 1
        work.progress.advance(1)
        return [len(cells) for cells in _growth(corpus, np.sort(chosen).astype(np.int32), depth)]

    work.progress.start("random tries", null.permutations, "shuffles")
    with pool(work.threads) as executor:
        drawn = list(map_ordered(grow, range(null.permutations), executor))
    work.progress.finish()
    return tuple(np.mean(drawn, axis=0).tolist()) if drawn else (math.nan,) * depth


def _held_out_share(corpus: Corpus, byte: int, depth: int, boundary: int) -> tuple[float, ...]:
    """Share of held-out occurrences whose context of each depth led to the byte in the counted part too."""
    shares = []
    for cells in _growth(corpus, _positions(corpus, byte), depth):
        scored = cells.members >= boundary
        cell = np.repeat(np.arange(len(cells)), cells.sizes)
        known = np.bincount(cell[~scored], minlength=len(cells)) > 0
        shares.append(float(known[cell[scored]].mean()) if scored.any() else math.nan)
    return tuple(shares)


def _information(corpus: Corpus, max_offset: int, split: Split, work: Work) -> Table:
    """I(next byte; byte at each offset) beside its null, and its share of H(next byte)."""
    information = mutual_information(corpus, max_offset, split=split, work=work).tables()["offsets"]
    counts = byte_counts(corpus.data)
    entropy = float(np.log2(len(corpus)) - weight(counts) / len(corpus))
    share = information.columns.index("mi_bits")
    rows = ((*row, row[share] / entropy if entropy > 0 else None) for row in information.rows)
    return Table.of((*information.columns, "share_of_entropy"), rows)


def _inputs(table: NDArray[np.int64], byte: int) -> Table:
    """The bytes that stand most often at each offset before ``byte``."""
    rows = []
    for index, counts in enumerate(table):
        column = counts[:, byte]
        top = np.argsort(-column, kind="stable")[:_TOP_INPUTS]
        named = [(bytes([int(x)]), int(column[x])) for x in top if column[x] > 0]
        rows.append((index + 1, int(np.count_nonzero(column)), tuple(b for b, _ in named), tuple(n for _, n in named)))
    return Table.of(("offset", "distinct", "top_bytes", "top_counts"), rows)
