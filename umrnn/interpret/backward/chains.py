"""Chains of weights behind one prediction: the neurons it turns on, and the terms that set each of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.weights import Elman

__all__ = ["Chain", "Link", "chain_positions", "chains", "weights_touched"]

PUBLISHED_POSITIONS = (10, 20, 42, 50, 80, 100, 150, 200, 250, 300, 400, 500)
_NEURONS, _TERMS = 5, 3


@dataclass(frozen=True)
class Link:
    """One term of a pre-activation: from ``h8``, from the byte read ``x``, or from the bias ``b``.

    ``row`` is the neuron it sets, ``source`` the neuron it comes from, None for a byte or the bias.
    """

    row: int
    name: str
    term: float
    source: int | None


@dataclass(frozen=True)
class Chain:
    """A neuron that matters to a prediction, what set it, and what set the first neuron among that.

    ``position`` is that of the byte just read, counted in the source of the corpus.
    ``delta_bits`` is the rise of -log2 p(next byte) when h is negated, ``terms_share`` the share of the sizes of the
    neuron's terms that its links carry: the rest is what the chain leaves out.
    """

    position: int
    neuron: int
    delta_bits: float
    terms_share: float | None
    links: tuple[Link, ...]
    earlier: tuple[Link, ...]

    @property
    def neurons(self) -> set[int]:
        """All neurons in the chain."""
        return {self.neuron} | {link.source for link in (*self.links, *self.earlier) if link.source is not None}


def chain_positions(corpus: Corpus) -> tuple[int, ...]:
    """The 12 published positions, from the first byte of ``corpus``, or as many evenly spaced of a shorter one.

    Examples
    --------
    >>> chain_positions(Corpus.siteinfo())[:3], chain_positions(Corpus.siteinfo().slice(100, 103))
    ((10, 20, 42), (100, 101))
    """
    predictions = len(corpus) - 1
    if predictions > PUBLISHED_POSITIONS[-1]:
        return tuple(corpus.start + t for t in PUBLISHED_POSITIONS)
    count = min(len(PUBLISHED_POSITIONS), predictions)
    return tuple(corpus.start + predictions * (i + 1) // count - 1 for i in range(count))


def chains(model: Elman, corpus: Corpus, position: int, states: Floats) -> tuple[Chain, ...]:
    """The five neurons whose negation changes the prediction at ``position`` most, with three terms each.

        delta_j = -log2 p(x_{t+1}; h_t with -h_j) + log2 p(x_{t+1}; h_t)
        z_j     = W_x[j, x_t] + sum over k of W_h[j, k] h_{t-1, k} + b_h[j]

    The terms largest in size are kept; the first of them that comes from a neuron is followed once more.

    Parameters
    ----------
    position : of the byte just read, counted in the source of the corpus
    states : shape (3, H), h_{t-2}, h_{t-1} and h_t; those before the corpus are zero

    Examples
    --------
    >>> found = chains(Elman.zeros(hidden=2), Corpus.from_bytes(b"ab"), 0, np.zeros((3, 2), np.float32))
    >>> [(chain.neuron, chain.delta_bits, chain.links) for chain in found]
    [(0, 0.0, ()), (1, 0.0, ())]
    """
    index = corpus.index(position)
    hidden, target = model.hidden, corpus.data[index + 1]
    negated = np.repeat(states[2:], hidden + 1, axis=0)
    negated[np.arange(hidden), np.arange(hidden)] *= -1  # the last row is as it was
    bits = OutputLayer(model).bits(negated, np.full(hidden + 1, target, np.uint8))
    delta: NDArray[np.float64] = bits[:-1] - bits[-1]
    found = []
    for j in np.argsort(-np.abs(delta), kind="stable")[:_NEURONS].tolist():
        links, share = _links(model, corpus, index, j, states[1])
        first = next((link.source for link in links if link.source is not None), None)
        earlier = _links(model, corpus, index - 1, first, states[0])[0] if first is not None and index else ()
        found.append(Chain(position, j, float(delta[j]), share, links, earlier))
    return tuple(found)


def weights_touched(found: Sequence[Chain]) -> set[tuple[int, str]]:
    """The distinct weights in the chains of one prediction, biases left out, by neuron set and name of the source."""
    return {(link.row, link.name) for chain in found for link in (*chain.links, *chain.earlier) if link.name != "b"}


def _links(
    model: Elman, corpus: Corpus, index: int, neuron: int, before: Floats
) -> tuple[tuple[Link, ...], float | None]:
    """The terms of z of ``neuron`` at ``index`` that are largest in size, and not 0; their share of all sizes."""
    byte = int(corpus.data[index])
    recurrent = model.W_h[neuron].astype(np.float64) * before
    terms = np.concatenate([recurrent, [model.W_x[neuron, byte], model.b_h[neuron]]]).astype(np.float64)
    links = []
    for k in np.argsort(-np.abs(terms), kind="stable")[:_TERMS].tolist():
        name = f"h{k}" if k < model.hidden else "x" if k == model.hidden else "b"
        if terms[k]:
            links.append(Link(neuron, name, float(terms[k]), k if k < model.hidden else None))
    total = float(np.abs(terms).sum())
    return tuple(links), sum(abs(link.term) for link in links) / total if total else None
