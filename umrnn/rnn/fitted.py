"""Which bytes a model was fitted to: kept in its file, so that a score can say whether it is held out.

A text is cut into blocks of 64 bytes, and the hash of each is kept: the least 8,192 of them, so that a text of half a
megabyte is kept whole and of a longer one a known share. Bytes to be scored are looked through at *every* position, so
a copy under another name, a part, or a text that only begins alike is found.
"""

import base64
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus

__all__ = ["FittedTo", "Standing", "model_metadata", "standing"]

_BLOCK = 64  # bytes
_KEPT = 1 << 13  # hashes: 87 kB of text in the file of a model
_PIECE = 1 << 18  # positions looked at together
_GRAMS, _LEAST_GRAMS = 8, 24  # a block with fewer distinct runs of 8 bytes (blanks, a short period) proves nothing
_SURE = 10.0  # blocks that must be expected before their absence means anything: it would miss one text in 20,000
_ALL, _NONE = 0.9, 0.02  # shares from which bytes are fitted, and below which held out: 1 % of Wikipedia repeats
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, eq=False, repr=False)
class FittedTo:
    """Hashes of the blocks of the texts that a model was fitted to.

    Parameters
    ----------
    hashes : shape (K,), uint64, ascending and distinct
    rate : share of all blocks whose hash is kept, in (0, 1]
    corpus : name, range and hash of the text, as ``Corpus.provenance`` has it, where a file says so

    Examples
    --------
    >>> fitted = FittedTo.of(Corpus.siteinfo())
    >>> fitted, fitted.share(Corpus.siteinfo().slice(100, 900))
    (FittedTo(blocks=16, rate=1), 1.0)
    """

    hashes: Hashes
    rate: float
    corpus: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        return f"FittedTo(blocks={len(self.hashes)}, rate={self.rate:g})"

    @classmethod
    def of(cls, *texts: Corpus) -> "FittedTo":
        """The blocks of one or more texts."""
        hashes, most = np.empty(0, np.uint64), np.iinfo(np.uint64).max
        for blocks in (piece for text in texts for piece in _blocks(text)):
            found = _block_hashes(blocks)
            likely = found <= most
            found, blocks = found[likely], blocks[likely]
            hashes = np.unique(np.concatenate([hashes, found[_telling(blocks)]]))
            hashes, most = _least(hashes, most)
        return cls(hashes, _rate(most), texts[0].provenance() if len(texts) == 1 else None)

    @classmethod
    def unhashed(cls, corpus: Mapping[str, Any]) -> "FittedTo":
        """A text of which nothing but its provenance is known."""
        return cls(np.empty(0, np.uint64), 1.0, corpus)

    def merged(self, other: "FittedTo") -> "FittedTo":
        """The blocks of both."""
        most = min(_largest(self.rate), _largest(other.rate))
        both = np.union1d(self.hashes, other.hashes)
        hashes, most = _least(both[both <= most], most)
        return FittedTo(hashes, _rate(most))

    def record(self) -> dict[str, Any]:
        """What a file holds, for JSON."""
        text = base64.b64encode(self.hashes.astype("<u8").tobytes()).decode("ascii")
        return {"block_bytes": _BLOCK, "rate": self.rate, "hashes": text}

    @classmethod
    def read(cls, record: Any, corpus: Mapping[str, Any] | None = None) -> "FittedTo | None":
        """What :meth:`record` wrote; None where it is anything else, or damaged."""
        match record:
            case {"block_bytes": 64, "rate": float() | int() as rate, "hashes": str(text)} if 0 < rate <= 1:
                pass
            case _:
                return None
        try:
            hashes = np.frombuffer(base64.b64decode(text, validate=True), "<u8").astype(np.uint64)
        except ValueError:
            return None
        if len(hashes) > _KEPT or np.any(hashes[1:] <= hashes[:-1]):
            return None
        return cls(hashes, float(rate), corpus)

    def share(self, corpus: Corpus) -> float | None:
        """Share of the bytes of ``corpus`` that lie in blocks fitted to; None where there are too few to tell."""
        return self.standing(corpus).share

    def standing(self, corpus: Corpus) -> "Standing":
        """How ``corpus`` stands to the texts by their blocks alone."""
        first, last, covered = len(corpus), -_BLOCK, 0
        for places in self._found(corpus):
            steps = np.diff(places, prepend=last)
            covered += int(np.minimum(steps, _BLOCK).sum())
            first, last = min(first, int(places[0])), int(places[-1])
        if not self._can_tell(len(corpus)):
            return Standing("unknown" if last < 0 else "in_sample" if self.rate == 1 else "overlaps", None)
        if self.rate == 1 and last >= 0:  # at the edges no whole block need fit
            rest = len(corpus) - last - _BLOCK
            covered += (first if first < _BLOCK else 0) + (rest if rest < _BLOCK else 0)
        share = min(1.0, covered / (len(corpus) * self.rate))
        return Standing("in_sample" if share >= _ALL else "overlaps" if share >= _NONE else "held_out", share)

    def _can_tell(self, length: int) -> bool:
        """Whether a text of that length, were it fitted to, would show as many kept blocks as it takes."""
        if self.rate == 1:
            return length >= 2 * _BLOCK - 1 and len(self.hashes) > 0
        return (length - _BLOCK) / _BLOCK * self.rate >= _SURE

    def _found(self, corpus: Corpus) -> Iterator[NDArray[np.int64]]:
        """Positions at which a kept block begins, ascending, piece by piece."""
        if not len(self.hashes):
            return
        marks = np.zeros(1 << 16, bool)
        marks[self.hashes >> np.uint64(48)] = True
        for begin in range(0, len(corpus) - _BLOCK + 1, _PIECE):
            windows = _window_hashes(corpus.data[begin : begin + _PIECE + _BLOCK - 1])
            (likely,) = np.nonzero(marks[windows >> np.uint64(48)])
            at = np.searchsorted(self.hashes, windows[likely]).clip(max=len(self.hashes) - 1)
            places = begin + likely[self.hashes[at] == windows[likely]]
            if len(places):
                yield places


@dataclass(frozen=True)
class Standing:
    """How the bytes scored stand to those a model was fitted to.

    Parameters
    ----------
    scored : ``in_sample``, ``overlaps``, ``held_out`` or ``unknown``
    share : of the bytes scored that were fitted to; None where that is unknown
    """

    scored: str
    share: float | None


def standing(corpus: Corpus, fitted: FittedTo | None) -> Standing:
    """Whether a model was fitted to the bytes of ``corpus``: all (nine tenths), some, or none (less than a fiftieth).

    Examples
    --------
    >>> text = Corpus.siteinfo()
    >>> standing(text.slice(512), FittedTo.of(text.slice(0, 512)))
    Standing(scored='held_out', share=0.0)
    """
    if fitted is None:
        return Standing("unknown", None)
    return Standing("in_sample", 1.0) if _surely(corpus, fitted.corpus or {}) else fitted.standing(corpus)


def _surely(corpus: Corpus, about: Mapping[str, Any]) -> bool:
    """Whether ``corpus`` is the text itself, or a range of the file of that name."""
    match about:
        case {"sha256": str(digest), "name": str(name), "start": int(start), "stop": int(stop)}:
            named = name == corpus.name and name not in ("-", "bytes")  # those say nothing of where the bytes are from
            return digest == corpus.sha256 or (named and start <= corpus.start and corpus.stop <= stop)
    return False


def model_metadata(
    command: str, provenance: Mapping[str, Any], fitted: Sequence[Corpus | FittedTo | None], **figures: Any
) -> dict[str, Any]:
    """What is written beside the weights of a model: how it was made, and hashes of the blocks it was fitted to.

    Parameters
    ----------
    command : the words after ``umrnn``
    provenance : of the result whose model it is
    fitted : the texts it was fitted to, and what the models it was made from were fitted to; with one that is not
        known (None), nothing is said
    figures : such as ``bpc=0.3``
    """
    names = ("umrnn", "corpus", "model", "parameters", "seed")
    facts = {name: provenance[name] for name in names if provenance.get(name) is not None}
    alphabet = (provenance.get("model") or {}).get("alphabet")  # of the network that this one was made from
    own = {} if alphabet is None else {"alphabet": alphabet}
    return {"command": f"umrnn {command}", **figures, **facts, **own, **_fitted_record(fitted)}


def _fitted_record(fitted: Sequence[Corpus | FittedTo | None]) -> dict[str, Any]:
    total: FittedTo | None = None
    for one in fitted:
        if one is None:
            return {}
        blocks = FittedTo.of(one) if isinstance(one, Corpus) else one
        total = blocks if total is None else total.merged(blocks)
    return {} if total is None else {"fitted_blocks": total.record()}


def _blocks(text: Corpus) -> Iterator[NDArray[np.uint8]]:
    """The whole blocks of a text, many at a time, each (N, 64)."""
    for begin in range(0, len(text) - _BLOCK + 1, _PIECE):
        piece = text.data[begin : begin + _PIECE]
        yield piece[: len(piece) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)


def _telling(blocks: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether blocks hold more than blanks or a short period."""
    grams = np.lib.stride_tricks.sliding_window_view(blocks, _GRAMS, axis=1)
    numbers = np.sort(np.ascontiguousarray(grams).view(np.uint64)[..., 0], axis=1)
    return np.asarray((np.diff(numbers, axis=1) != 0).sum(axis=1) + 1 >= _LEAST_GRAMS)


def _powers(base: int, count: int) -> Hashes:
    return np.cumprod(np.r_[np.uint64(1), np.full(count - 1, base, np.uint64)], dtype=np.uint64)


def _block_hashes(blocks: NDArray[np.uint8]) -> Hashes:
    """The polynomial of each block in the base, modulo 2^64, stirred."""
    powers = _powers(_BASE, _BLOCK)[::-1]
    return _stirred((blocks.astype(np.uint64) * powers).sum(axis=1, dtype=np.uint64))


def _window_hashes(data: NDArray[np.uint8]) -> Hashes:
    """The same of all 64 bytes that begin at any position: a difference of two running sums, times a power."""
    inverse = pow(_BASE, -1, 1 << 64)
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum(data * _powers(inverse, len(data)), out=sums[1:])
    powers = _powers(_BASE, len(data))[_BLOCK - 1 :]
    return _stirred((sums[_BLOCK:] - sums[:-_BLOCK]) * powers)


def _stirred(numbers: Hashes) -> Hashes:
    """Every bit of the number in every bit of the result (the end of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _least(hashes: Hashes, most: int) -> tuple[Hashes, int]:
    """The least hashes that are kept, and the largest that may be among them."""
    return (hashes, most) if len(hashes) <= _KEPT else (hashes[:_KEPT], int(hashes[_KEPT - 1]))


def _rate(most: int) -> float:
    return 1.0 if most == np.iinfo(np.uint64).max else most / 2.0**64


def _largest(rate: float) -> int:
    return int(np.iinfo(np.uint64).max) if rate == 1 else math.floor(rate * 2.0**64)
