"""Every prediction followed back through time, in pieces that bound memory and may run side by side."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.kernels import backward as kernels
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Floats, Parameters, allocate
from umrnn.rnn.layout import parameters
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = [
    "DEPTH",
    "Followed",
    "Follower",
    "Stretch",
    "checked_depth",
    "checked_position",
    "in_stretches",
    "shuffle_bytes",
    "states_at",
    "stretches",
    "usual_null",
]

DEPTH = 50
_AT = 10
_SHUFFLES, _LONG = 3, 100_000
_POSITIONS = 256  # followed together: the product has rows enough, and four pieces of 1,024 bytes keep threads busy
_READ_OUT = 64
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Stretch:
    """Consecutive predictions and what lies up to K steps before them.

    Parameters
    ----------
    start : index of the first prediction, the byte just read; 0 for the first byte of the corpus
    targets : shape (m,), the bytes predicted
    data, h : shapes (s,) and (s, H), the bytes read and the states after them; the last m are those that predict
    """

    start: int
    targets: NDArray[np.uint8]
    data: NDArray[np.uint8]
    h: Floats

    def __len__(self) -> int:
        return len(self.targets)

    def part(self, first: int, last: int, depth: int) -> "Stretch":
        """Its predictions ``[first, last)`` and what lies up to ``depth`` steps before them."""
        before = len(self.data) - len(self)
        rows = slice(max(0, before + first - depth), before + last)
        return Stretch(self.start + first, self.targets[first:last], self.data[rows], self.h[rows])

    def with_shuffled_gates(self, null: Null, number: int) -> "Stretch":
        """The states in random order; the bytes stay."""
        return replace(self, h=np.ascontiguousarray(self.h[self._order(null, number)]))

    def with_shuffled_bytes(self, null: Null, number: int) -> "Stretch":
        """The bytes in random order; the states stay."""
        return replace(self, data=self.data[self._order(null, number)])

    def _order(self, null: Null, number: int) -> NDArray[np.int64]:
        return null.generator(number, self.start).permutation(len(self.data))


@dataclass(frozen=True, eq=False)
class Followed:
    """What is seen on the way back from each prediction of a stretch.

    Parameters
    ----------
    stretch : the predictions
    g : shape (m, H), derivative of ln p(next byte) by the state that predicts it
    norms, attributions, gated, masses : shape (K + 1, m), of g_{t→t-k}: its norm; W_x[:, x_{t-k}]ᵀ g; the same
        through the gate 1 - h²_{t-k}; sum over neurons of sizes of W_x[j, x_{t-k}] g_j. 0 where t - k < 0
    """

    stretch: Stretch
    g: Floats
    norms: NDArray[np.float64]
    attributions: NDArray[np.float64]
    gated: NDArray[np.float64]
    masses: NDArray[np.float64]


def checked_depth(depth: int | None, length: int) -> int:
    """``depth``; default: 50, or as far as the corpus allows: ``length - 2`` bytes lie before the last one read."""
    most = length - 2
    if depth is None:
        return min(DEPTH, most)
    integer("depth", depth, 0)
    if depth > most:
        raise InputError(
            f"depth must be at most {most} in a corpus of {length} bytes, got {depth}",
            hint="name a smaller depth or a longer corpus",
        )
    return depth


def usual_null(permutations: int | None, length: int, seed: int = 0) -> Null:
    """The null of ``permutations`` shuffles; default: three, or one in a corpus of 100,000 bytes or more.

    Examples
    --------
    >>> usual_null(None, 1024), usual_null(None, 1_000_000, seed=5)
    (Null(permutations=3, seed=0), Null(permutations=1, seed=5))
    """
    return Null(permutations if permutations is not None else _SHUFFLES if length < _LONG else 1, seed)


def shuffle_bytes(depth: int) -> int:
    """Bytes of memory that a shuffle takes while a stretch is followed back ``depth`` steps."""
    return 8 * kernels.FIGURES * _POSITIONS * (depth + 1)


def checked_position(at: int | None, corpus: Corpus) -> int:
    """``at``, a position in the source of ``corpus``; default: its byte 10, or the middle of a shorter one.

    Raises
    ------
    InputError
        If the corpus does not hold the position, or no next byte.

    Examples
    --------
    >>> text = Corpus.siteinfo().slice(100, 200)
    >>> checked_position(None, text), checked_position(150, text)
    (110, 150)
    """
    last = len(corpus) - 2
    return corpus.start + ((_AT if last >= _AT else last // 2) if at is None else corpus.index(at, "at"))


def states_at(model: Elman, corpus: Corpus, positions: Iterable[int]) -> dict[int, Floats]:
    """The states after the bytes at ``positions`` in the source; those before the corpus are zero."""
    asked = sorted({position - corpus.start for position in positions})
    found: dict[int, Floats] = {t: np.zeros(model.hidden, model.dtype) for t in asked if t < 0}
    if asked and asked[-1] >= 0:
        for block in trace(model, corpus.slice(0, asked[-1] + 1)):
            found |= {t: block.h[t - block.start].copy() for t in asked if 0 <= t - block.start < len(block.h)}
    return {corpus.start + t: state for t, state in found.items()}


class Follower:
    """The way back through one network; safe to share between threads."""

    def __init__(self, model: Elman, depth: int) -> None:
        self.model, self.depth = model, depth
        self.weights: Parameters = parameters(model)

    def gradients(self, stretch: Stretch) -> Floats:
        """Derivative of ln p(next byte) by the state that predicts it, shape (m, H), in the dtype of the model."""
        g = np.empty((len(stretch), self.model.hidden), self.model.dtype)
        work = allocate(ALPHABET, self.model.hidden, min(_READ_OUT, len(g)), self.model.dtype)
        kernels.prediction_gradients(stretch.h[-len(g) :], stretch.targets, self.weights, work, g)
        return g

    def follow(self, stretch: Stretch, g: Floats | None = None) -> Followed:
        """The way back from every prediction of ``stretch``; ``g`` as from :meth:`gradients`, if known."""
        return self.follow_with(stretch, [], g)[0]

    def follow_with(self, stretch: Stretch, others: Iterable[Stretch], g: Floats | None = None) -> list[Followed]:
        """The way back from ``stretch``, and from ``others`` that have the same states and other bytes, in one go."""
        g = self.gradients(stretch) if g is None else g
        every = [stretch, *others]
        out = np.zeros((len(every), self.depth + 1, kernels.FIGURES, len(g)))
        data = np.stack([one.data for one in every])
        kernels.follow_back(data, stretch.h, self.weights, g.copy(), np.empty_like(g), out)
        return [Followed(one, g, np.sqrt(own[:, 0]), *own[:, 1:].swapaxes(0, 1)) for one, own in zip(every, out)]


def stretches(model: Elman, corpus: Corpus, depth: int) -> Iterator[list[Stretch]]:
    """All predictions of ``corpus`` in stretches, a list per block of the run."""
    before = np.empty((0, model.hidden), model.dtype)  # the states that the next block's predictions look back at
    for block in trace(model, corpus):
        h = np.concatenate([before, block.h]) if len(before) else block.h
        found, last = [], block.start + len(block.bits)
        for start in range(block.start, last, _POSITIONS):
            stop = min(start + _POSITIONS, last)
            first = max(0, start - depth)
            at = block.start - len(before)  # index of row 0 of h
            targets, data = corpus.data[start + 1 : stop + 1], corpus.data[first:stop]
            found.append(Stretch(start, targets, data, h[first - at : stop - at]))
        yield found
        before = h[max(0, len(h) - depth) :].copy()  # a view would keep the block


def in_stretches(
    look: Callable[[Stretch], Answer], model: Elman, corpus: Corpus, depth: int, work: Work = Work()
) -> Iterator[Answer]:
    """``look`` of every stretch, in order; progress counts predictions. Enter ``one_thread()`` around it."""
    work.progress.start("follow back", len(corpus) - 1, "B")
    with pool(work.threads) as executor:
        for found in stretches(model, corpus, depth):
            for stretch, answer in zip(found, map_ordered(look, found, executor)):
                yield answer
                work.progress.advance(len(stretch))
    work.progress.finish()
