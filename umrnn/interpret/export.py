"""Export: everything a viewer of predictions needs, as arrays in one file."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._files import write_atomically
from umrnn._validate import contiguous, integer, writable_file
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.backward import Follower, Stretch, checked_depth, checked_position
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.score import check_predicts
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["Export", "Pattern", "chosen_positions", "export", "export_file", "save_export"]

_CELLS = {".json": 1 << 22, ".npz": 1 << 25}  # numbers in the gradients by lag: some 80 MB of text, 128 MB of arrays
_VERSION = 1
_PATTERNS = 100_000  # weights listed for a prediction


@dataclass(frozen=True)
class Pattern:
    """A weight that a prediction uses, and the lag at which its attribution, in nats, is largest in size.

    ``source`` is the byte read in W_x, the neuron a step before in W_h, the byte predicted in W_y.
    """

    position: int
    array: str
    neuron: int
    source: int
    lag: int
    attribution: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Export(Result):
    """What the network saw, held and predicted at P positions in a row, and how each prediction came about.

    Parameters
    ----------
    start : the first position, counted in the source of the corpus; row i of every array belongs to position
        start + i, the byte just read
    read, following : shape (P,), uint8, that byte and the next
    z, h : shape (P, H), pre-activations and states
    bits : shape (P,), -log2 p(next byte)
    top_bytes, top_probabilities : shape (P, k), the likeliest next bytes, likeliest first
    gradients : shape (P, K + 1, H), of ln p(next byte) by the state k steps before; 0 where there is none
    attributions, gated_attributions : shape (P, K + 1), W_xᵀ g of the byte at lag k, without and with its gate
    past : shape (P, K + 1), int16, the bytes at each lag; -1 before the corpus
    patterns : weights that each prediction uses most
    """

    start: int
    read: NDArray[np.uint8]
    following: NDArray[np.uint8]
    z: Floats
    h: Floats
    bits: NDArray[np.float64]
    top_bytes: NDArray[np.uint8]
    top_probabilities: Floats
    gradients: Floats
    attributions: NDArray[np.float64]
    gated_attributions: NDArray[np.float64]
    past: NDArray[np.int16]
    patterns: tuple[Pattern, ...]

    def headline(self) -> dict[str, Any]:
        """Where it begins, how much there is, and the mean loss there."""
        positions, lags, hidden = self.gradients.shape
        return {
            "first_position": self.start,
            "positions": positions,
            "depth": lags - 1,
            "hidden": hidden,
            "listed_patterns": len(self.patterns),
            "bpc": float(self.bits.mean()),
        }

    def tables(self) -> dict[str, Table]:
        """``predictions``, ``lags``, ``weight_patterns``; states and gradients themselves are in the file only."""
        kept = (self.read, self.following, self.bits, self.top_bytes[:, 0], self.top_probabilities[:, 0])
        columns = (column.tolist() for column in kept)
        predicted = (
            (self.start + i, bytes([read]), bytes([following]), bits, bytes([likeliest]), probability)
            for i, (read, following, bits, likeliest, probability) in enumerate(zip(*columns))
        )
        norms = np.sqrt(np.square(self.gradients, dtype=np.float64).sum(axis=2))
        figures = np.stack([norms, self.attributions, self.gated_attributions], axis=2)
        lags = (
            (self.start + i, k, bytes([self.past[i, k]]), *figures[i, k].tolist())
            for i, k in np.argwhere(self.past >= 0).tolist()
        )
        flow = ("position", "lag", "byte", "state_gradient_norm", "attribution", "gated_attribution")
        seen = ("position", "read", "next", "surprisal_bits", "likeliest", "probability")
        return {
            "predictions": Table.of(seen, predicted),
            "lags": Table.of(flow, lags),
            "weight_patterns": Table.of_records(self.patterns, Pattern),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by name, patterns as columns ``pattern_…``; their arrays are W_x 0, W_h 1, W_y 2."""
        named = ("read", "following", "z", "h", "bits", "top_bytes", "top_probabilities", "gradients")
        found = {name: getattr(self, name) for name in (*named, "attributions", "gated_attributions", "past")}
        found["positions"] = self.start + np.arange(len(self.read))
        for name in Pattern.__dataclass_fields__:
            cells = [getattr(row, name) for row in self.patterns]
            if name == "array":
                cells = [("W_x", "W_h", "W_y").index(cell) for cell in cells]
            found[f"pattern_{name}"] = np.array(cells, np.float64 if name == "attribution" else np.int64)
        return found


def chosen_positions(corpus: Corpus, at: int | None, span: tuple[int | None, int | None] | None) -> tuple[int, int]:
    """The positions ``[start, stop)`` of ``span``, whose sides may be left out, else the one position ``at``.

    All count in the source of ``corpus``.

    Raises
    ------
    InputError
        If both are given, or the corpus is a single byte.
    """
    last = check_predicts(corpus)
    if span is None:
        position = checked_position(at, corpus)
        return position, position + 1
    if at is not None:
        raise InputError(
            f"name one position or several, got both {at} and a span", hint="leave out --at or --positions"
        )
    return corpus.start if span[0] is None else span[0], corpus.start + last if span[1] is None else span[1]


def export(
    model: Elman | ModelFile,
    corpus: Corpus,
    start: int,
    stop: int,
    *,
    depth: int | None = None,
    top: int = 10,
    patterns: int = 50,
    work: Work = Work(),
) -> Export:
    """Collect what the predictions after the bytes ``start`` … ``stop`` - 1 are made of.

    The attribution of a weight is g_j for W_y, (1 - h_i²) g_i W_h[i, j] for W_h, W_x[j, x] g_j for W_x, each at the lag
    where it is largest in size; the largest are listed.

    Parameters
    ----------
    start, stop : positions in the source of the corpus; every one must have a next byte
    depth : steps back; default: 50, or as far as the corpus allows
    top : likeliest next bytes to keep, 1 … 256
    patterns : weights to list for each prediction, 0 … 100,000
    work : threads change nothing, since there is too little to share

    Raises
    ------
    InputError
        If the corpus is a single byte, an option is out of range, or the arrays would be too large.

    Examples
    --------
    >>> export(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"), 0, 2).bits.tolist()
    [8.0, 8.0]
    """
    check_predicts(corpus)
    span = _span(corpus, start, stop)
    lags, kept = checked_depth(depth, len(corpus)), integer("top", top, 1, ALPHABET)
    integer("patterns", patterns, 0, _PATTERNS)
    network, facts, _ = opened(model)
    _check_size(stop - start, lags, network.hidden, ".npz")
    with one_thread():
        z, bits, stretch = _run(network, corpus, *span, lags, work)
        top_bytes, top_probabilities = _likeliest(network, stretch.h[-len(z) :], kept)
        way = _Way(network, stretch, lags)
        found = tuple(replace(row, position=start + i) for i in range(len(z)) for row in way.patterns(i, patterns))
    settings = {"start": start, "stop": stop, "depth": lags, "top": kept, "patterns": patterns}
    return Export(
        start=start,
        read=corpus.data[slice(*span)],
        following=stretch.targets,
        z=z,
        h=stretch.h[-len(z) :],
        bits=bits,
        top_bytes=top_bytes,
        top_probabilities=top_probabilities,
        gradients=way.gradients,
        attributions=way.attributions,
        gated_attributions=way.gated,
        past=way.past,
        patterns=found,
        provenance=provenance(corpus, parameters=settings, threads=work.threads, model=facts),
    )


def _span(corpus: Corpus, start: int, stop: int) -> tuple[int, int]:
    """Indices of the positions ``[start, stop)``, each of which must have a next byte."""
    first = corpus.index(start, "the first position")
    last = corpus.index(stop, "the end of the positions", follow=0)
    if last <= first:
        raise InputError(f"the end of the positions must lie beyond the first, {start}, got {stop}")
    return first, last


def _likeliest(model: Elman, states: Floats, count: int) -> tuple[NDArray[np.uint8], Floats]:
    """The ``count`` likeliest next bytes after each state, likeliest first, and their probabilities."""
    logits = OutputLayer(model).logits(states)
    order = np.argsort(-logits, axis=1, kind="stable")[:, :count]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return order.astype(np.uint8), np.take_along_axis(probabilities, order, axis=1)


def export_file(path: str | os.PathLike[str], keep: Mapping[str, str | os.PathLike[str] | None] | None = None) -> Path:
    """Check, before the work, that an export can be written at ``path``; ``keep`` as in :func:`writable_file`.

    Raises
    ------
    InputError
        If the suffix is neither .json nor .npz, or nothing can be written there.
    """
    target = writable_file(path, keep=keep)
    if target.suffix.lower() not in _CELLS:
        raise InputError(f"output must be a .json or .npz file, got {path}")
    return target


def save_export(result: Export, path: str | os.PathLike[str]) -> Path:
    """Write all arrays and the provenance, by the suffix of ``path``; the file appears whole or not at all.

    JSON is one object of plain lists; npz has the same names, and the provenance as JSON text in ``header``.

    Raises
    ------
    InputError
        As :func:`export_file`, or if the arrays are too many for text.
    """
    target = export_file(path)
    positions, lags, hidden = result.gradients.shape
    _check_size(positions, lags - 1, hidden, target.suffix.lower())
    header = {"format": "umrnn export", "version": _VERSION, "provenance": dict(result.provenance)}
    if target.suffix.lower() == ".npz":
        text = np.frombuffer(json.dumps(header, default=str).encode(), np.uint8)
        arrays: dict[str, Any] = {"header": text, **result.arrays()}
        write_atomically(target, lambda stream: np.savez(stream, **arrays))
    else:
        record = {**header, **{name: array.tolist() for name, array in result.arrays().items()}}
        data = json.dumps(record, default=str, allow_nan=False).encode()
        write_atomically(target, lambda stream: stream.write(data))
    return target


def _check_size(positions: int, depth: int, hidden: int, suffix: str) -> None:
    cells = positions * (depth + 1) * hidden
    if cells > _CELLS[suffix]:
        raise InputError(
            f"positions x lags x neurons must not exceed {_CELLS[suffix]} in {suffix}, got {cells}",
            hint="name fewer positions or a smaller depth" + (", or write .npz" if suffix == ".json" else ""),
        )


def _run(
    model: Elman, corpus: Corpus, start: int, stop: int, depth: int, work: Work
) -> tuple[Floats, NDArray[np.float64], Stretch]:
    """Pre-activations and bits at the positions, and the stretch that holds them with what lies before."""
    first = max(0, start - depth)
    z, h, bits = [], [], []
    work.progress.start("run the network", stop, "B")
    for block in trace(model, corpus.slice(0, stop + 1)):
        z.append(block.z[max(0, start - block.start) : max(0, stop - block.start)])
        h.append(block.h[max(0, first - block.start) : max(0, stop - block.start)])
        bits.append(block.bits[max(0, start - block.start) : max(0, stop - block.start)])
        work.progress.advance(len(block.bits))
    work.progress.finish()
    stretch = Stretch(start, corpus.data[start + 1 : stop + 1], corpus.data[first:stop], contiguous(np.concatenate(h)))
    return np.concatenate(z), np.concatenate(bits), stretch


class _Way:
    """Gradients of the predictions of one stretch, by lag, all held."""

    def __init__(self, model: Elman, stretch: Stretch, depth: int) -> None:
        self._model, self._stretch = model, stretch
        positions = len(stretch)
        before = len(stretch.data) - positions
        self.past = np.full((positions, depth + 1), -1, np.int16)
        self.gradients = np.zeros((positions, depth + 1, model.hidden), model.dtype)
        self._through = np.zeros_like(self.gradients)  # times 1 - h² at the same lag
        g = Follower(model, depth).gradients(stretch)
        for k in range(depth + 1):
            skipped = max(0, k - before)
            if skipped >= positions:
                break
            rows = slice(before + skipped - k, len(stretch.data) - k)
            h = stretch.h[rows]
            self.past[skipped:, k] = stretch.data[rows]
            self.gradients[skipped:, k] = g[skipped:]
            self._through[skipped:, k] = (1 - h) * (1 + h) * g[skipped:]
            g = np.ascontiguousarray(self._through[:, k]) @ model.W_h
        columns = model.W_x.T[np.maximum(self.past, 0)]  # (P, K + 1, H)
        self.attributions = np.einsum("pkh,pkh->pk", columns, self.gradients, dtype=np.float64)
        self.gated = np.einsum("pkh,pkh->pk", columns, self._through, dtype=np.float64)

    def patterns(self, i: int, count: int) -> list[Pattern]:
        """The ``count`` weights of largest attribution in prediction ``i``, and no zeros; their position is ``i``."""
        model, hidden = self._model, self._model.hidden
        neurons = np.arange(hidden)
        reached = int(np.count_nonzero(self.past[i] >= 0))
        path, through = self.gradients[i, :reached], self._through[i, :reached]
        bytes_read, inverse = np.unique(self.past[i, :reached], return_inverse=True)
        lag_x = np.array([_largest_lag(path, np.flatnonzero(inverse == n)) for n in range(len(bytes_read))])  # (n, H)
        by_array = {"W_x": (model.W_x.T[bytes_read] * path[lag_x, neurons], lag_x)}
        if reached > 1:  # the last gates lead beyond the depth, or to the state before the corpus, which is zero
            lag_h = _largest_lag(through, np.arange(reached - 1))
            used = model.W_h * through[lag_h, neurons][:, np.newaxis]
            by_array["W_h"] = used.T, np.tile(lag_h, (hidden, 1))
        by_array["W_y"] = path[:1], np.zeros((1, hidden), np.int64)
        sources: dict[str, NDArray[Any]] = {"W_x": bytes_read, "W_h": neurons, "W_y": self._stretch.targets[i : i + 1]}
        found = []
        for name, (values, lags) in by_array.items():
            for cell in _largest_cells(np.abs(values).ravel(), count):
                row, j = divmod(cell, hidden)
                if values[row, j]:
                    where = (i, name, j, int(sources[name][row]), int(lags[row, j]))
                    found.append(Pattern(*where, float(values[row, j])))
        return sorted(found, key=lambda pattern: -abs(pattern.attribution))[:count]


def _largest_lag(values: Floats, lags: NDArray[np.int64]) -> NDArray[np.int64]:
    """Per neuron the one of ``lags`` at which ``values`` (K + 1, H) is largest in size, the smaller among equals."""
    found: NDArray[np.int64] = lags[np.abs(values[lags]).argmax(axis=0)]
    return found


def _largest_cells(sizes: Floats, count: int) -> list[int]:
    """Indices of the ``count`` largest of ``sizes`` (n,), largest first, smaller indices first among equals."""
    if count < len(sizes):  # sorting all H² of them would take half a second at H = 2,048
        least = np.partition(sizes, len(sizes) - count - 1)[len(sizes) - count - 1]
        cells = np.flatnonzero(sizes >= least)
    else:
        cells = np.arange(len(sizes))
    return [int(cell) for cell in cells[np.argsort(-sizes[cells], kind="stable")[:count]]]
