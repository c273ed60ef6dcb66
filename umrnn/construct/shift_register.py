"""``construct shift-register``: a network that holds the codes of the last bytes, read out without backpropagation."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import integer
from umrnn.construct.register.carrier import Carrier, Encoding
from umrnn.construct.register.codes import bit_names, code_groups
from umrnn.construct.register.closed_fits import DESCENT_BYTES, RIDGE, Fitted, RegisterFit
from umrnn.construct.study.register_study import Procedure, RegisterStudy
from umrnn.construct.study.row import Row, as_table
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null, Split
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.rnn.weights import Elman

__all__ = ["READ_OUTS", "ShiftRegister", "shift_register", "sign_rows"]

READ_OUTS = ("log-ratio", "fourier", "pinv", "gradient", "newton")


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ShiftRegister(Result):
    """A network written from counts, and what it predicts.

    Parameters
    ----------
    model : the network; it gets ``rows[-1].bpc`` on the corpus
    rows : the output bias alone, then the network
    encoding : what its states say about the bytes it has read
    facts : scale, alpha, condition number …, where the read-out has them
    signs : rows as :func:`sign_rows` has them
    shared : rows of a code that several bytes of the corpus share, and these bytes
    """

    model: Elman
    rows: tuple[Row, ...]
    encoding: Encoding
    distinct_codes: int
    facts: dict[str, float]
    signs: tuple[tuple[Any, ...], ...]
    shared: tuple[tuple[Any, ...], ...]

    def headline(self) -> dict[str, Any]:
        """The three scores beside that of the bytes' shares, the encoding, and what the read-out was tuned to."""
        bias, row = self.rows
        return {
            "bpc": row.bpc,
            "held_out_bpc": row.held_out_bpc,
            "null_bpc": row.null_bpc,
            "unigram_bpc": bias.bpc,
            "unigram_held_out_bpc": bias.held_out_bpc,
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


def shift_register(
    corpus: Corpus,
    *,
    hash: str = "mixed",
    bits: int | None = None,
    groups: int | None = None,
    hidden: int | None = None,
    read_out: str = "pinv",
    ridge: float | None = None,
    steps: int | None = None,
    descent_bytes: int = DESCENT_BYTES,
    split: Split | None = None,
    null: Null | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> ShiftRegister:
    """Write a shift register for ``corpus`` and score it in-sample, held out and on shuffled targets.

    Closed forms (log-ratio, fourier, pinv) take what they need from pair counts: after counting, a corpus of any length
    costs the same. ``gradient`` and ``newton`` descend on the states of the last ``descent_bytes`` bytes.

    Parameters
    ----------
    hash : one of :data:`umrnn.construct.register.codes.DESIGNS`
    bits, groups, hidden : neurons per group, groups, and their product; by default 8 and 16
    read_out : one of :data:`READ_OUTS`
    ridge : of pinv (0.01 unless said otherwise) or of newton (1e-4; held out, or where it sees a part only, the best of
        three on its last quarter)
    steps : of gradient (1000) or newton (at most 30)
    seed : of the random hash and of the shuffles

    Raises
    ------
    InputError
        If ``hidden`` is not ``groups`` x ``bits``, the corpus is too short, or least squares are singular.

    Examples
    --------
    >>> found = shift_register(Corpus.siteinfo(), null=Null(0)).headline()
    >>> round(found["bpc"], 4), found["distinct_codes"], found["encoding_accuracy"]
    (1.4548, 170, 1.0)
    """
    carrier = Carrier.of(hash, bits, groups, hidden=hidden, seed=seed)
    procedure, held_out = _procedures(read_out, ridge, steps)
    study = RegisterStudy(
        corpus,
        carrier,
        split=split,
        null=null or Null(1, seed),
        descent_bytes=descent_bytes,
        threads=threads,
        progress=progress,
    )
    bias = study.measured("unigram", lambda fit: fit.unigram)
    found = study.measured(f"shift register, {read_out}", procedure, held_out)
    design = {"hash": hash, "readout": read_out, "ridge": ridge, "steps": steps}
    return ShiftRegister(
        model=study.whole.elman(found.fitted),
        rows=(bias.row, found.row),
        encoding=carrier.encoding(corpus),
        distinct_codes=carrier.distinct_codes,
        facts=found.fitted.facts,
        signs=sign_rows(carrier, hash, study.whole.counts.byte_counts),
        shared=_shared(carrier, study.whole.counts.byte_counts),
        provenance=provenance(corpus, parameters={**design, **study.parameters()}, seed=seed, threads=threads),
    )


def _procedures(read_out: str, ridge: float | None, steps: int | None) -> tuple[Procedure, Procedure | None]:
    """How to fit the whole corpus, and a part of it where that differs."""
    if ridge is not None and not ridge >= 0:
        raise InputError(f"ridge must be at least 0, got {ridge}")
    count = None if steps is None else integer("steps", steps, 0)
    match read_out:
        case "log-ratio":
            return RegisterFit.log_ratio, None
        case "fourier":
            return RegisterFit.fourier, None
        case "pinv":
            return lambda fit: fit.pseudo_inverse(RIDGE if ridge is None else ridge), None
        case "gradient":
            return lambda fit: fit.gradient_from_zero() if count is None else fit.gradient_from_zero(steps=count), None
        case "newton":
            return _newton(ridge, count)
    raise InputError(f"readout must be one of {', '.join(READ_OUTS)}, got {read_out}")


def _newton(ridge: float | None, steps: int | None) -> tuple[Procedure, Procedure | None]:
    chosen: dict[str, Any] = {"ridge": ridge, "steps": steps}
    given = {name: value for name, value in chosen.items() if value is not None}

    def fitted(fit: RegisterFit) -> Fitted:
        return fit.newton(**given)

    return fitted, None if given else RegisterFit.newton_validated


def sign_rows(carrier: Carrier, design: str, counts: NDArray[np.int64]) -> tuple[tuple[Any, ...], ...]:
    """Of each sign its number, what it stands for, how many of the 256 bytes have +, and their share of the text."""
    plus = carrier.codes > 0
    share = counts @ plus / counts.sum()
    names = bit_names(design, carrier.bits)
    return tuple((j, name, int(plus[:, j].sum()), float(share[j])) for j, name in enumerate(names))


def _shared(carrier: Carrier, counts: NDArray[np.int64]) -> tuple[tuple[Any, ...], ...]:
    found = []
    for group in code_groups(carrier.codes):
        present = [byte for byte in group if counts[byte]]
        if len(present) > 1:
            code = "".join("+" if sign > 0 else "-" for sign in carrier.codes[group[0]][:64])
            found.append((code, bytes(present)))
    return tuple(found)
