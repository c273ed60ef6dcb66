"""GrownState: a carrier grown from conjunctions on a linear state or a shift register."""

from dataclasses import dataclass

import numpy as np

from umrnn._validate import integer
from umrnn.construct.register import Carrier
from umrnn.construct.state.fit import WrittenState
from umrnn.construct.state.growth import grow
from umrnn.construct.state.linear import LinearDesign
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.progress import Work
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["BASES", "Base", "GrownState"]

BASES = ("spectral", "register")
_REGISTER_BITS = 8
_NEURONS, _SHARE = 40, 3  # of a base by default: 40, of small networks one in three


@dataclass(frozen=True)
class Base:
    """What a growth begins with.

    Parameters
    ----------
    kind : ``spectral``, a linear state, or ``register``, codes of the last bytes
    neurons : default: 40, of small networks a third, and no more than the text has directions
    """

    kind: str = BASES[0]
    neurons: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in BASES:
            raise InputError(f"base must be one of {', '.join(BASES)}, got {self.kind}")
        if self.neurons is not None:
            integer("base-neurons", self.neurons, 1)

    def elman(self, text: Corpus, hidden: int, seed: int, work: Work) -> Elman:
        """The base of a network of ``hidden`` neurons, read out by nothing yet."""
        usual = min(_NEURONS, max(1, hidden // _SHARE))
        if self.kind == "spectral":
            return LinearDesign(self.neurons, usual=usual).written(text, work).carrier
        groups = max(1, (usual if self.neurons is None else self.neurons) // _REGISTER_BITS)
        carrier = Carrier.of("random", _REGISTER_BITS, groups, seed=seed)
        return carrier.elman(np.zeros((ALPHABET, carrier.hidden)), np.zeros(ALPHABET))


@dataclass(frozen=True)
class GrownState:
    """Writes a carrier: a base, and conjunctions on it until there are ``hidden`` neurons.

    Parameters
    ----------
    rounds, window : of growth, and positions of the text that one round looks at
    """

    hidden: int
    base: Base = Base()
    rounds: int = 6
    window: int = 200_000
    seed: int = 0

    def written(self, text: Corpus, work: Work) -> WrittenState:
        """The carrier grown on ``text``, and its growth."""
        start = self.base.elman(text, self.hidden, self.seed, work)
        growth = grow(start, text, self.hidden, rounds=self.rounds, window=self.window, seed=self.seed, work=work)
        detail = f"{self.hidden - start.hidden} on {start.hidden} {self.base.kind} neurons"
        return WrittenState(growth.model, growth.read_out, detail, growth)
