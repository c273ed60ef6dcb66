"""``construct shift-register``: a network that holds the codes of the last bytes, read out without backpropagation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.construct.register import (
    DESCENT_BYTES,
    RIDGE,
    Carrier,
    ClosedForms,
    Descents,
    Encoding,
    RegisterFit,
    sign_rows,
)
from umrnn.construct.register.codes import code_groups
from umrnn.construct.study import Entry, Procedure, Row, Study, as_table, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.nulls import Check, Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.weights import Elman

__all__ = ["READOUTS", "ShiftRegister", "shift_register"]

READOUTS = ("log-ratio", "fourier", "pinv", "gradient", "newton")


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ShiftRegister(Result):
    """A network written from counts, and what it predicts.

    Parameters
    ----------
    model : the network that the source's procedure fits to all of the corpus; ``rows[-1].published_bpc`` is its loss
    rows : order 0, then the network
    encoding : what its states say about the bytes it has read
    facts : scale, alpha, condition number …, of the published read-out, where it has them
    signs : rows as :func:`umrnn.construct.register.sign_rows` has them
    shared : rows of a code that several bytes of the corpus share, and these bytes
    """

    model: Elman
    rows: tuple[Row, ...]
    encoding: Encoding
    distinct_codes: int
    facts: Mapping[str, float]
    signs: tuple[tuple[Any, ...], ...]
    shared: tuple[tuple[Any, ...], ...]

    def headline(self) -> dict[str, Any]:
        """The published score with its null, that on bytes held out, order 0, and what the read-out was tuned to."""
        order_0, row = self.rows
        return {
            "bpc": row.published_bpc,
            "held_out_bpc": row.held_out_bpc,
            "null_bpc": row.published_null_bpc,
            "order_0_bpc": order_0.published_bpc,
            "order_0_held_out_bpc": order_0.held_out_bpc,
            "hidden": self.model.hidden,
            "distinct_codes": self.distinct_codes,
            "encoding_accuracy": self.encoding.accuracy,
            "bytes_accuracy": self.encoding.bytes_accuracy,
            "encoding_positions": self.encoding.positions,
            **self.facts,
            "seconds": row.seconds,
            "bytes_read": row.bytes_read,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table; ``signs``: a row per sign; ``shared_codes``: bytes that look alike."""
        return {
            "constructions": as_table(self.rows),
            "signs": Table.of(("sign", "meaning", "bytes_plus", "share_plus"), self.signs),
            "shared_codes": Table.of(("code", "bytes"), self.shared),
        }


@reads_text
def shift_register(
    corpus: Corpus,
    carrier: Carrier | None = None,
    *,
    readout: str = "pinv",
    ridge: float | None = None,
    steps: int | None = None,
    descent_bytes: int = DESCENT_BYTES,
    check: Check = Check(null=Null(1)),
    work: Work = Work(),
) -> ShiftRegister:
    """Write a shift register for ``corpus`` and score it in-sample, held out and on shuffled targets.

    Closed forms (log-ratio, fourier, pinv) take what they need from pair counts: after counting, a corpus of any length
    costs the same. ``gradient`` and ``newton`` descend on the states of the last ``descent_bytes`` bytes.

    Parameters
    ----------
    carrier : default: 16 groups of 8 mixed signs, or as many groups as the counted text can fill
    readout : one of :data:`READOUTS`
    ridge : of pinv (default: 0.01) or of newton (default: 1e-4; held out, or where it sees a part only, the best of
        three on its last quarter)
    steps : of gradient (default: 1000) or newton (at most; default: 30)
    check : default: halves, and one shuffle

    Raises
    ------
    InputError
        If the counted text is too short for the register, or least squares are singular.

    Examples
    --------
    >>> found = shift_register(Corpus.siteinfo(), check=Check(null=Null(0))).headline()
    >>> round(found["bpc"], 4), found["distinct_codes"], found["encoding_accuracy"]
    (1.4548, 170, 1.0)
    """
    study = Study.of(corpus, check, work)
    carrier = carrier or Carrier.of(length=len(study.holdout.counted))
    fit, published = _procedures(carrier, readout, ridge, steps, descent_bytes)
    found = study.measured(Entry(f"shift register, {readout}", "", fit, published))
    network = found.published_fits[0]
    return ShiftRegister(
        model=network.elman(),
        rows=(order_0(study.holdout, published=True), found.row),
        encoding=carrier.encoding(corpus),
        distinct_codes=carrier.distinct_codes,
        facts=network.facts,
        signs=sign_rows(carrier, network.byte_counts),
        shared=_shared(carrier, network.byte_counts),
        provenance=provenance(
            corpus,
            parameters={
                **carrier.parameters(),
                "readout": readout,
                "ridge": ridge,
                "steps": steps,
                "descent_bytes": descent_bytes,
                **study.parameters(),
                "model_fitted_to": (corpus.start, corpus.stop),
            },
            seed=carrier.seed,
            threads=work.threads,
        ),
    )


def _procedures(
    carrier: Carrier, readout: str, ridge: float | None, steps: int | None, latest: int
) -> tuple[Procedure[RegisterFit], Procedure[RegisterFit]]:
    """How to fit the counted text, and how the source fits the whole: one and the same, but for Newton's ridge."""
    if ridge is not None and not 0 <= ridge < math.inf:
        raise InputError(f"ridge must be at least 0 and finite, got {ridge}")
    count: dict[str, Any] = {} if steps is None else {"steps": integer("steps", steps, 0)}
    closed, descents = ClosedForms(carrier), Descents(carrier, latest)
    found: Procedure[RegisterFit]
    match readout:
        case "log-ratio":
            found = closed.log_ratio
        case "fourier":
            found = closed.fourier
        case "pinv":
            found = partial(closed.pseudo_inverse, ridge=RIDGE if ridge is None else ridge)
        case "gradient":
            found = partial(descents.from_zero, **count)
        case "newton":
            found = partial(descents.newton, ridge=ridge, **count)
            return descents.newton_validated if ridge is None and steps is None else found, found
        case _:
            raise InputError(f"readout must be one of {', '.join(READOUTS)}, got {readout}")
    return found, found


def _shared(carrier: Carrier, counts: NDArray[np.int64]) -> tuple[tuple[Any, ...], ...]:
    found = []
    for group in code_groups(carrier.codes):
        present = [byte for byte in group if counts[byte]]
        if len(present) > 1:
            code = "".join("+" if sign > 0 else "-" for sign in carrier.codes[group[0]][:64])
            found.append((code, bytes(present)))
    return tuple(found)
