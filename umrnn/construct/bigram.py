"""``construct bigram``: every byte sets random signs of its own, from which a ridge solve reads the table of pairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast, final

from umrnn._validate import integer, positive
from umrnn.construct.offsets.fit import OffsetFit, draws_table
from umrnn.construct.offsets.pair_network import SHARE, PairNetwork, fit_table
from umrnn.construct.study import Entry, Holdout, Measured, Row, Study, as_table, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.weights import Elman

__all__ = ["Bigram", "bigram"]

_LARGEST_HIDDEN = 2048
_DRAWS = 3


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Bigram(Result):
    """A network that holds the table of pairs, beside the table itself.

    Parameters
    ----------
    measured : by name: ``counting`` (maximum likelihood), ``mixed``, ``network``, ``weighted``
    order_0 : the bytes' own frequencies
    """

    measured: Mapping[str, Measured[OffsetFit]]
    order_0: Row

    @property
    def model(self) -> Elman:
        """The network of equal weights, fitted to the whole text."""
        return cast(Elman, self.measured["network"].published_fits[0].model)

    def headline(self) -> dict[str, Any]:
        """The network and the two tables, on the whole text as published and held out."""
        row = {name: each.row for name, each in self.measured.items()}
        return {
            "bpc": row["network"].published_bpc,
            "held_out_bpc": row["network"].held_out_bpc,
            "null_bpc": row["network"].published_null_bpc,
            "bpc_counting": row["counting"].published_bpc,
            "bpc_mixed": row["mixed"].published_bpc,
            "bpc_mixed_held_out": row["mixed"].held_out_bpc,
            "bpc_weighted": row["weighted"].published_bpc,
            "bpc_weighted_held_out": row["weighted"].held_out_bpc,
            "order_0_held_out_bpc": self.order_0.held_out_bpc,
            "hidden": self.model.hidden,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: a row per table and network; ``draws``: the spread over random signs."""
        found = tuple(self.measured.values())
        rows = as_table([self.order_0, *(each.row for each in found)])
        return {"constructions": rows, "draws": draws_table(found)}


@reads_text
def bigram(
    holdout: Holdout | Corpus,
    *,
    hidden: int = 128,
    ridge: float = 0.01,
    draws: int = _DRAWS,
    null: Null | None = None,
    work: Work = Work(),
) -> Bigram:
    """Write a network that predicts from the byte just read, with no training.

        W_x = 10 s(b), random signs      W_h = 0      b_h = 0      b_y = ln (count + ½) / (n + 128)
        W_y = least squares with a ridge from tanh(W_x), over the bytes that occur, to ln P(y | b) - b_y
        P(y | b) = .95 count(b, y) / count(b) + .05 exp(b_y)

    Parameters
    ----------
    holdout : what is counted and what is held out; of a corpus, its halves
    hidden : H, in [1, 2048]; below the number of bytes that occur, the table fits only in part
    ridge : added to the squared weights, above 0
    draws : of the signs, for the spread
    null : shuffles of the targets (default: one); its seed is that of the signs

    Raises
    ------
    InputError
        If an argument is out of range, or the solve is singular.

    Examples
    --------
    >>> round(bigram(Corpus.siteinfo(), draws=1, null=Null(0)).headline()["bpc"], 2)
    2.1
    """
    holdout = Holdout.of(holdout) if isinstance(holdout, Corpus) else holdout
    null = null or Null(1)
    network = PairNetwork(integer("hidden", hidden, 1, _LARGEST_HIDDEN), positive("ridge", ridge), null.seed)
    entries = _entries(network, integer("draws", draws, 1))
    found = Study(holdout, Check(null=null), work).measure(tuple(entries.values()), task="bigram")
    return Bigram(
        measured=dict(zip(entries, found)),
        order_0=order_0(holdout, published=True),
        provenance=provenance(
            holdout.whole,
            parameters={
                **{"hidden": hidden, "ridge": ridge, "draws": draws, "permutations": null.permutations},
                **holdout.parameters(),
            },
            seed=null.seed,
            threads=work.threads,
        ),
    )


def _entries(network: PairNetwork, draws: int) -> dict[str, Entry[OffsetFit]]:
    """The two tables and the two networks; the source fits and scores the whole text."""
    weighted = PairNetwork(network.hidden, network.ridge, network.seed, weighted=True)
    alone, mixed = partial(fit_table, 1.0), partial(fit_table, SHARE)
    signs = f"{network.hidden} signs, ridge {network.ridge:g}"
    return {
        "counting": Entry("counting", "pairs, maximum likelihood", alone, alone),
        "mixed": Entry("counting", "pairs, .95 of it and .05 order 0", mixed, mixed),
        "network": Entry("bigram", signs, network, network, draws),
        "weighted": Entry("bigram", f"{signs}, by count", weighted, weighted, draws),
    }
