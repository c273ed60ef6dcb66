"""Weights: how large they are, what they connect, and how much of their structure a random matrix would have too."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, byte_counts, reads_text
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["ArrayFigures", "ByteWeights", "Connection", "NeuronWeights", "WeightReading", "read_weights"]

_ABSENT = 0.01  # a weight this near 0 has not been trained
_FAN = 0.1  # the least weight that counts as a connection


@dataclass(frozen=True)
class ArrayFigures:
    """One array of the network; figures of a matrix beside those of Gaussian numbers of equal Frobenius norm."""

    array: str
    mean_abs_weight: float
    max_abs_weight: float
    frobenius_norm: float
    small_share: float
    largest_singular_value: float | None
    null_largest_singular_value: float | None
    spectral_radius: float | None
    null_spectral_radius: float | None


@dataclass(frozen=True)
class ByteWeights:
    """Norms of a byte's input column and read-out row."""

    byte: bytes
    count: int
    in_norm: float
    out_norm: float
    output_bias: float


@dataclass(frozen=True)
class Connection:
    """A recurrent weight: W_h[target, source], from ``source`` at t - 1 to ``target`` at t."""

    source: int
    target: int
    weight: float


@dataclass(frozen=True)
class NeuronWeights:
    """What leads into and out of one neuron."""

    neuron: int
    input_norm: float
    recurrent_in_norm: float
    recurrent_out_norm: float
    output_norm: float
    bias: float
    self_weight: float
    fan_in: int
    fan_out: int
    raised_by: tuple[bytes, ...]
    lowered_by: tuple[bytes, ...]
    predicts: tuple[bytes, ...]
    predicts_against: tuple[bytes, ...]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WeightReading(Result):
    """Norms, connections, singular values and eigenvalues of a network.

    Parameters
    ----------
    arrays : a record per array
    bytes : a record per byte of the corpus, largest input norm first
    unseen_norms : mean norms of the input columns and the read-out rows of bytes not in the corpus; None if all are
    connections : the largest recurrent weights
    rows : a record per neuron, row j for neuron j
    """

    arrays: tuple[ArrayFigures, ...]
    bytes: tuple[ByteWeights, ...]
    unseen_norms: tuple[float, float] | None
    connections: tuple[Connection, ...]
    rows: tuple[NeuronWeights, ...]

    def headline(self) -> dict[str, Any]:
        """The byte of the largest input column beside unseen bytes, the largest connection, the sizes of W_h."""
        W_h = next(row for row in self.arrays if row.array == "W_h")
        W_x = next(row for row in self.arrays if row.array == "W_x")
        top = self.connections[0]
        return {
            "top_byte": self.bytes[0].byte,
            "top_in_norm": self.bytes[0].in_norm,
            "unseen_in_norm": self.unseen_norms[0] if self.unseen_norms else None,
            "top_source": top.source,
            "top_target": top.target,
            "top_weight": top.weight,
            "spectral_radius": W_h.spectral_radius,
            "null_spectral_radius": W_h.null_spectral_radius,
            "largest_singular_value": W_h.largest_singular_value,
            "null_largest_singular_value": W_h.null_largest_singular_value,
            "small_share_W_x": W_x.small_share,
        }

    def tables(self) -> dict[str, Table]:
        """``bytes``, ``connections``, ``neurons`` and ``arrays``."""
        return {
            "bytes": Table.of_records(self.bytes, ByteWeights),
            "connections": Table.of_records(self.connections, Connection),
            "neurons": Table.of_records(self.rows, NeuronWeights),
            "arrays": Table.of_records(self.arrays, ArrayFigures),
        }


@reads_text
def read_weights(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    top: int = 30,
    strongest: int = 3,
    work: Work = Work(),
) -> WeightReading:
    """Norms of all columns and rows, the largest recurrent weights, and how much each matrix stretches.

    Norms are Euclidean. Beside the largest singular value stands that of an m by n Gaussian matrix of the same
    Frobenius norm F, F (1/sqrt m + 1/sqrt n), and beside the spectral radius F / sqrt H: both the limits for large
    matrices. The corpus says only how often each byte occurs: columns of bytes that never do show the untrained norm.

    Parameters
    ----------
    top : recurrent weights to list, at least 1
    strongest : bytes named on each side of a neuron, at least 1; bytes of the corpus only

    Raises
    ------
    InputError
        If ``top`` or ``strongest`` is below 1, or ``strongest`` above 256.

    Examples
    --------
    >>> read_weights(Elman.zeros(hidden=2), Corpus.siteinfo()).headline()["spectral_radius"]
    0.0
    """
    top, strongest = integer("top", top, 1), integer("strongest", strongest, 1, ALPHABET)
    network, facts, _ = opened(model)
    counts = byte_counts(corpus.data)
    wide = {name: array.astype(np.float64) for name, array in network.arrays().items()}
    work.progress.start("sizes of the weights", len(wide), "arrays")
    figures = []
    for name, array in wide.items():
        with one_thread():
            figures.append(_array(name, array))
        work.progress.advance(1)
    work.progress.finish()
    seen, unseen, per_byte = np.flatnonzero(counts), np.flatnonzero(counts == 0), _norms(wide)
    order = sorted(seen.tolist(), key=lambda byte: (-per_byte[0, byte], byte))
    settings = {"top": top, "strongest": strongest}
    return WeightReading(
        arrays=tuple(figures),
        bytes=tuple(
            ByteWeights(bytes([x]), int(counts[x]), float(per_byte[0, x]), float(per_byte[1, x]), float(wide["b_y"][x]))
            for x in order
        ),
        unseen_norms=tuple(per_byte[:, unseen].mean(axis=1).tolist()) if len(unseen) else None,
        connections=_connections(wide["W_h"], top),
        rows=tuple(_neuron(j, wide, seen, strongest) for j in range(network.hidden)),
        provenance=provenance(corpus, parameters=settings, threads=work.threads, model=facts),
    )


def _norms(wide: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Norm of each byte's input column and of its read-out row, shape (2, V)."""
    return np.stack([np.linalg.norm(wide["W_x"], axis=0), np.linalg.norm(wide["W_y"], axis=1)])


def _array(name: str, array: NDArray[np.float64]) -> ArrayFigures:
    size, norm = np.abs(array), float(np.linalg.norm(array))
    sizes: list[float | None] = [None] * 4
    if array.ndim == 2:
        rows, columns = array.shape
        sizes[:2] = [float(np.linalg.norm(array, 2)), norm * (rows**-0.5 + columns**-0.5)]
        if name == "W_h":
            sizes[2:] = [float(np.abs(np.linalg.eigvals(array)).max()), norm * rows**-0.5]
    return ArrayFigures(name, float(size.mean()), float(size.max()), norm, float((size < _ABSENT).mean()), *sizes)


def _connections(W_h: NDArray[np.float64], top: int) -> tuple[Connection, ...]:
    flat = np.argsort(-np.abs(W_h), axis=None, kind="stable")[:top]
    targets, sources = np.unravel_index(flat, W_h.shape)
    return tuple(Connection(int(j), int(i), float(W_h[i, j])) for i, j in zip(targets, sources))


def _neuron(j: int, wide: dict[str, NDArray[np.float64]], seen: NDArray[np.int64], strongest: int) -> NeuronWeights:
    W_x, W_h, W_y = wide["W_x"], wide["W_h"], wide["W_y"]

    def named(weights: NDArray[np.float64]) -> tuple[bytes, ...]:
        """The bytes of the corpus with the largest positive ``weights``."""
        order = seen[np.argsort(-weights[seen], kind="stable")][:strongest]
        return tuple(bytes([x]) for x in order.tolist() if weights[x] > 0)

    norm = np.linalg.norm
    return NeuronWeights(
        neuron=j,
        input_norm=float(norm(W_x[j])),
        recurrent_in_norm=float(norm(W_h[j])),
        recurrent_out_norm=float(norm(W_h[:, j])),
        output_norm=float(norm(W_y[:, j])),
        bias=float(wide["b_h"][j]),
        self_weight=float(W_h[j, j]),
        fan_in=int((np.abs(W_h[j]) > _FAN).sum()),
        fan_out=int((np.abs(W_h[:, j]) > _FAN).sum()),
        raised_by=named(W_x[j]),
        lowered_by=named(-W_x[j]),
        predicts=named(W_y[:, j]),
        predicts_against=named(-W_y[:, j]),
    )
