"""Texts whose whole structure is known: what follows is said by the bytes at ``offsets`` and by nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests import corpora
from umrnn.corpus import Corpus
from umrnn.um.surrogate import Surrogates

__all__ = ["TEXTS", "Text", "planted"]


@dataclass(frozen=True)
class Text:
    """A kind of text: how to draw one, and the offsets a search finds before there is nothing left to find."""

    name: str
    offsets: tuple[int, ...]
    draw: Callable[[int], Corpus]


def _independent(shares: np.ndarray, length: int) -> Callable[[int], Corpus]:
    def draw(seed: int) -> Corpus:
        values = np.random.default_rng((seed, 1)).choice(len(shares), length, p=shares)
        return Corpus.from_bytes(values.astype(np.uint8))

    return draw


def _chain(symbols: int, order: int, length: int) -> Callable[[int], Corpus]:
    """A chain whose table of probabilities is drawn anew for every text."""

    def draw(seed: int) -> Corpus:
        rng = np.random.default_rng((seed, 2))
        sums = np.cumsum(rng.dirichlet(np.full(symbols, 0.3), size=symbols**order), axis=1)
        values, uniform = rng.integers(0, symbols, length).tolist(), rng.random(length)
        for t in range(order, length):
            state = sum(values[t - 1 - j] * symbols**j for j in range(order))
            values[t] = min(symbols - 1, int(np.searchsorted(sums[state], uniform[t])))
        return Corpus.from_bytes(bytes(values))

    return draw


def _of_siteinfo(seed: int) -> Corpus:
    return Surrogates.of(Corpus.siteinfo(), (1,), 1).draw(np.random.default_rng((seed, 3)))


def _runs(length: int, symbols: int, stays: float) -> Callable[[int], Corpus]:
    return lambda seed: corpora.runs(length, symbols, stays, seed)


def planted(seed: int) -> Corpus:
    """Something is there: the bytes 3 and 11 back say most of what follows."""
    return corpora.planted(1024, (3, 11), noise=0.4, seed=seed)


_ZIPF = 1 / np.arange(1, 51)

TEXTS = (
    Text("independent, 20 symbols, 1,024 bytes", (), _independent(np.full(20, 1 / 20), 1024)),
    Text("Zipf, 50 symbols, 1,024 bytes", (), _independent(_ZIPF / _ZIPF.sum(), 1024)),
    Text("runs of .9, 20 symbols, 1,024 bytes", (1,), _runs(1024, 20, 0.9)),
    Text("runs of .95, 20 symbols, 2,048 bytes", (1,), _runs(2048, 20, 0.95)),
    Text("runs of .9, 8 symbols, 1,024 bytes", (1,), _runs(1024, 8, 0.9)),
    Text("chain of order 1, 8 symbols, 1,024 bytes", (1,), _chain(8, 1, 1024)),
    Text("chain of order 2, 4 symbols, 2,048 bytes", (1, 2), _chain(4, 2, 2048)),
    Text("siteinfo rearranged, pairs kept", (1,), _of_siteinfo),
)
