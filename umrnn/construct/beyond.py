"""Carriers beyond the shift register, written, read out and scored: a linear state, and conjunctions grown on one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from umrnn.construct.carried import Carried, log_shares, two_scores
from umrnn.construct.carrier import Carrier
from umrnn.construct.grown import Growth, grow
from umrnn.construct.neuron_notes import component_rows, conjunction_rows
from umrnn.construct.score import Row, as_table
from umrnn.construct.spectral import LinearState, linear_state
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null, Split
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.counts import offset_counts

__all__ = ["BASES", "Beyond", "conjunctions", "grown_network", "spectral", "spectral_network"]

BASES = ("spectral", "register")
GAIN = 2.0  # of a linear state: its neurons saturate where a rare byte throws it far, which costs nothing
_REGISTER_BITS = 8


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Beyond(Result):
    """A network with a carrier from counts, and what it predicts.

    Parameters
    ----------
    model : the network, built from the first part alone
    rows : the bytes' shares, then the network
    facts : of the carrier, for the headline
    notes : tables that say what its neurons are
    """

    model: Elman
    rows: tuple[Row, ...]
    facts: dict[str, Any]
    notes: dict[str, Table]

    def headline(self) -> dict[str, Any]:
        """The three scores beside those of the bytes' shares, and facts about the carrier."""
        bias, row = self.rows
        return {
            "bpc": row.bpc,
            "held_out_bpc": row.held_out_bpc,
            "null_bpc": row.null_bpc,
            "unigram_bpc": bias.bpc,
            "unigram_held_out_bpc": bias.held_out_bpc,
            "hidden": self.model.hidden,
            **self.facts,
            "seconds": row.seconds,
            "bytes_read": row.bytes_read,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table; the others say what the neurons are."""
        return {"constructions": as_table(self.rows), **self.notes}


def spectral_network(
    text: Corpus,
    hidden: int,
    *,
    past: int = 6,
    future: int = 4,
    gain: float = GAIN,
    passes: int = 2,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> tuple[Elman, Carried, LinearState]:
    """Count, find the linear state, run it, read it out."""
    counts = offset_counts(text, _offsets(text, past, future), threads=threads, progress=progress)
    state = linear_state(counts, hidden, past=past, future=future)
    carried = Carried(state.elman(gain), text, threads=threads)
    return carried.network(carried.read_out(passes=passes, seed=seed, progress=progress)), carried, state


def grown_network(
    text: Corpus,
    hidden: int,
    *,
    base: str = "spectral",
    base_neurons: int | None = None,
    rounds: int = 6,
    window: int = 200_000,
    passes: int = 2,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> tuple[Elman, Carried, Growth]:
    """Count, write the carrier to begin with, grow it, run it, read it out."""
    if base not in BASES:
        raise InputError(f"base must be one of {', '.join(BASES)}, got {base}")
    first = min(40, max(1, hidden // 3)) if base_neurons is None else base_neurons
    if base == "spectral":
        counts = offset_counts(text, _offsets(text, 6, 4), threads=threads, progress=progress)
        directions = 4 * (int(np.count_nonzero(counts.table(0).diagonal())) - 1)
        start = linear_state(counts, min(first, directions) if base_neurons is None else first).elman(GAIN)
    else:
        groups = max(1, first // _REGISTER_BITS)
        carrier = Carrier.of("random", _REGISTER_BITS, groups, seed=seed)
        start = carrier.elman(np.zeros((ALPHABET, carrier.hidden)), np.zeros(ALPHABET))
    growth = grow(start, text, hidden, rounds=rounds, window=window, seed=seed, threads=threads, progress=progress)
    carried = Carried(growth.model, text, threads=threads)
    weights = carried.read_out(growth.read_out, passes=passes, seed=seed, progress=progress)
    return carried.network(weights), carried, growth


def spectral(
    corpus: Corpus,
    hidden: int = 128,
    *,
    past: int = 6,
    future: int = 4,
    gain: float = GAIN,
    passes: int = 2,
    split: Split | None = None,
    null: Null | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Beyond:
    """A network whose state is the best linear summary of the last bytes for the next ones, from pair counts alone.

    Past–past and past–future covariances of one-hot bytes are pair counts; their canonical correlation gives H
    directions, the shift of the window the weights that carry them (see :func:`umrnn.construct.spectral.linear_state`).
    The read-out is fitted in a few passes. Nothing is back-propagated.

    Parameters
    ----------
    hidden : H
    past, future : bytes of the window before and after
    gain : standard deviations of the state per unit of pre-activation; small is linear
    passes : of the read-out over the first part
    split : the first part is counted, fitted and gives ``bpc``, the rest ``held_out_bpc``; halves unless said otherwise
    null : shuffles of the targets; one unless said otherwise

    Raises
    ------
    InputError
        If the first part has fewer bytes than the window, or fewer directions than H.

    Examples
    --------
    >>> found = spectral(Corpus.siteinfo(), 16, null=Null(0)).headline()
    >>> found["bpc"] < found["unigram_bpc"]
    True
    """
    how: dict[str, Any] = {"past": past, "future": future, "gain": gain, "passes": passes, "seed": seed}

    def build(text: Corpus) -> tuple[Elman, Carried, LinearState]:
        return spectral_network(text, hidden, **how, threads=threads, progress=progress)

    model, rows, state, boundary = _scored("spectral", corpus, build, split, null, seed, passes, progress)
    facts = {
        "largest_correlation": float(state.correlations[0]),
        "least_correlation": float(state.correlations[-1]),
        "variance_kept": state.kept,
        "spectral_radius": float(np.abs(np.linalg.eigvals(state.F)).max()),
        "condition_number": state.condition,
    }
    return Beyond(
        model=model,
        rows=(rows[0], replace(rows[1], detail=f"{hidden} neurons, {past} bytes before, {future} after")),
        facts=facts,
        notes={"components": component_rows(state)},
        provenance=_provenance(corpus, boundary, {"hidden": hidden, **how}, null, seed, threads, model),
    )


def conjunctions(
    corpus: Corpus,
    hidden: int = 128,
    *,
    base: str = "spectral",
    base_neurons: int | None = None,
    rounds: int = 6,
    window: int = 200_000,
    passes: int = 2,
    split: Split | None = None,
    null: Null | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Beyond:
    """A network grown from conjunctions: each neuron is open for some bytes, and then passes on a view of the past.

    To a linear state or a shift register, round by round, the neurons are added that explain most of what the read-out
    so far leaves unexplained (see :func:`umrnn.construct.grown.grow`). Nothing is back-propagated.

    Parameters
    ----------
    hidden : H in the end
    base : ``spectral`` or ``register``, what the growth begins with
    base_neurons : of it; 40, of small networks a third
    rounds, window : of growth, and positions of the text that one round looks at
    split, null, passes : as in :func:`spectral`

    Raises
    ------
    InputError
        If the first part is too short, or an argument is out of range.

    Examples
    --------
    >>> found = conjunctions(Corpus.siteinfo(), 24, rounds=2, null=Null(0)).headline()
    >>> found["bpc"] < found["unigram_bpc"]
    True
    """
    how: dict[str, Any] = {"base": base, "base_neurons": base_neurons, "rounds": rounds, "window": window}
    how |= {"passes": passes, "seed": seed}

    def build(text: Corpus) -> tuple[Elman, Carried, Growth]:
        return grown_network(text, hidden, **how, threads=threads, progress=progress)

    model, rows, growth, boundary = _scored("conjunctions", corpus, build, split, null, seed, passes, progress)
    began = hidden - sum(len(one.conjunctions) for one in growth.rounds)
    table = Table.of(
        ("round", "neurons", "bpc_before", "gain_foreseen"),
        ((i, one.hidden, one.bpc, float(one.gain)) for i, one in enumerate(growth.rounds, start=1)),
    )
    return Beyond(
        model=model,
        rows=(rows[0], replace(rows[1], detail=f"{hidden - began} on {began} {base} neurons")),
        facts={"base_neurons": began, "grown_neurons": hidden - began, "rounds": len(growth.rounds)},
        notes={"rounds": table, "neurons": conjunction_rows(growth, corpus.slice(0, boundary))},
        provenance=_provenance(corpus, boundary, {"hidden": hidden, **how}, null, seed, threads, model),
    )


def _scored(
    name: str,
    corpus: Corpus,
    build: Callable[[Corpus], tuple[Elman, Carried, Any]],
    split: Split | None,
    null: Null | None,
    seed: int,
    passes: int,
    progress: Progress,
) -> tuple[Elman, tuple[Row, Row], Any, int]:
    """Build from the first part, score both; the rows of the bytes' shares and of the network."""
    boundary = (split or Split()).boundary(len(corpus))
    if boundary < 3:
        raise InputError(f"the first part must hold at least three bytes, got {boundary} of {len(corpus)}")
    text = corpus.slice(0, boundary)
    began = time.perf_counter()
    model, carried, found = build(text)
    seconds = time.perf_counter() - began
    bpc, held_out = two_scores(model, corpus, boundary, progress=progress)
    null_bpc = carried.null_bpc(null or Null(1, seed), passes=passes, progress=progress)
    bits = -log_shares(text) / np.log(2)
    shares = Row(
        "unigram",
        "smoothed shares",
        float(bits[text.data[1:]].mean()),
        float(bits[corpus.data[boundary:]].mean()),
        bytes_read=boundary,
    )
    row = Row(name, "", bpc, held_out, null_bpc, seconds, boundary)
    return model, (shares, row), found, boundary


def _offsets(text: Corpus, past: int, future: int) -> range:
    if len(text) <= past + future:
        raise InputError(
            f"the first part must be longer than the window of {past + future} bytes, got {len(text)}",
            hint="name a longer corpus",
        )
    return range(past + future + 1)


def _provenance(
    corpus: Corpus,
    boundary: int,
    parameters: dict[str, Any],
    null: Null | None,
    seed: int,
    threads: int | None,
    model: Elman,
) -> dict[str, Any]:
    shuffles = 1 if null is None else null.permutations
    stated = parameters | {"held_out_from": corpus.start + boundary, "permutations": shuffles}
    return provenance(corpus, parameters=stated, seed=seed, threads=threads, model=model.facts())
