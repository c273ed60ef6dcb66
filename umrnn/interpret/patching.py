"""Activation patching: which neuron, how far back, carries what one context predicts and another does not.

clean       the run whose prediction is to be explained
corrupted   another run, in which that prediction fails
patched     the corrupted run, with some state values of one step replaced by those of the clean run
"""

from dataclasses import dataclass
from math import log, nan
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous, integer
from umrnn.corpus import Corpus, reads_text
from umrnn.interpret.kernels.intervene import STATE, Edit, run_edited
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.layout import parameters
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.score import check_predicts
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["PatchedLag", "PatchedNeuron", "Patching", "patch_positions", "patch_texts"]

_LAGS, _TOP = 16, 20
_TOGETHER = 64  # patched runs side by side


@dataclass(frozen=True)
class PatchedLag:
    """The whole state, and the neuron that helps most, patched ``lag`` bytes before the last one read."""

    lag: int
    clean_bits: float
    corrupted_bits: float
    patched_bits: float
    recovered_share: float
    patched_logit: float
    best_neuron: int
    best_neuron_bits: float
    best_neuron_recovered_share: float
    mean_neuron_recovered_share: float
    neurons_that_recover_half: int


@dataclass(frozen=True)
class PatchedNeuron:
    """One neuron patched at one lag."""

    neuron: int
    lag: int
    clean_state: float
    corrupted_state: float
    patched_bits: float
    recovered_share: float
    patched_logit: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Patching(Result):
    """What of a clean run's prediction returns when parts of its state are put into a corrupted run.

    Parameters
    ----------
    answer : the byte whose prediction is measured
    clean, corrupted : bits and logit of the answer after either run
    lags : a record per lag
    neurons : records of the neurons and lags that recover most
    """

    answer: int
    clean: tuple[float, float]
    corrupted: tuple[float, float]
    lags: tuple[PatchedLag, ...]
    neurons: tuple[PatchedNeuron, ...]

    def headline(self) -> dict[str, Any]:
        """The answer, its bits after either run and patched, and the neuron that recovers most."""
        best = self.neurons[0]
        return {
            "answer": bytes([self.answer]),
            "clean_bits": self.clean[0],
            "corrupted_bits": self.corrupted[0],
            "clean_logit": self.clean[1],
            "corrupted_logit": self.corrupted[1],
            "recovered_share": self.lags[-1].recovered_share,
            "longest_lag": self.lags[-1].lag,
            "best_neuron": best.neuron,
            "best_lag": best.lag,
            "best_recovered_share": best.recovered_share,
        }

    def tables(self) -> dict[str, Table]:
        """``lags``: the whole state, and the best neuron, at each; ``neurons``: the best of all."""
        return {
            "lags": Table.of_records(self.lags, PatchedLag),
            "neurons": Table.of_records(self.neurons, PatchedNeuron),
        }


@reads_text
def patch_positions(
    model: Elman | ModelFile,
    corpus: Corpus,
    clean: int,
    corrupted: int,
    *,
    max_lag: int = _LAGS,
    work: Work = Work(),
) -> Patching:
    """Patch the run up to one position with the run up to another; the answer is the byte after the clean position.

        recovered share = (corrupted - patched) / (corrupted - clean)        in bits, -log2 p(answer)

    At lag k the state h_{t-k} of the corrupted run is replaced, in one neuron or in all, and the run goes on over its
    own last k bytes. All neurons at lag 0 recover everything. Where clean and corrupted bits agree there is nothing to
    recover and the share is NaN.

    Parameters
    ----------
    clean, corrupted : position in the source of the last byte read; a byte must follow
    max_lag : the longest lag tried; less where a run is shorter. Costs H + 1 runs of k bytes at each lag k

    Raises
    ------
    InputError
        If a position lies outside the corpus or has no byte after it, or ``max_lag`` is negative.

    Examples
    --------
    >>> import umrnn.rnn as rnn
    >>> found = patch_positions(rnn.shipped(), Corpus.siteinfo(), 400, 500, max_lag=2)
    >>> round(found.lags[0].recovered_share, 9)
    1.0
    """
    check_predicts(corpus)
    ends = [corpus.index(place, name) + 1 for name, place in (("clean", clean), ("corrupted", corrupted))]
    texts = corpus.slice(0, ends[0]), corpus.slice(0, ends[1])
    answer = int(corpus.data[ends[0]])
    settings = {"clean": clean, "corrupted": corrupted, "max_lag": max_lag}
    return _patched(model, texts, answer, max_lag, (corpus, settings), work)


def patch_texts(
    model: Elman | ModelFile,
    clean: bytes,
    corrupted: bytes,
    *,
    max_lag: int = _LAGS,
    work: Work = Work(),
) -> Patching:
    """Patch the run over one text with the run over another; the answer is the likeliest byte after the clean one.

    See :func:`patch_positions`; lag k counts back from the last byte of either text.

    Raises
    ------
    InputError
        If a text is empty or ``max_lag`` is negative.

    Examples
    --------
    >>> import umrnn.rnn as rnn
    >>> found = patch_texts(rnn.shipped(), b"<mediawiki xmlns", b"<mediawiki vers")
    >>> found.headline()["answer"]
    b'='
    """
    texts = Corpus.from_bytes(clean, "the clean text"), Corpus.from_bytes(corrupted, "the corrupted text")
    network = opened(model)[0]
    last = np.concatenate([block.h[-1:] for block in trace(network, texts[0])])[-1:]
    answer = int(OutputLayer(network).top_bytes(last)[0])
    settings = {
        "clean_text": clean.decode("latin-1"),
        "corrupted_text": corrupted.decode("latin-1"),
        "max_lag": max_lag,
    }
    return _patched(model, texts, answer, max_lag, (texts[0], settings), work)


def _patched(
    model: Elman | ModelFile,
    texts: tuple[Corpus, Corpus],
    answer: int,
    max_lag: int,
    known: tuple[Corpus, dict[str, Any]],
    work: Work,
) -> Patching:
    lags = min(integer("max-lag", max_lag, 0), *(len(text) - 1 for text in texts))
    network, facts, _ = opened(model)
    with one_thread():  # held here: the limit is the calling thread's to set
        pair = _Pair(network, texts, answer, lags)
        rows, neurons = pair.measured(work)
    return Patching(
        answer=answer,
        clean=pair.clean,
        corrupted=pair.corrupted,
        lags=rows,
        neurons=neurons,
        provenance=provenance(known[0], parameters=known[1], threads=work.threads, model=facts),
    )


class _Pair:
    """The last states of two runs, and what becomes of the second with parts of the first."""

    def __init__(self, model: Elman, texts: tuple[Corpus, Corpus], answer: int, lags: int) -> None:
        self.model, self.answer, self.lags = model, answer, lags
        self.states = [_last_states(model, text, lags + 1) for text in texts]  # row k is the state k bytes before
        self.data = texts[1].data
        self.weights, self.transposed = parameters(model), np.ascontiguousarray(model.W_h.T)
        ends = self._read(np.concatenate([own[:1] for own in self.states]))
        self.clean, self.corrupted = ((float(ends[0, i]), float(ends[1, i])) for i in range(2))

    def measured(self, work: Work) -> tuple[tuple[PatchedLag, ...], tuple[PatchedNeuron, ...]]:
        """A record per lag, and the neurons that recover most."""
        hidden, rows, every = self.model.hidden, [], []
        work.progress.start("patched runs", self.lags + 1, "lags")
        with pool(work.threads) as executor:
            for lag in range(self.lags + 1):
                pieces = [(lag, first) for first in range(0, hidden + 1, _TOGETHER)]
                bits, logits = np.concatenate(list(map_ordered(self._run, pieces, executor)), axis=1)
                shares = self._recovered(bits)
                order = np.argsort(bits[:-1], kind="stable")
                rows.append(self._lag(int(order[0]), lag, bits, shares, logits))
                every += [self._neuron(int(j), lag, bits, shares, logits) for j in order[:_TOP]]
                work.progress.advance(1)
        work.progress.finish()
        every.sort(key=lambda row: (row.patched_bits, row.lag, row.neuron))
        return tuple(rows), tuple(every[:_TOP])

    def _lag(
        self, best: int, lag: int, bits: NDArray[np.float64], shares: NDArray[np.float64], logits: NDArray[np.float64]
    ) -> PatchedLag:
        return PatchedLag(
            lag=lag,
            clean_bits=self.clean[0],
            corrupted_bits=self.corrupted[0],
            patched_bits=float(bits[-1]),
            recovered_share=float(shares[-1]),
            patched_logit=float(logits[-1]),
            best_neuron=best,
            best_neuron_bits=float(bits[best]),
            best_neuron_recovered_share=float(shares[best]),
            mean_neuron_recovered_share=float(shares[:-1].mean()),
            neurons_that_recover_half=int(np.count_nonzero(shares[:-1] >= 0.5)),
        )

    def _neuron(
        self, j: int, lag: int, bits: NDArray[np.float64], shares: NDArray[np.float64], logits: NDArray[np.float64]
    ) -> PatchedNeuron:
        clean, corrupted = (float(own[lag, j]) for own in self.states)
        return PatchedNeuron(j, lag, clean, corrupted, float(bits[j]), float(shares[j]), float(logits[j]))

    def _recovered(self, bits: NDArray[np.float64]) -> NDArray[np.float64]:
        gap = self.corrupted[0] - self.clean[0]
        return (self.corrupted[0] - bits) / gap if gap else np.full(len(bits), nan)

    def _run(self, piece: tuple[int, int]) -> NDArray[np.float64]:
        """Bits and logits of the answer with neuron ``first``, ``first`` + 1, … patched, the last with all, (2, R)."""
        lag, first = piece
        (clean, corrupted), hidden = (own[lag] for own in self.states), self.model.hidden
        count = min(_TOGETHER, hidden + 1 - first)
        # Always as many rows, so that a figure does not depend on where a piece was cut; spare rows are not patched.
        h = np.empty((lag + 1, _TOGETHER, hidden), self.model.dtype)
        h[0] = corrupted
        for row in range(count):
            which = slice(None) if first + row == hidden else first + row
            h[0, row, which] = clean[which]
        nothing = np.zeros((_TOGETHER, 0, hidden), h.dtype), np.zeros(lag, np.int32), np.zeros((1, _TOGETHER, 0))
        edit = Edit(STATE, *(contiguous(array) for array in nothing))
        scratch = np.empty((2, _TOGETHER, hidden), h.dtype)
        run_edited(self.data[len(self.data) - lag :], self.weights, self.transposed, edit, scratch, h)
        return self._read(h[lag])[:, :count]

    def _read(self, states: Floats) -> NDArray[np.float64]:
        """Bits and logit of the answer after each state (R, H), shape (2, R)."""
        logits = states.astype(np.float64) @ self.model.W_y.T.astype(np.float64) + self.model.b_y
        top = logits.max(axis=1)
        total = np.log(np.exp(logits - top[:, np.newaxis]).sum(axis=1)) + top
        return np.array([(total - logits[:, self.answer]) / log(2), logits[:, self.answer]])


def _last_states(model: Elman, text: Corpus, count: int) -> Floats:
    """The last ``count`` states of a run over ``text``, the last first, shape (count, H)."""
    kept = np.empty((0, model.hidden), model.dtype)
    for block in trace(model, text):
        kept = np.concatenate([kept, block.h[-count:]])[-count:]
    return kept[::-1]
