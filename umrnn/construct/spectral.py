"""``construct spectral``: a network whose state is the best linear summary of the past, from pair counts alone."""

from dataclasses import replace
from typing import Any

import numpy as np

from umrnn.construct.readout.features import StateFeatures
from umrnn.construct.state.linear import LinearState, linear_state
from umrnn.construct.state.notes import component_rows
from umrnn.construct.study.first_part import Constructed, built_and_scored, constructed_provenance, window_offsets
from umrnn.corpus import Corpus
from umrnn.nulls import Null, Split
from umrnn.progress import SILENT, Progress, Work
from umrnn.rnn.weights import Elman
from umrnn.um.counts import offset_counts

__all__ = ["GAIN", "spectral", "spectral_network"]

GAIN = 2.0  # of a linear state: its neurons saturate where a rare byte throws it far, which costs nothing


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
) -> Constructed:
    """A network whose state is the best linear summary of the last bytes for the next ones, from pair counts alone.

    Past–past and past–future covariances of one-hot bytes are pair counts; their canonical correlation gives H
    directions, the shift of the window the weights that carry them, see
    :func:`umrnn.construct.state.linear.linear_state`. The read-out is fitted in a few passes. Nothing is
    back-propagated.

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

    def build(text: Corpus) -> tuple[Elman, StateFeatures, LinearState]:
        return spectral_network(text, hidden, **how, threads=threads, progress=progress)

    model, rows, state, boundary = built_and_scored("spectral", corpus, build, split, null, seed, passes, progress)
    facts = {
        "largest_correlation": float(state.correlations[0]),
        "least_correlation": float(state.correlations[-1]),
        "variance_kept": state.kept,
        "spectral_radius": float(np.abs(np.linalg.eigvals(state.F)).max()),
        "condition_number": state.condition,
    }
    return Constructed(
        model=model,
        rows=(rows[0], replace(rows[1], detail=f"{hidden} neurons, {past} bytes before, {future} after")),
        facts=facts,
        notes={"components": component_rows(state)},
        provenance=constructed_provenance(corpus, boundary, {"hidden": hidden, **how}, null, seed, threads, model),
    )


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
) -> tuple[Elman, StateFeatures, LinearState]:
    """Count, find the linear state, run it, read it out."""
    counts = offset_counts(text, window_offsets(text, past, future), work=Work(threads, progress))
    state = linear_state(counts, hidden, past=past, future=future)
    carried = StateFeatures(state.elman(gain), text, threads=threads)
    return carried.network(carried.read_out(passes=passes, seed=seed, progress=progress)), carried, state
