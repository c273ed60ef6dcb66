"""OffsetDesign: which offsets a read-out looks at, through how many random signs and rectified neurons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from umrnn._validate import integer, offset_tuple
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.rnn.readout import FARTHEST
from umrnn.um.search import greedy_steps

__all__ = ["OffsetDesign", "places_of"]

_STEPS, _LAYER_STEPS = 1000, 2000
_MAX_OFFSET = 30  # that the greedy search looks at
_MOST = 1 << 14  # features, and neurons


@dataclass(frozen=True)
class OffsetDesign:
    """Which offsets are read, by how many random signs in all, and by how many rectified neurons.

    ``offsets`` are given, or, where there are none, ``greedy`` of them chosen by counting on the text that is fitted.
    """

    offsets: tuple[int, ...] = ()
    greedy: int = 0
    neurons: int = 0
    features: int = 128

    def __post_init__(self) -> None:
        if self.offsets:
            if max(self.offsets) > FARTHEST:
                raise InputError(f"every offset must be at most {FARTHEST}, got {max(self.offsets)}")
            offset_tuple(self.offsets, FARTHEST + 1)
        wanted = len(self.offsets) or integer("greedy", self.greedy, 1)
        integer("neurons", self.neurons, 0, _MOST)
        if integer("features", self.features, 1, _MOST) < wanted:
            raise InputError(f"features must be at least one for each of {wanted} offsets, got {self.features}")

    def on(self, text: Corpus) -> tuple[int, ...]:
        """The offsets for ``text``, which must leave a byte to predict.

        Examples
        --------
        >>> OffsetDesign(greedy=4).on(Corpus.siteinfo())
        (1, 8, 20, 3)
        """
        return places_of([self], [text])[0][text]

    @property
    def steps(self) -> int:
        """Gradient steps of a fit."""
        return _LAYER_STEPS if self.neurons else _STEPS

    def products(self, outputs: int) -> int:
        """Multiplications that a fit costs for each position, in one direction."""
        inner = self.features * self.neurons + self.neurons * outputs if self.neurons else self.features * outputs
        return self.steps * inner

    def shown(self, offsets: tuple[int, ...]) -> str:
        """How a table names it: ``offsets 1-4``, ``greedy 1,8,20,3``."""
        run = len(offsets) > 2 and offsets == tuple(range(offsets[0], offsets[-1] + 1))
        text = f"{offsets[0]}-{offsets[-1]}" if run else ",".join(map(str, offsets))
        hidden = f", {self.neurons} rectified" if self.neurons else ""
        return f"{'offsets' if self.offsets else 'greedy'} {text}{hidden}"


def places_of(designs: Sequence[OffsetDesign], texts: Sequence[Corpus]) -> list[Mapping[Corpus, tuple[int, ...]]]:
    """For each design, the offsets it reads of each text; every text is searched once, for as many as any one wants."""
    most = max((design.greedy for design in designs if not design.offsets), default=0)
    found = {text: _searched(text, most) if most else () for text in texts}
    # where every byte is settled, any offset will do
    places = [{text: each.offsets or found[text][: each.greedy] or (1,) for text in texts} for each in designs]
    for where in places:
        for text, offsets in where.items():
            if max(offsets) + 2 > len(text):
                raise InputError(
                    f"every offset must leave a byte to predict: {max(offsets)} needs {max(offsets) + 2} bytes to fit, "
                    f"got {len(text)}",
                    hint="name smaller offsets or a longer corpus",
                )
    return list(places)


def _searched(text: Corpus, count: int) -> tuple[int, ...]:
    """Offsets in the order in which counting chooses them."""
    farthest = min(_MAX_OFFSET, len(text) - 2)
    if farthest < 1:
        raise InputError(f"a search for offsets needs at least three bytes, got {len(text)}")
    return tuple(step.offset for step in greedy_steps(text, count, farthest, null=Null(0)))
