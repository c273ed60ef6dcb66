"""``construct compare``: every construction on one text in one table, beside counting and trained networks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, final

import numpy as np

from umrnn._locks import locked
from umrnn._validate import integer, positive
from umrnn.construct.offsets.counting import CountedContexts
from umrnn.construct.offsets.design import OffsetDesign
from umrnn.construct.offsets.passes import PassedCodes
from umrnn.construct.register import Carrier, ClosedForms, RegisterFit
from umrnn.construct.state.fit import StateReadout, WrittenState
from umrnn.construct.state.grown import BASES, Base, GrownState
from umrnn.construct.state.linear import LinearDesign
from umrnn.construct.study import Entry, Holdout, Lesson, ModelFit, Row, Study, as_table, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.journal import Journal
from umrnn.nulls import Check, Null, Split
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.optimise import Optimizer
from umrnn.rnn.score import bits_per_byte
from umrnn.rnn.start import Start
from umrnn.rnn.train import train
from umrnn.rnn.weights import ALPHABET

__all__ = ["Comparison", "compare"]

_ORDERS = 3  # bytes of context that counting is shown with
_BITS = 8  # of a register's codes
_OFFSETS = 8  # of the read-out without a state
_SHORTEST = 16  # bytes of a corpus: four fifths of it hold the window of a linear state
_LITTLE = 4000  # bytes that the kernels are compiled on, and tried on both ways of fitting a read-out
_EPOCHS = 1_000_000  # never reached: time ends the training
_RATES = (1e-3, 3e-4)  # of Adam: the usual one is too fast for a network of 512 neurons
_TIMES, _LONG = (1.0, 10.0), 1 << 16  # bytes below which a network has read the text often enough in the same time
_NETWORK = "network, BPTT"


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Comparison(Result):
    """Rows of all constructions, and the number of bytes that ``held_out_bpc`` is the mean over."""

    rows: tuple[Row, ...]
    targets: int

    def headline(self) -> dict[str, Any]:
        """The best construction held out, and the trained networks beside it."""
        written = [row for row in self.rows if row.construction not in (_NETWORK, "order 0", "counting")]
        best = min(written, key=lambda row: np.inf if row.held_out_bpc is None else row.held_out_bpc)
        return {
            "best_construction": f"{best.construction}, {best.detail}",
            "best_held_out_bpc": best.held_out_bpc,
            "best_seconds": best.seconds,
            "best_trained_held_out_bpc": self._best(_NETWORK),
            "best_counting_held_out_bpc": self._best("counting"),
            "held_out_targets": self.targets,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table."""
        return {"constructions": as_table(self.rows)}

    def _best(self, construction: str) -> float | None:
        found = [row.held_out_bpc for row in self.rows if row.construction == construction]
        return min((bpc for bpc in found if bpc is not None), default=None)


@reads_text
def compare(
    corpus: Corpus,
    hidden: Sequence[int] = (128,),
    *,
    times: Sequence[float] | None = None,
    check: Check = Check(Split(0.8), Null(1)),
    kept: Path | None = None,
    work: Work = Work(),
) -> Comparison:
    """Fit every construction to the first part of ``corpus`` and score it on that and on the rest.

    Parameters
    ----------
    hidden : sizes H; networks are trained at each for the time its grown network took, and at the first for longer too
    times : multiples of that time that the first size is trained for; the first of them at the other sizes (default: 1
        and 10, and 1 alone where fewer than 64 KiB are fitted, which a network reads many times in that time)
    check : default: four fifths are fitted, and one shuffle; the seed of the null is that of all but the training
    kept : file that rows are kept in as they are made, and taken from when the same comparison is made again

    Raises
    ------
    InputError
        If the first part is too short for the constructions, or ``kept`` is of another comparison, or was damaged.

    Examples
    --------
    >>> result = compare(Corpus.siteinfo(), (16,), times=(), check=Check(Split(0.8), Null(0)))
    >>> result.headline()["held_out_targets"]
    205
    """
    if len(corpus) < _SHORTEST:
        raise InputError(f"a comparison needs at least {_SHORTEST} bytes, got {len(corpus)}")
    sizes = tuple(integer("hidden", size, _BITS) for size in hidden)
    study = Study(Holdout.of(corpus, check.split), check, work, spread=False)
    usual = _TIMES if len(study.holdout.counted) >= _LONG else _TIMES[:1]
    factors = tuple(positive("every multiple of the time", factor) for factor in (usual if times is None else times))
    settings: dict[str, Any] = {"hidden": sizes, "times": factors, **study.parameters(), "seed": check.null.seed}
    lines = _lines(study, sizes, factors)
    with locked(kept):
        journal = Journal(kept, Row, {"corpus": corpus.sha256, **settings}, [line.construction for line in lines])
        rest = lines[len(journal.rows) :]
        if rest:
            _compile(study, check.split, {line.kind for line in rest})
        for line in rest:
            journal.add(line.make(journal.rows))
    return Comparison(
        rows=tuple(journal.rows),
        targets=len(corpus) - study.holdout.first,
        provenance=provenance(corpus, parameters=settings, seed=check.null.seed, threads=work.threads),
    )


@dataclass(frozen=True)
class _Line:
    """A row to be made: from those before it, since a network is trained for the time that another row took."""

    construction: str
    kind: str
    make: Callable[[Sequence[Row]], Row]


def _lines(study: Study, sizes: Sequence[int], times: Sequence[float]) -> list[_Line]:
    """What makes the rows, in their order."""
    lines = [_Line("order 0", "order 0", lambda _: order_0(study.holdout))]
    lines += [_line(study, "counting", "counting", partial(_counting, order)) for order in range(1, _ORDERS + 1)]
    for size in sizes:
        lines += _constructions(study, size)
        grown = len(lines) - 1
        for factor in times if size == sizes[0] else times[:1]:
            for rate in _RATES:
                make = partial(_trained, study, size, factor, rate, grown)
                lines.append(_Line(_NETWORK, _NETWORK, make))
    return lines


def _constructions(study: Study, size: int) -> list[_Line]:
    """The constructions of ``size`` neurons; conjunctions on a linear state come last."""
    found = [_line(study, "shift register", "log-ratio", partial(_log_ratio, size))]
    for design in ("mixed", "semantic", "hybrid"):
        found.append(_line(study, "shift register", design, partial(_least_squares, size, design)))
    found.append(_line(study, "shift register", "passes", partial(_register_passes, size)))
    found.append(_line(study, "multi-offset", "multi-offset", partial(_offsets, size)))
    found.append(_line(study, "spectral", "spectral", partial(_spectral, size)))
    for base in BASES[::-1]:
        found.append(_line(study, "conjunctions", f"on {base}", partial(_grown, size, base)))
    return found


def _line(study: Study, construction: str, kind: str, entry: Callable[[Study], Entry[Any]]) -> _Line:
    """One that is made of an entry; what this needs of the text is found when it is its turn."""
    return _Line(construction, kind, lambda _: study.measured(entry(study)).row)


def _counting(order: int, study: Study) -> Entry[Any]:
    places = {study.holdout.counted: tuple(range(1, order + 1))}
    return Entry("counting", "", CountedContexts(places, "last byte" if order == 1 else f"last {order} bytes"))


def _log_ratio(size: int, study: Study) -> Entry[Any]:
    carrier = _carrier("mixed", size, study)
    return Entry("shift register", f"H {carrier.hidden}, mixed, log-ratio", ClosedForms(carrier).log_ratio)


def _least_squares(size: int, design: str, study: Study) -> Entry[RegisterFit]:
    carrier = _carrier(design, size, study)
    return Entry("shift register", f"H {carrier.hidden}, {design}, pinv", ClosedForms(carrier).pseudo_inverse)


def _register_passes(size: int, study: Study) -> Entry[Any]:
    """The same register, its read-out fitted in passes."""
    carrier = _carrier("mixed", size, study)
    dynamics = carrier.elman(np.zeros((ALPHABET, carrier.hidden)), np.zeros(ALPHABET))
    written = WrittenState(dynamics, None, f"H {carrier.hidden}, mixed, softmax in two passes", carrier)
    return Entry("shift register", "", StateReadout(lambda text, work: written, seed=study.null.seed))


def _carrier(design: str, size: int, study: Study) -> Carrier:
    """A register of about ``size`` neurons, no longer than the counted text can fill."""
    bits = 2 * _BITS if design == "hybrid" else _BITS
    most = Carrier.of(design, bits, length=len(study.holdout.counted)).groups
    groups = max(1, size // bits)
    return Carrier.of(design, bits, groups if most * bits >= size else most, seed=study.null.seed)


def _offsets(size: int, study: Study) -> Entry[Any]:
    """Random codes at greedily chosen offsets: no state, no network."""
    began, text = time.perf_counter(), study.holdout.counted
    places = {text: OffsetDesign(greedy=_OFFSETS, features=size).on(text)}
    fit = PassedCodes(size, places, time.perf_counter() - began, study.null.seed)
    return Entry("multi-offset", f"H {size}", fit)


def _spectral(size: int, study: Study) -> Entry[Any]:
    """A linear state, of fewer neurons where the bytes have fewer directions."""

    def write(text: Corpus, work: Work) -> WrittenState:
        written = LinearDesign(usual=size).written(text, work)
        return replace(written, detail=f"H {written.carrier.hidden}")

    return Entry("spectral", "", StateReadout(write, seed=study.null.seed))


def _grown(size: int, base: str, study: Study) -> Entry[Any]:
    """Conjunctions grown on a base."""

    def write(text: Corpus, work: Work) -> WrittenState:
        written = GrownState(size, Base(base), seed=study.null.seed).written(text, work)
        return replace(written, detail=f"H {size}, on {base}")

    return Entry("conjunctions", "", StateReadout(write, seed=study.null.seed))


def _trained(study: Study, size: int, factor: float, rate: float, grown: int, rows: Sequence[Row]) -> Row:
    """A network trained with Adam, for a multiple of the time that another row took."""
    seconds = (rows[grown].seconds or 0.0) * factor
    name = "the same time" if factor == 1 else f"{factor:g} times the time"

    def fit(lesson: Lesson) -> ModelFit:
        limit = Optimizer("adam", _EPOCHS, rate, seconds)
        training = train(lesson.corpus, Start(size), limit, work=lesson.work.renamed(f"train {seconds:.0f} s"))
        passes = training.updates * 50 / len(lesson.corpus)
        bpc = bits_per_byte(training.model, lesson.corpus)
        return ModelFit(training.model, bpc, training.seconds, f"{passes:.2g} passes")

    return study.measured(Entry(_NETWORK, f"H {size}, {name}, rate {rate:g}", fit, null=False)).row


def _compile(study: Study, split: Split, kinds: set[str]) -> None:
    """Make the rows of these kinds once on a little of the text: seconds in the table are those of the work."""
    whole = study.holdout.whole
    length = _LITTLE if len(whole) > _LITTLE // 2 else _LITTLE // 8  # a short text is read out in one way alone
    little = Study(
        Holdout.of(whole.slice(0, min(len(whole), length)), split),
        Check(null=Null(0)),
        study.work.silent(),
        spread=False,
    )
    lines = [line for line in _lines(little, (2 * _BITS,), ()) if line.kind in kinds]
    progress = study.work.progress
    progress.start("compile", len(lines), "constructions")
    for line in lines:
        line.make(())
        progress.advance(1)
    progress.finish()
