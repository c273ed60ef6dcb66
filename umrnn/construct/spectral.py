"""``construct spectral``: a network whose state is the best linear summary of the past, from pair counts alone."""

from typing import Any

import numpy as np

from umrnn._validate import positive
from umrnn.construct.state.fit import StateReadout
from umrnn.construct.state.linear import GAIN, LinearDesign, LinearState
from umrnn.construct.state.notes import component_rows
from umrnn.construct.state.result import StateNetwork, state_provenance
from umrnn.construct.study import Entry, Study, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.progress import Work

__all__ = ["spectral"]

_LARGEST_GAIN = 1e6


@reads_text
def spectral(
    corpus: Corpus,
    hidden: int | None = None,
    *,
    past: int | None = None,
    future: int | None = None,
    gain: float = GAIN,
    passes: int = 2,
    check: Check = Check(null=Null(1)),
    work: Work = Work(),
) -> StateNetwork:
    """A network whose state is the best linear summary of the last bytes for the next ones, from pair counts alone.

    Past–past and past–future covariances of one-hot bytes are pair counts; their canonical correlation gives H
    directions, the shift of the window the weights that carry them, see
    :func:`umrnn.construct.state.linear.linear_state`. The read-out is fitted in a few passes. Nothing is
    back-propagated.

    Parameters
    ----------
    hidden : H (default: 128, or as many directions as the bytes of the counted part have)
    past, future : bytes of the window before and after (default: 6 and 4, fewer where the counted part is shorter)
    gain : standard deviations of the state per unit of pre-activation, at most 10⁶; small is linear
    passes : of the read-out over the counted part
    check : default: halves, and one shuffle; the first part is counted and fitted; the seed of the null is that of all

    Raises
    ------
    InputError
        If the counted part has fewer bytes than the window, or fewer directions than H.

    Examples
    --------
    >>> found = spectral(Corpus.siteinfo(), 16, check=Check(null=Null(0))).headline()
    >>> found["bpc"] < found["order_0_bpc"]
    True
    """
    if positive("gain", gain) > _LARGEST_GAIN:
        raise InputError(f"gain must be at most {_LARGEST_GAIN:g}, got {gain:g}")
    study, seed = Study.of(corpus, check, work), check.null.seed
    state_of = LinearDesign(hidden, past, future, gain)
    found = study.measured(Entry("spectral", "", StateReadout(state_of.written, passes=passes, seed=seed)))
    state: LinearState = found.fit.written.found
    parameters: dict[str, Any] = {"hidden": found.fit.model.hidden, "past": state.past, "future": state.future}
    parameters |= {"gain": gain, "passes": passes, "seed": seed}
    return StateNetwork(
        counted=study.holdout.counted,
        fit=found.fit,
        rows=(order_0(study.holdout), found.row),
        facts={
            "largest_correlation": float(state.correlations[0]),
            "least_correlation": float(state.correlations[-1]),
            "variance_kept": state.kept,
            "spectral_radius": float(np.abs(np.linalg.eigvals(state.F)).max()),
            "condition_number": state.condition,
        },
        notes={"components": component_rows(state)},
        provenance=state_provenance(study, found.fit, parameters, seed),
    )
