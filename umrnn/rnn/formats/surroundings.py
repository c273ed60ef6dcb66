"""What stands around a recurrent layer of PyTorch: the embedding before and the read-out after, by their shapes.

Where shapes leave a doubt, a bias tells the read-out, then names tell the embedding; what is still in doubt is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from umrnn.errors import ModelError
from umrnn.rnn.formats.arrays import Contents, Stored, text_of
from umrnn.rnn.formats.roles import Names
from umrnn.rnn.weights import ALPHABET

__all__ = ["NAMES_HINT", "Surroundings"]

NAMES_HINT = "say which tensor is which with --names map.json"
_WEIGHT = re.compile(r"(.*[./])?weight")
_EMBEDDING = re.compile(r"emb|wte|token|lookup|encoder", re.IGNORECASE)
_Way = tuple[str | None, str]  # embedding, read-out


@dataclass(frozen=True)
class Surroundings:
    """The tensors beside a recurrent layer.

    Parameters
    ----------
    contents : of the file
    others : the tensors that are not of a recurrent layer
    hidden, width : H, and the numbers that the layer reads at a time
    size : V, the symbols of the network
    """

    contents: Contents
    others: Mapping[str, Stored]
    hidden: int
    width: int
    size: int

    def of_the_network(self) -> tuple[Names, Names, Names]:
        """Names of the read-out's weights, its bias if it has one, and the embedding if there is one.

        Raises
        ------
        ModelError
            If there is not one way to tell them, or a tensor is left over.
        """
        ways = self._ways()
        if len(ways) > 1:
            ways = [way for way in ways if self._bias(way[1]) is not None] or ways
        if len(ways) > 1:
            ways = [w for w in ways if w[0] and _EMBEDDING.search(w[0]) and not _EMBEDDING.search(w[1])] or ways
        if len(ways) != 1:
            raise self._misfit()
        embedding, readout = ways[0]
        bias = self._bias(readout)
        return (readout,), () if bias is None else (bias,), () if embedding is None else (embedding,)

    def of_a_layer(self) -> tuple[Names, Names, Names]:
        """The same of one layer among several: the read-out belongs to the others."""
        named = [name for name in self._embeddings if _EMBEDDING.search(name)] or self._embeddings[:1]
        if self.width != self.size and not named:
            raise self._narrow()
        return (), (), () if self.width == self.size else (named[0],)

    @cached_property
    def _tables(self) -> dict[str, Stored]:
        """Weights with one row per symbol."""
        found = {n: a for n, a in self.others.items() if _WEIGHT.fullmatch(n) and len(a.shape) == 2}
        return {name: array for name, array in found.items() if array.shape[0] == self.size}

    @property
    def _embeddings(self) -> list[str]:
        return [n for n, a in self._tables.items() if a.shape[1] == self.width and self._bias(n) is None]

    @property
    def _readouts(self) -> list[str]:
        return [name for name, array in self._tables.items() if array.shape[1] == self.hidden]

    def _ways(self) -> list[_Way]:
        """All ways to give every tensor a place; weights are shared where there is but one table."""
        before: list[str | None] = [*([None] if self.width == self.size else []), *self._embeddings]
        shared = len(self._tables) == 1 and self.width != self.size
        pairs = [(one, other) for one in before for other in self._readouts]
        return [(one, other) for one, other in pairs if (one != other or shared) and not self._left(one, other)]

    def _bias(self, weight: str) -> str | None:
        """The bias (V,) beside a weight."""
        name = weight.removesuffix("weight") + "bias"
        return name if name in self.others and self.others[name].shape == (self.size,) else None

    def _left(self, embedding: str | None, readout: str) -> list[str]:
        """Tensors that have no place."""
        return [name for name in self.others if name not in (embedding, readout, self._bias(readout))]

    def _misfit(self) -> ModelError:
        """Why there is no one way to tell embedding and read-out."""
        path, embeddings = self.contents.path, self._embeddings
        if self.width != self.size and not embeddings:
            return self._narrow()
        whole = [name for name in self._readouts if self._bias(name) is not None] or self._readouts
        if len(whole) == 1 and (left := self._left(embeddings[0] if self.width != self.size else None, whole[0])):
            text = f"{path} holds tensors that an Elman network has no place for: {text_of(left)}"
            return ModelError(text, hint=NAMES_HINT)
        rule = f"one Linear with weight ({self.size}, {self.hidden}) and bias ({self.size},) or none"
        found = text_of(dict(self.contents.arrays))
        return ModelError(
            f"{path} must hold {rule}, got {len(whole)} among {found}", hint=NAMES_HINT if whole else None
        )

    def _narrow(self) -> ModelError:
        what = "byte" if self.size == ALPHABET else "symbol"
        return ModelError(
            f"{self.contents.path}: weight_ih_l0 must be ({self.hidden}, {self.size}), one column per {what}, "
            f"got {(self.hidden, self.width)}",
            hint=f"or there must be an embedding ({self.size}, {self.width}) before it; a network over others than "
            "bytes needs --alphabet",
        )
