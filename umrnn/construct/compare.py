"""Every construction on one text in one table, beside counting and beside networks trained for the same time."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

import numpy as np

from umrnn._files import write_atomically
from umrnn._validate import integer, positive
from umrnn.construct.conjunctions import BASES, grown_network
from umrnn.construct.offsets.design import OffsetDesign
from umrnn.construct.offsets.random_codes import sign_codes
from umrnn.construct.readout.features import Features, StateFeatures
from umrnn.construct.register import Carrier, ClosedForms, RegisterFit
from umrnn.construct.spectral import spectral_network
from umrnn.construct.study import Entry, Lesson, Study
from umrnn.construct.study.holdout import Holdout
from umrnn.construct.study.row import Row, as_table
from umrnn.construct.study.trials import order_0_of_all
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Check, Null, Split
from umrnn.progress import SILENT, Progress, Renamed, Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.optimise import Optimizer
from umrnn.rnn.readout import byte_features
from umrnn.rnn.score import two_scores
from umrnn.rnn.start import Start
from umrnn.rnn.train import train
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.ngram import ngram_orders

__all__ = ["Comparison", "compare"]

_ORDERS = 3  # bytes of context that counting is shown with
_BITS = 8  # of a register's codes
_OFFSETS = 8  # of the read-out without a state
_SHORTEST = 16  # bytes of a corpus: four fifths of it hold the window of a linear state
_LITTLE = 4000  # bytes that the kernels are compiled on, and tried on both ways of fitting a read-out
_EPOCHS = 1_000_000  # never reached: time ends the training
_RATES = (1e-3, 3e-4)  # of Adam: the usual one is too fast for a network of 512 neurons
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
        counted = [row.held_out_bpc for row in self.rows if row.construction == "counting"]
        trained = [row.held_out_bpc for row in self.rows if row.construction == _NETWORK]
        return {
            "best_construction": f"{best.construction}, {best.detail}",
            "best_held_out_bpc": best.held_out_bpc,
            "best_seconds": best.seconds,
            "best_trained_held_out_bpc": min((bpc for bpc in trained if bpc is not None), default=None),
            "best_counting_held_out_bpc": min((bpc for bpc in counted if bpc is not None), default=None),
            "held_out_targets": self.targets,
        }

    def tables(self) -> dict[str, Table]:
        """``constructions``: the common table."""
        return {"constructions": as_table(self.rows)}


class _Desk:
    """Makes rows one by one, and keeps those that are made in a file, so that an interrupted comparison goes on."""

    def __init__(
        self, corpus: Corpus, split: Split, null: Null, seed: int, threads: int | None, progress: Progress
    ) -> None:
        self.corpus, self.null, self.seed, self.threads, self.progress = corpus, null, seed, threads, progress
        self.split, self.boundary = split, split.boundary(len(corpus))
        self.text = corpus.slice(0, self.boundary)
        self._common: dict[str, Any] = {"seed": seed, "threads": threads, "progress": progress}

    def counting(self) -> tuple[Row, ...]:
        """The bytes' shares, and contexts of one to three bytes."""
        parts = Holdout.of(self.corpus, self.split)
        began = time.perf_counter()
        orders = ngram_orders(self.corpus, _ORDERS, check=Check(self.split, self.null), work=Work(self.threads)).orders
        spent = (time.perf_counter() - began) / _ORDERS
        found = (
            Row("counting", f"last {o.order} bytes", o.bpc, o.held_out_bpc, o.null_bits, spent, len(self.corpus))
            for o in orders
        )
        return order_0_of_all(parts), *found

    def spectral(self, hidden: int) -> Row:
        """A linear state."""
        return self.network("spectral", f"H {hidden}", lambda: spectral_network(self.text, hidden, **self._common))

    def grown(self, hidden: int, base: str) -> Row:
        """Conjunctions grown on a base."""
        build = partial(grown_network, self.text, hidden, base=base, **self._common)
        return self.network("conjunctions", f"H {hidden}, on {base}", build)

    def network(self, name: str, detail: str, build: Callable[[], tuple[Elman, StateFeatures, Any]]) -> Row:
        """A network built from the first part."""
        began = time.perf_counter()
        model, carried, _ = build()
        seconds = time.perf_counter() - began
        null_bpc = carried.null_bpc(self.null, progress=self.progress)
        del carried  # its states may take gigabytes
        bpc, held_out = two_scores(model, self.corpus, self.boundary, work=Work(progress=self.progress))
        return Row(name, detail, bpc, held_out, null_bpc, seconds, self.boundary)

    def register(
        self, hidden: int, design: str, name: str, procedure: Callable[[ClosedForms, Lesson], RegisterFit]
    ) -> Row:
        """A closed form of a shift register of ``hidden`` neurons, fitted to the first part."""
        bits = _BITS if design != "hybrid" else 2 * _BITS
        carrier = Carrier.of(design, bits, max(1, hidden // bits), seed=self.seed)
        study = Study(
            Holdout.of(self.corpus, self.split),
            Check(self.split, self.null),
            Work(self.threads, self.progress),
            spread=False,
        )
        entry = Entry(
            "shift register", f"H {carrier.hidden}, {design}, {name}", partial(procedure, ClosedForms(carrier))
        )
        return study.measured(entry).row

    def register_passes(self, hidden: int, design: str) -> Row:
        """The same register, its read-out fitted in passes."""
        carrier = Carrier.of(design, _BITS, max(1, hidden // _BITS), seed=self.seed)

        def build() -> tuple[Elman, StateFeatures, None]:
            dynamics = carrier.elman(np.zeros((ALPHABET, carrier.hidden)), np.zeros(ALPHABET))
            carried = StateFeatures(dynamics, self.text, threads=self.threads)
            return carried.network(carried.read_out(seed=self.seed, progress=self.progress)), carried, None

        return self.network("shift register", f"H {carrier.hidden}, {design}, softmax in two passes", build)

    def offsets(self, hidden: int) -> Row:
        """Random codes at greedily chosen offsets: no state, no network."""
        began = time.perf_counter()
        chosen = OffsetDesign(greedy=_OFFSETS, features=hidden).on(self.text)
        codes = sign_codes(len(chosen), hidden // len(chosen), np.random.default_rng(self.seed))
        fitted = self._features(chosen, codes, 0, self.boundary)
        weights = fitted.read_out(seed=self.seed, progress=self.progress)
        seconds = time.perf_counter() - began
        rest = self._features(chosen, codes, self.boundary - 1, len(self.corpus))
        return Row(
            "multi-offset",
            f"H {hidden}, greedy {','.join(map(str, chosen))}, softmax in two passes",
            fitted.bits(weights),
            rest.bits(weights),
            fitted.null_bpc(self.null, progress=self.progress),
            seconds,
            self.boundary,
        )

    def trained(self, hidden: int, seconds: float, rate: float, name: str) -> Row:
        """A network trained by back-propagation through time for so many seconds, with Adam."""
        limit = Optimizer("adam", _EPOCHS, rate, seconds)
        work = Work(progress=Renamed(self.progress, f"train {seconds:.0f} s"))
        training = train(self.text, Start(hidden), limit, work=work)
        bpc, held_out = two_scores(training.model, self.corpus, self.boundary, work=Work(progress=self.progress))
        read = training.updates * 50
        detail = f"H {hidden}, {name}, rate {rate:g}, {read / len(self.text):.2g} passes"
        return Row(_NETWORK, detail, bpc, held_out, None, training.seconds, min(read, self.boundary))

    def _features(self, offsets: tuple[int, ...], codes: Any, first: int, stop: int) -> Features:
        rows = byte_features(self.corpus, offsets, codes, first, stop - 1)
        return Features(rows, self.corpus.slice(0, stop), threads=self.threads)


def compare(
    corpus: Corpus,
    hidden: tuple[int, ...] = (128,),
    *,
    times: tuple[float, ...] = (1.0, 10.0),
    split: Split | None = None,
    null: Null | None = None,
    kept: Path | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Comparison:
    """Build every construction from the first part of ``corpus`` and score it on the rest.

    Parameters
    ----------
    hidden : sizes H; networks are trained at each for the time its grown network took, and at the first for longer too
    times : multiples of that time that the first size is trained for; the first of them at the other sizes
    split : four fifths are built from unless said otherwise
    null : shuffles of the targets; one unless said otherwise
    kept : file that rows are kept in as they are made, and taken from when the same comparison is made again

    Raises
    ------
    InputError
        If the first part is too short for the constructions, or ``kept`` is of another comparison.

    Examples
    --------
    >>> result = compare(Corpus.siteinfo(), (16,), times=(), null=Null(0))
    >>> result.headline()["held_out_targets"]
    205
    """
    sizes = tuple(integer("hidden", size, _BITS) for size in hidden)
    times = tuple(positive("every multiple of the time", factor) for factor in times)
    if len(corpus) < _SHORTEST:
        raise InputError(f"a comparison needs at least {_SHORTEST} bytes, got {len(corpus)}")
    desk = _Desk(corpus, split or Split(0.8), null or Null(1, seed), seed, threads, progress)
    settings = {"hidden": sizes, "times": times, "held_out_from": corpus.start + desk.boundary}
    settings |= {"permutations": desk.null.permutations, "seed": seed}
    about = {"corpus": corpus.sha256, **settings}
    _compile(desk)
    done = _read(kept, about)
    for index, job in enumerate(_jobs(desk, sizes, times, done)):
        if index >= len(done):
            made = job()
            done.append(list(made) if isinstance(made, tuple) else [made])
            _write(kept, about, done)
    return Comparison(
        rows=tuple(row for part in done for row in part),
        targets=len(corpus) - desk.boundary,
        provenance=provenance(corpus, parameters=settings, seed=seed, threads=threads),
    )


def _jobs(
    desk: _Desk, sizes: tuple[int, ...], times: tuple[float, ...], done: list[list[Row]]
) -> Iterator[Callable[[], Row | tuple[Row, ...]]]:
    """What makes the rows, in their order; the time a network is trained for is known once others are ``done``."""
    yield desk.counting
    for size in sizes:
        yield partial(desk.register, size, "mixed", "log-ratio", ClosedForms.log_ratio)
        for design in ("mixed", "semantic", "hybrid"):
            yield partial(desk.register, size, design, "pinv", ClosedForms.pseudo_inverse)
        yield partial(desk.register_passes, size, "mixed")
        yield partial(desk.offsets, size)
        yield partial(desk.spectral, size)
        for base in BASES[::-1]:
            yield partial(desk.grown, size, base)
        spent = done[-1][0].seconds or 0.0
        for factor in times if size == sizes[0] else times[:1]:
            name = "the same time" if factor == 1 else f"{factor:g} times the time"
            for rate in _RATES:
                yield partial(desk.trained, size, spent * factor, rate, name)


def _compile(desk: _Desk) -> None:
    """Run everything once on a little of the text: seconds in the table are those of the work."""
    little = desk.corpus.slice(0, min(len(desk.corpus), _LITTLE))
    trial = _Desk(little, desk.split, Null(0), 0, desk.threads, SILENT)
    jobs = list(_jobs(trial, (2 * _BITS,), (), [[Row("", "", None)]]))
    desk.progress.start("compile", len(jobs), "constructions")
    for job in jobs:
        job()
        desk.progress.advance(1)
    desk.progress.finish()


def _read(path: Path | None, about: dict[str, Any]) -> list[list[Row]]:
    """Rows kept by an earlier try."""
    if path is None or not path.exists() or not path.stat().st_size:
        return []
    try:
        found = json.loads(path.read_text("utf-8"))
        rows = [[Row(*cells) for cells in part] for part in found["rows"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path} holds no comparison that was begun", hint="name another file, or remove it") from None
    if found.get("about") != json.loads(json.dumps(about)):
        raise InputError(f"{path} was begun on another corpus or with other options", hint="name another file")
    return rows


def _write(path: Path | None, about: dict[str, Any], done: list[list[Row]]) -> None:
    if path is not None:
        text = json.dumps({"about": about, "rows": [[astuple(row) for row in part] for part in done]})
        write_atomically(path, lambda stream: stream.write(text.encode()))
