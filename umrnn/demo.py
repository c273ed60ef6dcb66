"""The whole story on one corpus in one run: counts, a network, its factor map, networks written, in bits per byte."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import numpy as np

from umrnn.compressors import compressed_bpc
from umrnn.construct.offsets.counting import CountedContexts
from umrnn.construct.readout.latest import outputs_of
from umrnn.construct.register import Carrier, ClosedForms
from umrnn.construct.state.fit import StateReadout, WrittenState
from umrnn.construct.state.grown import GrownState
from umrnn.construct.study import Entry, Lesson, ModelFit, Row, Study, order_0
from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.interpret import factor_map
from umrnn.nulls import Check, Null, Split
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn import Optimizer, Start, train
from umrnn.rnn.weights import Elman
from umrnn.um import byte_statistics, greedy_patterns

__all__ = ["LONGEST", "Demo", "demo"]

LONGEST = 1 << 16  # bytes of a corpus the demonstration takes
_SHORTEST = 16
_TARGETS = 500_000  # bytes that a network reads in training, unless 400 epochs are fewer …
_PRODUCTS = 14_000_000  # … or these times the kinds of bytes are, which are its outputs
_EPOCHS = 400
_ORDERS, _OFFSETS, _MAX_OFFSET = 6, 8, 30
_GROUPS, _GROWN = 16, 64  # groups of a register of 128 neurons; neurons of a grown network
_DIGITS = 3  # of seconds in the story


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Demo(Result):
    """Every step of the story with its scores, and the offsets that the search chose.

    Parameters
    ----------
    rows : the story: all fitted to the first half
    orders : contexts of the last bytes, the last of them in the story
    steps : of the search for offsets
    compressed : bits per byte of the whole text, by compressor
    seconds : of all of it
    """

    rows: tuple[Row, ...]
    orders: tuple[Row, ...]
    steps: Table
    offsets: list[int]
    entropy_bits: float
    compressed: Mapping[str, float]
    seconds: float

    def headline(self) -> dict[str, Any]:
        """The bytes' entropy, the offsets found, the network's three scores, and what compressors make of the bytes."""
        network = next(row for row in self.rows if row.construction == "network")
        return {
            "entropy_bits": self.entropy_bits,
            "offsets": self.offsets,
            "network_bpc": network.bpc,
            "network_held_out_bpc": network.held_out_bpc,
            "network_null_bpc": network.null_bpc,
            **{f"{name}_bpc": bits for name, bits in self.compressed.items()},
            "seconds": self.seconds,
        }

    def tables(self) -> dict[str, Table]:
        """``story``: a row per step; ``orders`` of the n-grams; ``offsets``: the search; ``compressors``."""
        scores = ("bpc", "held_out_bpc", "null_bpc")
        story = [replace(row, seconds=round(row.seconds or 0.0, _DIGITS)) for row in self.rows]
        orders = ((k, row.bpc, row.held_out_bpc, row.null_bpc) for k, row in enumerate(self.orders, start=1))
        return {
            "story": Table.of_records(story, ("construction", "detail", *scores, "seconds")),
            "orders": Table.of(("order", *scores), orders),
            "offsets": self.steps,
            "compressors": Table.of(("compressor", "compressed_bpc"), self.compressed.items()),
        }


@reads_text
def demo(corpus: Corpus, *, seed: int = 0, work: Work = Work()) -> Demo:
    """Count the first ``LONGEST`` bytes of ``corpus``, search for offsets, train a network, read it, write others.

    Everything is fitted to the first half, offsets are chosen there too; ``held_out_bpc`` is of the second. The null
    fits the same to targets in random order: what does as well there has only memorised.

    Raises
    ------
    InputError
        If the corpus has fewer than 16 bytes.
    """
    if len(corpus) < _SHORTEST:
        raise InputError(f"the demonstration needs at least {_SHORTEST} bytes, got {len(corpus)}")
    began, text = time.perf_counter(), corpus.slice(0, min(len(corpus), LONGEST))
    study = Study.of(text, Check(Split(), Null(1, seed)), work)
    counted = study.holdout.counted
    statistics = byte_statistics(text, check=Check(null=Null(0)), work=work.silent()).headline()
    limit = min(_MAX_OFFSET, len(counted) // 3)
    chance = Check(null=Null(seed=seed))
    search = greedy_patterns(counted, _OFFSETS, limit, stop=True, select="excess", check=chance, work=work)
    offsets, epochs = search.headline()["offsets"], _epochs(counted)
    orders = [_order(k, counted) for k in range(1, min(_ORDERS, len(counted) // 2) + 1)]
    rows = study.rows([*orders, *_entries(study, tuple(offsets), epochs)], task="tell the story")
    settings = {"max_order": len(orders), "greedy": _OFFSETS, "max_offset": limit, "optimizer": "adam"}
    return Demo(
        provenance=provenance(
            text, parameters=settings | {"epochs": epochs} | study.parameters(), seed=seed, threads=work.threads
        ),
        rows=(
            replace(order_0(study.holdout), detail="frequencies alone"),
            replace(rows[len(orders) - 1], construction="n-grams"),
            *rows[len(orders) :],
        ),
        orders=rows[: len(orders)],
        steps=search.tables()["steps"],
        offsets=offsets,
        entropy_bits=statistics["entropy_bits"],
        compressed=compressed_bpc(text, work=work.silent()),
        seconds=time.perf_counter() - began,
    )


def _order(length: int, counted: Corpus) -> Entry[Any]:
    places = {counted: tuple(range(1, length + 1))}
    return Entry("counting", "", CountedContexts(places, "last byte" if length == 1 else f"last {length} bytes"))


def _entries(study: Study, offsets: tuple[int, ...], epochs: int) -> list[Entry[Any]]:
    """The story after the n-grams; a text too short to write networks from has none."""
    counted, seed = study.holdout.counted, study.null.seed
    network = partial(_network, epochs, seed)
    found: list[Entry[Any]] = [
        Entry("skip patterns", "", CountedContexts({counted: offsets})),
        Entry("network", f"Adam, {epochs} epochs", network, steps=100),
        Entry("factor map", "", partial(_mapped, network), steps=5),
    ]
    if len(counted) >= 4 * _GROUPS and len(np.unique(counted.data)) >= 4:
        least_squares = ClosedForms(Carrier.of("mixed", 8, _GROUPS)).pseudo_inverse
        grown = StateReadout(partial(_grown, seed), seed=seed)
        found.append(Entry("shift register", "", least_squares))
        found.append(Entry("grown", "", grown, steps=30))
    return found


def _grown(seed: int, text: Corpus, work: Work) -> WrittenState:
    """A network grown from conjunctions; a story says how large it is and no more."""
    return replace(GrownState(_GROWN, seed=seed).written(text, work), detail=f"{_GROWN} neurons")


def _network(epochs: int, seed: int, lesson: Lesson) -> ModelFit:
    """A network trained on the lesson, once."""

    def trained() -> ModelFit:
        found = train(lesson.text(), Start(seed=seed), Optimizer("adam", epochs), work=lesson.work)
        return ModelFit(found.model, found.bpc, found.seconds)

    return lesson.once(("network", epochs, seed), trained)


@dataclass(frozen=True, eq=False)
class _MapFit:
    """A network read as a map from pairs of bytes to states: its read-out predicts from the states of the map."""

    network: Elman
    lags: tuple[int, ...]
    bpc: float
    seconds: float
    detail: str
    model: None = None

    def bits(self, corpus: Corpus, first: int) -> float:
        """Mean loss on the bytes from ``first`` on, of the map of those before."""
        check = Check(Split(first / len(corpus)), Null(0))
        found = factor_map(self.network, corpus, self.lags, check=check, work=Work(1)).headline()[
            "bpc_from_map_held_out"
        ]
        return math.nan if found is None else float(found)


def _mapped(network: partial[ModelFit], lesson: Lesson) -> _MapFit:
    """The map of the network trained on the lesson."""
    model = network(lesson).model
    assert isinstance(model, Elman)
    began = time.perf_counter()
    found = factor_map(model, lesson.text(), check=Check(null=Null(0)), work=lesson.work.silent())
    figures, lags = found.headline(), tuple(found.provenance["parameters"]["lags"])
    detail = _map_detail(figures["mean_r2"], figures["loo_r2"])
    return _MapFit(model, lags, figures["bpc_from_map"], time.perf_counter() - began, detail)


def _map_detail(r2: float | None, left_out: float | None) -> str:
    """What the factor map found; neurons that never change have nothing to explain."""
    if r2 is None or not np.isfinite(r2) or left_out is None:
        return "no neuron changes"
    return f"R² {r2:.2f}, loo {left_out:.2f}"


def _epochs(text: Corpus) -> int:
    """Passes over ``text`` that are worth their time: fewer over a long one, and over one of many kinds of bytes."""
    targets = min(_TARGETS, _PRODUCTS // outputs_of(text, len(text)))
    return max(1, min(_EPOCHS, targets // len(text)))
