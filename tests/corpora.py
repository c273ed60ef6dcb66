"""Small corpora on which kernels are compared with their definitions; fixed seeds."""

from collections.abc import Iterator

import numpy as np

from umrnn.corpus import Corpus


def small() -> Iterator[tuple[str, Corpus]]:
    """Every kind of input a counting kernel meets, none longer than 400 bytes."""
    rng = np.random.default_rng(7)
    yield "one byte", Corpus.from_bytes(b"x")
    yield "two bytes", Corpus.from_bytes(b"\xff\x00")
    yield "constant", Corpus.from_bytes(b"a" * 40)
    yield "all bytes", Corpus.from_bytes(bytes(range(256)))
    yield "high bytes", Corpus.from_bytes(bytes([254, 255] * 20 + [253]))
    yield "periodic", Corpus.from_bytes(b"abcde" * 30)
    yield "random", Corpus.from_bytes(rng.integers(0, 256, 300).astype(np.uint8))
    yield "few symbols", Corpus.from_bytes(rng.integers(97, 100, 400).astype(np.uint8))
    yield "markov", markov(400)


def markov(length: int, seed: int = 3) -> Corpus:
    """A first-order chain over eight symbols."""
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(8, 0.3), size=8)
    state, symbols = 0, []
    for _ in range(length):
        state = int(rng.choice(8, p=table[state]))
        symbols.append(97 + state)
    return Corpus.from_bytes(bytes(symbols))


def runs(length: int, symbols: int, stays: float, seed: int = 13) -> Corpus:
    """Each byte is the one before it with probability ``stays``, else any of ``symbols``."""
    rng = np.random.default_rng(seed)
    values, same = rng.integers(0, symbols, length), rng.random(length) < stays
    for t in range(1, length):
        if same[t]:
            values[t] = values[t - 1]
    return Corpus.from_bytes(values.astype(np.uint8))


def planted(length: int, offsets: tuple[int, ...] = (3, 11), noise: float = 0.2, seed: int = 5) -> Corpus:
    """x[t] is a random function of the bytes at ``offsets``, replaced by a random symbol with probability ``noise``."""
    rng = np.random.default_rng(seed)
    function = rng.integers(0, 8, (8,) * len(offsets))
    symbols = rng.integers(0, 8, length)
    replaced = rng.random(length) < noise
    for t in range(max(offsets), length):
        if not replaced[t]:
            symbols[t] = function[tuple(symbols[t - d] for d in offsets)]
    return Corpus.from_bytes((97 + symbols).astype(np.uint8))


def independent(length: int, seed: int = 11) -> Corpus:
    """Independent bytes, all 256 values equally likely: there is nothing to find."""
    return Corpus.from_bytes(np.random.default_rng(seed).integers(0, 256, length).astype(np.uint8))
