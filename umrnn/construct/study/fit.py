"""Fit: what comes of a construction's lesson, and can be scored."""

from dataclasses import dataclass
from typing import Protocol

from umrnn.corpus import Corpus
from umrnn.rnn.readout import Readout
from umrnn.rnn.score import bits_after
from umrnn.rnn.weights import Elman

__all__ = ["Fit", "ModelFit"]


class Fit(Protocol):
    """A construction fitted to a lesson. It outlives its work, so it should keep weights, not the states they read."""

    @property
    def detail(self) -> str:
        """What the fit has chosen, as a table shows it: a scale, a ridge; or that it saw the latest bytes only."""

    @property
    def bpc(self) -> float:
        """Mean loss in bits on the positions of its lesson, with the targets of its lesson."""

    @property
    def seconds(self) -> float:
        """Time to count, fit and tune."""

    @property
    def model(self) -> Elman | Readout | None:
        """What predicts; None where no file could hold it."""

    def bits(self, corpus: Corpus, first: int) -> float:
        """Mean loss in bits on the bytes of ``corpus`` from index ``first`` >= 1 on; contexts reach back before it."""


@dataclass(frozen=True, eq=False)
class ModelFit:
    """A fit that is a model and nothing more: the model scores it."""

    model: Elman | Readout
    bpc: float
    seconds: float
    detail: str = ""

    def bits(self, corpus: Corpus, first: int) -> float:
        """Mean loss in bits on the bytes of ``corpus`` from index ``first`` on."""
        return bits_after(self.model, corpus, first)
