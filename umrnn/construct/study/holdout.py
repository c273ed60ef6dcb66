"""Which bytes a construction may see, and which are there to test it."""

from dataclasses import dataclass
from typing import Any

from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Split
from umrnn.rnn.evaluate import bits_after
from umrnn.rnn.readout import Readout
from umrnn.rnn.weights import Elman

__all__ = ["Parts"]


@dataclass(frozen=True)
class Parts:
    """Three texts; a construction is built twice where ``counted`` is not ``text``.

    Parameters
    ----------
    text : in-sample: built on it and scored on it
    counted : built on it, fitted *and* tuned, for the held-out score
    scored, first : held out are the bytes of ``scored`` from index ``first`` on; contexts may reach back before it
    """

    text: Corpus
    counted: Corpus
    scored: Corpus
    first: int

    @classmethod
    def halves(cls, corpus: Corpus, held_out: float = 0.5) -> "Parts":
        """The share ``held_out`` at the end of ``corpus`` is held out; in-sample is all of it.

        Examples
        --------
        >>> Parts.halves(Corpus.siteinfo()).first
        512
        """
        if not 0 < held_out < 1:
            raise InputError(f"held-out must lie between 0 and 1, got {held_out}")
        boundary = Split(round(1 - held_out, 12)).boundary(len(corpus)) if held_out < 1 - 1e-12 else 0
        if not 2 <= boundary < len(corpus):
            raise InputError(
                f"held-out must leave at least two bytes to count and one to score, got {held_out} of "
                f"{len(corpus)} bytes",
                hint="name a longer corpus",
            )
        return cls(corpus, corpus.slice(0, boundary), corpus, boundary)

    @classmethod
    def against(cls, text: Corpus, other: Corpus | None, whole: Corpus | None = None) -> "Parts":
        """All of ``text`` is counted; held out is the ``other`` text, or what follows ``text`` in ``whole``."""
        if len(text) < 2:
            raise InputError("a corpus of one byte has nothing to predict", hint="name a corpus of at least two bytes")
        if other is None:
            if whole is None or len(whole) <= len(text):
                raise InputError("the text to hold out must hold at least one byte")
            return cls(text, text, whole, len(text))
        if len(other) < 2:
            raise InputError("the text to hold out must hold at least two bytes, got one")
        return cls(text, text, other, 1)

    @property
    def once(self) -> bool:
        """Whether the construction built on ``text`` is the one whose held-out bytes are scored."""
        return self.counted is self.text

    def parameters(self) -> dict[str, Any]:
        """What a result says about the bytes held out."""
        part = self.scored.provenance() | {"start": self.scored.start + self.first}
        return {"held_out": {name: part[name] for name in ("name", "start", "stop")}}

    def held_out_bpc(self, model: Elman | Readout) -> float:
        """Loss in bits per byte of a model built on ``counted`` on the bytes held out."""
        return bits_after(model, self.scored, self.first)
