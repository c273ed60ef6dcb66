"""Surrogate texts: what a text would look like if nothing but some chosen offsets mattered.

A surrogate has the bytes of the text in another order. It is written byte by byte; each byte is that of a position of
the text, drawn among those which have the same bytes at the chosen offsets and were not used before. So with nothing
chosen it is the text in random order, with offset 1 a walk over the same pairs of bytes, and in general pieces of the
text, cut and joined where the chosen offsets see no seam. Where no position with the context is left, the offset that
was chosen last is left out of it, and so on.

Shuffling targets in place is no substitute: it tears a byte from the contexts it appears in later, so a text with runs
or phrases seems to say more than chance allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.um.cells import Cells
from umrnn.um.kernels import surrogate as kernels

__all__ = ["Surrogates"]


@dataclass(frozen=True, eq=False)
class Surrogates:
    """Draws texts in which nothing but the bytes at ``offsets`` says what follows.

    Parameters
    ----------
    text : shape (n,), uint8
    first : the bytes before it stand in every surrogate
    offsets : shape (k,), int64, none above ``first``
    begins, children, first_bytes, left : the tree of contexts (see :func:`umrnn.um.kernels.surrogate.rearrange`)
    targets : shape (n - first,), uint8, the predicted bytes, leaf by leaf
    """

    text: NDArray[np.uint8]
    first: int
    offsets: NDArray[np.int64]
    begins: NDArray[np.int64]
    children: NDArray[np.int64]
    first_bytes: NDArray[np.uint8]
    left: NDArray[np.int64]
    targets: NDArray[np.uint8]

    @classmethod
    def of(cls, corpus: Corpus, offsets: Sequence[int], first: int) -> "Surrogates":
        """Group the positions from ``first`` on by their bytes at ``offsets``.

        Examples
        --------
        >>> text = Corpus.from_bytes(b"aabbaabbaabbaabb")
        >>> drawn = Surrogates.of(text, (1, 2), 2).draw(np.random.default_rng(0))
        >>> drawn.data.tobytes()
        b'aabbaabbaabbaabb'
        """
        levels = [Cells.whole(corpus, first)]
        for offset in offsets:
            levels.append(levels[-1].refined(offset))
        # Refining splits cells where they stand, so cells of all levels are ranges of the members of the last.
        numbers = np.cumsum([0, *map(len, levels)])
        children = [
            number + np.searchsorted(finer.starts[:-1], level.starts[:-1])
            for number, level, finer in zip(numbers[1:], levels, levels[1:])
        ]
        end = int(numbers[-1])
        leading = [corpus.data[level.members[level.starts[:-1]] - offset] for level, offset in zip(levels[1:], offsets)]
        return cls(
            text=corpus.data,
            first=first,
            offsets=np.array(offsets, np.int64),
            begins=np.concatenate([level.starts[:-1] for level in levels]),
            children=np.concatenate([*children, np.full(len(levels[-1]) + 1, end)]).astype(np.int64),
            first_bytes=np.concatenate([np.zeros(1, np.uint8), *leading]),
            left=np.concatenate([level.sizes for level in levels]),
            targets=corpus.data[levels[-1].members],
        )

    def draw(self, generator: np.random.Generator) -> Corpus:
        """One text of the same bytes; its first ``first`` stand."""
        text = self.text.copy()
        tree = (self.begins, self.children, self.first_bytes, self.left.copy())
        kernels.rearrange(text, self.offsets, *tree, self.targets.copy(), generator.random(len(self.targets)))
        return Corpus.from_bytes(text.tobytes())
