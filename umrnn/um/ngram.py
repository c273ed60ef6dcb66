"""n-grams: contexts of the last K bytes, for every K up to a limit."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.um.cells import Cells, conditional_entropy, weight
from umrnn.um.predict import prefix_scores
from umrnn.um.reachable import reachable
from umrnn.um.shuffle import shuffled_bits

__all__ = ["NgramOrders", "ngram_orders"]


@dataclass(frozen=True)
class Order:
    """Figures of one context length; entropies and scores in bits per byte."""

    order: int
    positions: int
    contexts: int
    patterns: int
    entropy_bits: float
    bpc: float
    null_bits: float | None
    held_out_bpc: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NgramOrders(Result):
    """Pattern counts and bits per byte for context lengths 1 … K."""

    orders: tuple[Order, ...]

    def headline(self) -> dict[str, Any]:
        """The order that predicts unseen bytes best; all patterns together; the scores of the longest context."""
        best, last = self.best_held_out, self.orders[-1]
        return {
            "best_held_out_order": best.order,
            "best_held_out_bpc": best.held_out_bpc,
            "patterns_total": sum(order.patterns for order in self.orders),
            "bpc": last.bpc,
            "entropy_bits": last.entropy_bits,
            "null_bits": last.null_bits,
            "held_out_bpc": last.held_out_bpc,
        }

    @property
    def best_held_out(self) -> Order:
        """The order with the least held-out bits per byte, the shortest of equal ones."""
        return min(self.orders, key=lambda order: math.inf if math.isnan(order.held_out_bpc) else order.held_out_bpc)

    def tables(self) -> dict[str, Table]:
        """``orders``: a row per context length."""
        return {"orders": Table.of_records(self.orders, Order)}


@reads_text
def ngram_orders(
    corpus: Corpus,
    max_order: int | None = None,
    *,
    check: Check = Check(),
    work: Work = Work(),
) -> NgramOrders:
    """Count the patterns of the last K bytes for K = 1 … ``max_order``, by default 12 or as far as the corpus allows.

    ``entropy_bits`` is H(next | last K bytes) over the positions that have K bytes before them. ``bpc`` covers every
    byte but the first: where fewer than K bytes precede, the longest context there is serves. Both are in-sample.
    ``null_bits`` is the entropy with shuffled next bytes, ``held_out_bpc`` interpolated Witten-Bell.

    Raises
    ------
    InputError
        If ``max_order`` is below 1 or not shorter than the corpus.

    Examples
    --------
    >>> ngram_orders(Corpus.siteinfo(), 12, check=Check(null=Null(0))).headline()["patterns_total"]
    6180
    """
    max_order = integer("max-order", reachable(max_order, 12, corpus), 1)
    if max_order >= len(corpus):
        raise InputError(
            f"max-order must be shorter than the corpus of {len(corpus)} bytes, got {max_order}",
            hint="name a smaller order or a longer corpus",
        )
    held_out = prefix_scores(corpus, tuple(range(1, max_order + 1)), check.split, work=work)
    work.progress.start("n-gram orders", max_order * check.null.permutations, "shuffles")
    orders = tuple(_orders(corpus, held_out, check.null, work))
    work.progress.finish()
    settings = {
        "max_order": max_order,
        "permutations": check.null.permutations,
        "held_out_from": corpus.start + check.split.boundary(len(corpus)),
    }
    known = provenance(corpus, parameters=settings, seed=check.null.seed, threads=work.threads)
    return NgramOrders(provenance=known, orders=orders)


def _orders(corpus: Corpus, held_out: Sequence[float], null: Null, work: Work) -> Iterator[Order]:
    """Each context length that ``held_out`` has a score of after the first, which is order 0."""
    cells = Cells.whole(corpus)
    early_bits = 0.0  # of the bytes with fewer than `order` before them
    for order in range(1, len(held_out)):
        cells = cells.refined(order)
        patterns = cells.refined(0)
        open_bits = weight(cells.sizes) - weight(patterns.sizes)
        shuffled = shuffled_bits(cells, null, work=work)
        yield Order(
            order,
            len(cells.members),
            len(cells),
            len(patterns),
            conditional_entropy(cells, patterns),
            (open_bits + early_bits) / (len(corpus) - 1),
            Null.mean(shuffled),
            held_out[order],
        )
        early_bits += _bits_at(cells, patterns, order)


def _bits_at(contexts: Cells, patterns: Cells, position: int) -> float:
    """-log2 P(byte at ``position`` | its context), maximum likelihood."""

    def size_at(cells: Cells) -> int:
        where = int(np.flatnonzero(cells.members == position)[0])
        return int(cells.sizes[np.searchsorted(cells.starts, where, side="right") - 1])

    return float(np.log2(size_at(contexts) / size_at(patterns)))
