"""``construct conjunctions``: a network grown from conjunctions of the byte just read and the state before."""

from dataclasses import replace
from typing import Any

import numpy as np

from umrnn.construct.readout.features import StateFeatures
from umrnn.construct.register.carrier import Carrier
from umrnn.construct.spectral import GAIN
from umrnn.construct.state.growth import Growth, grow
from umrnn.construct.state.linear import linear_state
from umrnn.construct.state.notes import conjunction_rows
from umrnn.construct.study.first_part import Constructed, built_and_scored, constructed_provenance, window_offsets
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null, Split
from umrnn.progress import SILENT, Progress, Work
from umrnn.result import Table
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.counts import offset_counts

__all__ = ["BASES", "conjunctions", "grown_network"]

BASES = ("spectral", "register")
_REGISTER_BITS = 8


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
) -> Constructed:
    """A network grown from conjunctions: each neuron is open for some bytes, and then passes on a view of the past.

    To a linear state or a shift register, round by round, the neurons are added that explain most of what the read-out
    so far leaves unexplained (see :func:`umrnn.construct.state.growth.grow`). Nothing is back-propagated.

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

    def build(text: Corpus) -> tuple[Elman, StateFeatures, Growth]:
        return grown_network(text, hidden, **how, threads=threads, progress=progress)

    model, rows, growth, boundary = built_and_scored("conjunctions", corpus, build, split, null, seed, passes, progress)
    began = hidden - sum(len(one.conjunctions) for one in growth.rounds)
    table = Table.of(
        ("round", "neurons", "bpc_before", "gain_foreseen"),
        ((i, one.hidden, one.bpc, float(one.gain)) for i, one in enumerate(growth.rounds, start=1)),
    )
    return Constructed(
        model=model,
        rows=(rows[0], replace(rows[1], detail=f"{hidden - began} on {began} {base} neurons")),
        facts={"base_neurons": began, "grown_neurons": hidden - began, "rounds": len(growth.rounds)},
        notes={"rounds": table, "neurons": conjunction_rows(growth, corpus.slice(0, boundary))},
        provenance=constructed_provenance(corpus, boundary, {"hidden": hidden, **how}, null, seed, threads, model),
    )


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
) -> tuple[Elman, StateFeatures, Growth]:
    """Count, write the carrier to begin with, grow it, run it, read it out."""
    if base not in BASES:
        raise InputError(f"base must be one of {', '.join(BASES)}, got {base}")
    first = min(40, max(1, hidden // 3)) if base_neurons is None else base_neurons
    if base == "spectral":
        counts = offset_counts(text, window_offsets(text, 6, 4), work=Work(threads, progress))
        directions = 4 * (int(np.count_nonzero(counts.table(0).diagonal())) - 1)
        start = linear_state(counts, min(first, directions) if base_neurons is None else first).elman(GAIN)
    else:
        groups = max(1, first // _REGISTER_BITS)
        carrier = Carrier.of("random", _REGISTER_BITS, groups, seed=seed)
        start = carrier.elman(np.zeros((ALPHABET, carrier.hidden)), np.zeros(ALPHABET))
    growth = grow(start, text, hidden, rounds=rounds, window=window, seed=seed, threads=threads, progress=progress)
    carried = StateFeatures(growth.model, text, threads=threads)
    weights = carried.read_out(growth.read_out, passes=passes, seed=seed, progress=progress)
    return carried.network(weights), carried, growth
