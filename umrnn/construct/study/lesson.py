"""Lesson: what a fit is given, and all it may know of a text."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from umrnn._validate import contiguous
from umrnn.corpus import Corpus
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Bytes

__all__ = ["Lesson"]

Made = TypeVar("Made")


class _Shared:
    """What fits of one lesson have made for each other."""

    def __init__(self) -> None:
        self.lock, self.made = threading.RLock(), dict[Hashable, Any]()


@dataclass(frozen=True, eq=False, repr=False)
class Lesson:
    """Bytes to read, and a byte to predict after each.

    Parameters
    ----------
    corpus : n bytes
    targets : shape (n - 1,), uint8: the byte after each position, or these in random order
    draw : seeds what a construction draws at random
    work : threads and progress of the fit
    order : the null and the number of the permutation that ``targets`` are in; None where they were not shuffled

    Examples
    --------
    >>> lesson = Lesson.of(Corpus.from_bytes(b"abcd"))
    >>> bytes(lesson.targets), sorted(lesson.shuffled(Null(1), 0).targets) == sorted(lesson.targets)
    (b'bcd', True)
    """

    corpus: Corpus
    targets: Bytes
    draw: int = 0
    work: Work = Work()
    order: tuple[Null, int] | None = None
    _shared: _Shared = field(default_factory=_Shared)

    def __len__(self) -> int:
        return len(self.targets)

    def __repr__(self) -> str:
        return f"Lesson({self.corpus!r})"

    @classmethod
    def of(cls, corpus: Corpus, work: Work = Work()) -> "Lesson":
        """Each byte predicts the next one."""
        return cls(corpus, corpus.data[1:], work=work)

    def shuffled(self, null: Null, number: int) -> "Lesson":
        """The same bytes read, the targets in the random order of a permutation."""
        targets = contiguous(null.shuffled(self.targets, number))
        return Lesson(self.corpus, targets, self.draw, self.work, (null, number))

    def drawn(self, draw: int) -> "Lesson":
        """The same bytes and targets for another random draw."""
        return replace(self, draw=draw)

    def given(self, work: Work) -> "Lesson":
        """The same lesson, done by other workers."""
        return replace(self, work=work)

    def early(self, stop: int) -> "Lesson":
        """The first ``stop`` bytes, with the targets they have here: the rest can choose between fits to them."""
        return Lesson(self.corpus.slice(0, stop), self.targets[: stop - 1], self.draw, self.work)

    def targets_from(self, first: int) -> Bytes:
        """The bytes after the positions from ``first`` on; where targets are shuffled, these among themselves."""
        if self.order is None:
            return contiguous(self.targets[first:])
        null, number = self.order
        return contiguous(null.shuffled(self.corpus.data[first + 1 :], number))

    def text(self) -> Corpus:
        """The bytes as a network reads them that is trained to predict each from those before.

        Where targets are shuffled, all bytes are, since every target is read in its turn.

        Examples
        --------
        >>> sorted(Lesson.of(Corpus.from_bytes(b"abcd")).shuffled(Null(1), 0).text().data.tobytes()) == [*b"abcd"]
        True
        """
        if self.order is None:
            return self.corpus
        null, number = self.order
        return Corpus.from_bytes(null.shuffled(self.corpus.data, number), name=self.corpus.name)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What several fits of this lesson need, made by the first of them; ``key`` says what it is.

        Examples
        --------
        >>> lesson = Lesson.of(Corpus.siteinfo())
        >>> lesson.once("length", lambda: len(lesson)), lesson.drawn(1).once("length", lambda: 0)
        (1023, 1023)
        """
        with self._shared.lock:
            if key not in self._shared.made:
                self._shared.made[key] = make()
            made: Made = self._shared.made[key]
            return made
