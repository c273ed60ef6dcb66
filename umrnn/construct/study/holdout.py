"""Holdout: which bytes a construction is fitted to, and which are there to test it."""

from dataclasses import dataclass
from typing import Any

from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Split, held_apart
from umrnn.rnn.readout import Readout
from umrnn.rnn.score import bits_after
from umrnn.rnn.weights import Elman

__all__ = ["Holdout"]


@dataclass(frozen=True)
class Holdout:
    """A text that is counted, and bytes that are not.

    Parameters
    ----------
    counted : the text that a construction is fitted to, and tuned on
    scored, first : held out are the bytes of ``scored`` from index ``first`` on; contexts may reach back before it
    whole : the text that a published procedure is fitted to and scored on
    """

    counted: Corpus
    scored: Corpus
    first: int
    whole: Corpus

    @classmethod
    def of(cls, corpus: Corpus, split: Split | None = None) -> "Holdout":
        """The end of ``corpus`` is held out (default: its second half).

        Examples
        --------
        >>> Holdout.of(Corpus.siteinfo()).first
        512
        """
        split = split or Split()
        boundary = split.boundary(len(corpus))
        if not 2 <= boundary < len(corpus):
            raise InputError(
                f"held-out must leave at least two bytes to count and one to score, got {1 - split.fraction:g} of "
                f"{len(corpus)} bytes",
                hint="name a longer corpus",
            )
        return cls(corpus.slice(0, boundary), corpus, boundary, corpus)

    @classmethod
    def against(cls, text: Corpus, other: Corpus | None, longer: Corpus | None = None) -> "Holdout":
        """All of ``text`` is counted; held out is the ``other`` text, or what follows ``text`` in a ``longer`` one.

        Raises
        ------
        InputError
            If either is too short, or the other text has bytes that are counted: a copy of it, or a part.
        """
        if len(text) < 2:
            raise InputError("a corpus of one byte has nothing to predict", hint="name a corpus of at least two bytes")
        if other is None:
            if longer is None or len(longer) <= len(text):
                raise InputError("the text to hold out must hold at least one byte")
            return cls(text, longer, len(text), text)
        if len(other) < 2:
            raise InputError("the text to hold out must hold at least two bytes, got one")
        held_apart(text, other.slice(1))
        return cls(text, other, 1, text)

    @property
    def once(self) -> bool:
        """Whether the counted text is all of it, so that a published procedure sees no more than an honest one."""
        return self.counted is self.whole

    def parameters(self) -> dict[str, Any]:
        """What a result says about the bytes held out."""
        part = self.scored.provenance() | {"start": self.scored.start + self.first}
        return {"held_out": {name: part[name] for name in ("name", "start", "stop")}}

    def held_out_bpc(self, model: Elman | Readout) -> float:
        """Mean loss, in bits per byte, of a model fitted to ``counted`` on the bytes held out."""
        return bits_after(model, self.scored, self.first)
