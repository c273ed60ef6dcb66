"""StateNetwork: the result of a command that writes a network's state from counts and fits its read-out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from umrnn.construct.state.fit import StateFit
from umrnn.construct.study import Row, Study, as_table
from umrnn.corpus import Corpus
from umrnn.result import Result, Table, provenance
from umrnn.rnn.weights import Elman

__all__ = ["StateNetwork", "state_provenance"]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StateNetwork(Result):
    """A network with a written state, and what it predicts.

    Parameters
    ----------
    counted, fit : the part of the text that is counted, and the fit to it
    rows : order 0, then the network
    facts : of the state, for the headline
    notes : tables that say what its neurons are
    """

    counted: Corpus
    fit: StateFit
    rows: tuple[Row, Row]
    facts: Mapping[str, Any]
    notes: Mapping[str, Table]

    @property
    def model(self) -> Elman:
        """The network."""
        return self.fit.model

    def headline(self) -> dict[str, Any]:
        """The three scores beside those of order 0, and facts about the state."""
        order_0, row = self.rows
        return {
            "bpc": row.bpc,
            "held_out_bpc": row.held_out_bpc,
            "null_bpc": row.null_bpc,
            "order_0_bpc": order_0.bpc,
            "order_0_held_out_bpc": order_0.held_out_bpc,
            "hidden": self.model.hidden,
            **self.facts,
            "seconds": row.seconds,
            "bytes_read": row.bytes_read,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table; the others say what the neurons are."""
        return {"constructions": as_table(self.rows), **self.notes}


def state_provenance(study: Study, fit: StateFit, parameters: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What it was made from, with which options, and which bytes the network was fitted to."""
    counted = study.holdout.counted
    stated = {**parameters, **study.parameters(), "model_fitted_to": (counted.start, counted.stop)}
    threads, model = study.work.threads, fit.model.facts()
    return provenance(study.holdout.whole, parameters=stated, seed=seed, threads=threads, model=model)
