"""Singular values: of the table of byte pairs and of the three weight matrices, beside those of chance."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.corpus import Corpus, reads_text
from umrnn.decomposition import Decomposition, centred, decompose, log_pair_table, singular_values
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.blas import one_thread
from umrnn.rnn.model_file import ModelFile, opened
from umrnn.rnn.score import check_predicts
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.counts import offset_counts

__all__ = ["MATRICES", "Component", "RankError", "Singular", "Support", "svd"]

MATRICES = ("bigram", "W_x", "W_h", "W_y")
_DRAWS = 19  # the fewest of which one can be exceeded at p = .05
_RANKS = tuple(2**i for i in range(7))
_SIGNIFICANT = 0.05

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Component:
    """One component; source is what the matrix reads (bytes or neurons), target what it writes."""

    matrix: str
    component: int
    singular_value: float
    share: float
    cumulative_share: float
    null_singular_value: float | None
    p_value: float | None
    source_high: tuple[Any, ...]
    source_low: tuple[Any, ...]
    target_high: tuple[Any, ...]
    target_low: tuple[Any, ...]


@dataclass(frozen=True)
class RankError:
    """Mean square of what the first ``rank`` components leave of each cell."""

    matrix: str
    rank: int
    mse: float
    null_mse: float | None
    centred_mse: float


@dataclass(frozen=True)
class Support:
    """What a centred component speaks for: events whose largest contribution is its own."""

    matrix: str
    component: int
    events: int
    positions: int
    log_support_bits: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Singular(Result):
    """Singular value decompositions.

    Parameters
    ----------
    components, centred_components : of each matrix in turn, largest first; of the matrix as it is, and less its means
    errors : a record per matrix and rank
    supports : a record per component of each matrix that has bytes on a side
    above_null : by matrix, how many components of either kind exceed chance; None with fewer than 19 draws
    """

    components: tuple[Component, ...]
    centred_components: tuple[Component, ...]
    errors: tuple[RankError, ...]
    supports: tuple[Support, ...]
    above_null: dict[str, tuple[int | None, int | None]]

    def headline(self) -> dict[str, Any]:
        """Of each matrix: the first singular value and share, the centred share, components above chance."""
        found: dict[str, Any] = {}
        for name, (plain, middle) in self.above_null.items():
            first = next(row for row in self.components if row.matrix == name)
            centre = next(row for row in self.centred_components if row.matrix == name)
            found |= {
                f"{name}_singular_value": first.singular_value,
                f"{name}_first_share": first.share,
                f"{name}_first_share_centred": centre.share,
                f"{name}_above_null": plain,
                f"{name}_above_null_centred": middle,
            }
        return found

    def tables(self) -> dict[str, Table]:
        """``components``, ``centred_components``, ``errors`` by rank, and ``supports``."""
        return {
            "components": Table.of_records(self.components, Component),
            "centred_components": Table.of_records(self.centred_components, Component),
            "errors": Table.of_records(self.errors, RankError),
            "supports": Table.of_records(self.supports, Support),
        }


@reads_text
def svd(
    model: Elman | ModelFile,
    corpus: Corpus,
    *,
    matrix: str = "all",
    components: int = 10,
    named: int = 6,
    null: Null | None = None,
    work: Work = Work(),
) -> Singular:
    """Decompose the smoothed table of byte pairs and the weight matrices of a network.

        bigram[y, x] = log2((C(x, y) + 1/2) / (C(x) + 128))        M = U S V'        share_i = S_i^2 / sum S^2

    for counts C of byte x followed by y. The first component of the table is mostly the floor of the smoothing, so
    beside each matrix stands the same less its row and column means (plus the grand mean): only what row and column do
    together is left. Signs are fixed so that the entry of U that is largest in size is positive.

    Chance: the table of the corpus in random order; for weights, Gaussian numbers of equal Frobenius norm, equally
    centred. Each singular value is compared with those of the same index (parallel analysis); ``above_null`` counts
    those with p <= .05, of which a matrix of chance has one in twenty.

    An occurring pair (a byte, for W_x and W_y) supports the listed centred component that contributes most to its cell
    (whose vector is largest there, times S); ``log_support_bits`` is the log2 of the positions of the corpus it covers.

    Parameters
    ----------
    matrix : one of ``bigram``, ``W_x``, ``W_h``, ``W_y``, or ``all``
    components : how many to list of each matrix, at least 1
    named : bytes or neurons to name at each end of a component, bytes of the corpus only
    null : draws of chance; default: 19

    Raises
    ------
    InputError
        If the corpus is a single byte, the matrix is unknown, or a number is below 1.

    Examples
    --------
    >>> round(svd(Elman.zeros(hidden=2), Corpus.siteinfo(), matrix="bigram").components[0].share, 4)
    0.9996
    """
    if matrix not in (*MATRICES, "all"):
        raise InputError(f"matrix must be all or one of {', '.join(MATRICES)}, got {matrix!r}")
    components, named = integer("components", components, 1), integer("named", named, 1, ALPHABET)
    check_predicts(corpus)
    network, facts, _ = opened(model)
    null = (null or Null(_DRAWS)).fitting(16 * (ALPHABET + 3 * network.hidden))
    chosen = MATRICES if matrix == "all" else (matrix,)
    counts = offset_counts(corpus, [1], work=work).table(1)
    parts = _readings({name: _matrix(name, network, counts) for name in chosen}, corpus, counts, null, work)
    settings = {"matrix": matrix, "components": components, "named": named, "permutations": null.permutations}
    return Singular(
        components=tuple(row for part in parts for row in part.listed(0, components, named)),
        centred_components=tuple(row for part in parts for row in part.listed(1, components, named)),
        errors=tuple(row for part in parts for row in part.errors()),
        supports=tuple(row for part in parts for row in part.supports(components)),
        above_null={part.matrix: (part.above(0), part.above(1)) for part in parts},
        provenance=provenance(corpus, parameters=settings, seed=null.seed, threads=work.threads, model=facts),
    )


def _readings(
    wide: Mapping[str, Matrix], corpus: Corpus, counts: NDArray[np.int64], null: Null, work: Work
) -> list["_Reading"]:
    """Every matrix decomposed, beside as many by chance."""
    draws = [partial(_draw, name, wide[name], corpus, null, n) for name in wide for n in range(null.permutations)]
    jobs: list[Callable[[], Any]] = [*(partial(_both, matrix) for matrix in wide.values()), *draws]
    found = []
    work.progress.start("singular values", len(jobs), "matrices")
    with one_thread(), pool(work.threads) as executor:
        for pair in map_ordered(lambda job: job(), jobs, executor):
            found.append(pair)
            work.progress.advance(1)
    work.progress.finish()
    seen, drawn = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1)), found[len(wide) :]
    return [
        _reading(name, pair, drawn[i * null.permutations : (i + 1) * null.permutations], counts, seen)
        for i, (name, pair) in enumerate(zip(wide, found))
    ]


def _matrix(name: str, model: Elman, counts: NDArray[np.int64]) -> Matrix:
    found: Matrix = log_pair_table(counts) if name == "bigram" else getattr(model, name).astype(np.float64)
    return found


def _both(matrix: Matrix) -> tuple[Decomposition, Decomposition]:
    """Of the matrix as it is, and centred."""
    return decompose(matrix), decompose(centred(matrix), float(np.linalg.norm(matrix)))


def _draw(name: str, matrix: Matrix, corpus: Corpus, null: Null, number: int) -> tuple[Matrix, Matrix]:
    """Singular values of a matrix by chance, as it is and centred."""
    if name == "bigram":
        shuffled = Corpus.from_bytes(null.shuffled(corpus.data, number))
        plain = log_pair_table(offset_counts(shuffled, [1], work=Work(threads=1)).table(1))
        return singular_values(plain), singular_values(centred(plain), float(np.linalg.norm(plain)))
    noise = null.generator(MATRICES.index(name), number).standard_normal(matrix.shape)
    return _scaled(noise, matrix), _scaled(centred(noise), centred(matrix))


def _scaled(noise: Matrix, like: Matrix) -> Matrix:
    """Singular values of ``noise``, with the sum of squares that ``like`` has."""
    size = float(np.linalg.norm(noise))
    return singular_values(noise) * (float(np.linalg.norm(like)) / size if size else 0.0)


@dataclass(frozen=True)
class _Reading:
    """One matrix: both decompositions, and the singular values of every draw of each, shape (draws, r)."""

    matrix: str
    found: tuple[Decomposition, Decomposition]
    drawn: tuple[Matrix, Matrix]
    counts: NDArray[np.int64]
    seen: NDArray[np.int64]

    def p_values(self, kind: int) -> list[float | None]:
        """Of each component; None without draws."""
        values, drawn = self.found[kind].S.tolist(), self.drawn[kind]
        return [Null.p_value(value, drawn[:, i].tolist()) if len(drawn) else None for i, value in enumerate(values)]

    def above(self, kind: int) -> int | None:
        """How many components exceed chance."""
        if len(self.drawn[kind]) < _DRAWS:
            return None
        return sum(p is not None and p <= _SIGNIFICANT for p in self.p_values(kind))

    def listed(self, kind: int, count: int, named: int) -> list[Component]:
        """Records of the first ``count`` components."""
        parts, p_values = self.found[kind], self.p_values(kind)
        mean = self.drawn[kind].mean(axis=0).tolist() if len(self.drawn[kind]) else [None] * len(parts.S)
        shares = parts.shares()
        return [
            Component(
                self.matrix,
                i,
                float(parts.S[i]),
                float(shares[i]),
                min(1.0, float(shares[: i + 1].sum())) if parts.S[0] else math.nan,
                mean[i],
                p_values[i],
                *self._ends(parts.V[:, i], self.matrix in ("bigram", "W_x"), named),
                *self._ends(parts.U[:, i], self.matrix in ("bigram", "W_y"), named),
            )
            for i in range(min(count, len(parts.S)))
        ]

    def _ends(self, vector: Matrix, is_bytes: bool, named: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Largest first, smallest first; equal entries by index."""
        among = self.seen if is_bytes else np.arange(len(vector))
        ends = []
        for signed in (-vector[among], vector[among]):
            order = among[np.argsort(signed, kind="stable")][:named].tolist()
            ends.append(tuple(bytes([x]) for x in order) if is_bytes else tuple(order))
        return ends[0], ends[1]

    def errors(self) -> list[RankError]:
        """For ranks 1, 2, 4 … 64 below the full one, and that."""
        full = len(self.found[0].S)
        by_chance = [float(np.square(row[r:]).sum()) for row in self.drawn[0] for r in range(full + 1)]
        null = np.array(by_chance).reshape(-1, full + 1) / self.found[0].size
        return [
            RankError(
                self.matrix,
                rank,
                self.found[0].error(rank),
                Null.mean(null[:, rank]),
                self.found[1].error(rank),
            )
            for rank in [*(r for r in _RANKS if r < full), full]
        ]

    def supports(self, count: int) -> list[Support]:
        """Events and positions that each of the first ``count`` centred components speaks for."""
        if self.matrix == "W_h":
            return []
        parts = self.found[1]
        reach = min(count, len(parts.S))
        U, V, S = parts.U[:, :reach], parts.V[:, :reach], parts.S[:reach]
        if self.matrix == "bigram":
            before, after = np.nonzero(self.counts)
            strength, positions = np.abs(U[after] * V[before] * S), self.counts[before, after]
        else:
            side = V if self.matrix == "W_x" else U
            into = self.counts.sum(axis=1 if self.matrix == "W_x" else 0)
            strength, positions = np.abs(side * S)[into > 0], into[into > 0]
        owner = strength.argmax(axis=1)
        rows = []
        for i in range(reach):
            covered = int(positions[owner == i].sum())
            bits = math.log2(covered) if covered else math.nan
            rows.append(Support(self.matrix, i, int((owner == i).sum()), covered, bits))
        return rows


def _reading(
    name: str,
    pair: tuple[Decomposition, Decomposition],
    drawn: Sequence[tuple[Matrix, Matrix]],
    counts: NDArray[np.int64],
    seen: NDArray[np.int64],
) -> _Reading:
    rank = len(pair[0].S)
    plain, middle = (np.array([draw[kind] for draw in drawn]).reshape(-1, rank) for kind in (0, 1))
    return _Reading(name, pair, (plain, middle), counts, seen)
