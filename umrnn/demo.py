"""The whole story on one corpus in one run: counts, a network, its factor map, networks written, in bits per byte."""

import time
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from umrnn.compressors import compressed_bpc
from umrnn.construct.conjunctions import grown_network
from umrnn.construct.register import Carrier, ClosedForms
from umrnn.construct.study import Entry, Study
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret import factor_map
from umrnn.nulls import Check, Null, Split
from umrnn.progress import SILENT, Progress, Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn import Optimizer, Start, train
from umrnn.rnn.score import two_scores
from umrnn.um import byte_statistics, greedy_patterns, ngram_orders

__all__ = ["LONGEST", "Demo", "demo"]

LONGEST = 1 << 16  # bytes of a corpus the demonstration takes
_SHORTEST = 8
_TARGETS = 500_000  # bytes a network reads in training, unless 400 epochs are fewer
_EPOCHS = 400
_ORDERS = 6
_OFFSETS = 8
_MAX_OFFSET = 30
_GROWN = 64  # neurons


@dataclass(frozen=True)
class Stage:
    """One step of the story: what it is, its three scores in bits per byte, and how long it took."""

    stage: str
    detail: str
    bpc: float | None
    held_out_bpc: float | None
    null_bpc: float | None
    seconds: float


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Demo(Result):
    """Every step of the story with its scores, and the offsets the search chose."""

    stages: tuple[Stage, ...]
    entropy_bits: float
    offsets: list[int]
    orders: Table
    steps: Table
    compressed: dict[str, float]

    def headline(self) -> dict[str, Any]:
        """The bytes' entropy, the offsets found, and the network's three scores beside gzip and xz."""
        network = next(stage for stage in self.stages if stage.stage == "network")
        return {
            "entropy_bits": self.entropy_bits,
            "offsets": self.offsets,
            "network_bpc": network.bpc,
            "network_held_out_bpc": network.held_out_bpc,
            "network_null_bpc": network.null_bpc,
            "gzip_bpc": self.compressed["gzip"],
            "xz_bpc": self.compressed["xz"],
            "seconds": sum(stage.seconds for stage in self.stages),
        }

    def tables(self) -> dict[str, Table]:
        """``story``: a row per step; ``orders`` of the n-grams; ``offsets``: the search."""
        columns = tuple(Stage.__dataclass_fields__)
        return {
            "story": Table.of(columns, ([getattr(stage, name) for name in columns] for stage in self.stages)),
            "orders": self.orders,
            "offsets": self.steps,
        }


def demo(corpus: Corpus, *, seed: int = 0, threads: int | None = None, progress: Progress = SILENT) -> Demo:
    """Count the first ``LONGEST`` bytes of ``corpus``, search for offsets, train a network, read it, write others.

    In-sample scores count and score the same bytes. Held-out scores count (or train on) the first half and score the
    second. Null scores shuffle what there is to predict: a model that does as well there has only memorised.

    Raises
    ------
    InputError
        If the corpus has fewer than eight bytes.
    """
    if len(corpus) < _SHORTEST:
        raise InputError(f"the demonstration needs at least {_SHORTEST} bytes, got {len(corpus)}")
    text = corpus.slice(0, min(len(corpus), LONGEST))
    null, split = Null(seed=seed), Split()
    given: dict[str, Any] = {"check": Check(split, null), "work": Work(threads, progress)}
    began = time.perf_counter()
    counts = byte_statistics(text, check=Check(null=null), work=Work(threads))
    told = time.perf_counter()
    ngrams = ngram_orders(text, min(_ORDERS, len(text) // 2), **given)
    counted = time.perf_counter()
    limit = min(_MAX_OFFSET, len(text) // 3)
    greedy = greedy_patterns(text, _OFFSETS, limit, stop=True, **given)
    searched = time.perf_counter()
    start, adam, work = Start(seed=seed), Optimizer("adam", _epochs(text)), Work(threads, progress)
    training = train(text, start, adam, work=work.renamed("train on all of it"))
    rest = 1 - split.fraction
    half = train(text, start, adam, held_out=rest, work=work.renamed("train on the first half"))
    shuffled = Corpus.from_bytes(null.shuffled(text.data), name="shuffled bytes")
    memorised = train(shuffled, start, adam, work=work.renamed("train on shuffled bytes"))
    trained = time.perf_counter()
    maps = [
        factor_map(run.model, read, check=Check(null=Null(0)), work=Work(threads, progress)).headline()
        for run, read in ((training, text), (half, text), (memorised, shuffled))
    ]
    mapped = time.perf_counter()
    written = _written(text, null, split, threads, progress)
    packing = time.perf_counter()
    compressed = compressed_bpc(text, work=Work(threads))
    packed = (time.perf_counter() - packing) / len(compressed)
    order_0, order, found = counts.headline(), ngrams.orders[-1], greedy.headline()
    named = ",".join(map(str, found["offsets"])) or "none found"
    settings = {
        "max_order": order.order,
        "greedy": _OFFSETS,
        "max_offset": limit,
        "permutations": null.permutations,
        "held_out_from": text.start + split.boundary(len(text)),
        "optimizer": "adam",
        "epochs": training.epochs,
    }
    network = f"{training.model.hidden} neurons, Adam, {training.epochs} epochs"
    return Demo(
        provenance=provenance(text, parameters=settings, seed=seed, threads=threads, model=training.model.facts()),
        stages=(
            _order_0(counts, told - began),
            Stage(
                "n-grams",
                f"last {order.order} bytes",
                order.entropy_bits,
                order.held_out_bpc,
                order.null_bits,
                counted - told,
            ),
            Stage(
                "skip patterns",
                f"offsets {named}",
                found["bits"],
                found["held_out_bpc"],
                found["null_bits"],
                searched - counted,
            ),
            Stage("network", network, training.bpc, half.held_out_bpc, memorised.bpc, trained - searched),
            Stage(
                "factor map",
                _map_detail(maps[0]["mean_r2"], maps[0]["loo_r2"]),
                maps[0]["bpc_from_map"],
                maps[1]["bpc_from_map_held_out"],
                maps[2]["bpc_from_map"],
                mapped - trained,
            ),
            *written,
            # A compressor scores each byte before it learns from it, so its score is held out by nature.
            *(Stage(name, "adaptive, header included", None, bpc, None, packed) for name, bpc in compressed.items()),
        ),
        entropy_bits=float(order_0["entropy_bits"]),
        offsets=found["offsets"],
        steps=greedy.tables()["steps"],
        orders=ngrams.tables()["orders"],
        compressed=compressed,
    )


def _map_detail(r2: float | None, left_out: float | None) -> str:
    """What the factor map found; neurons that never change have nothing to explain."""
    if r2 is None or not np.isfinite(r2) or left_out is None:
        return "two lags for each neuron, none of which changes"
    return f"two lags for each neuron, R² {r2:.2f}, left out {left_out:.2f}"


def _written(text: Corpus, null: Null, split: Split, threads: int | None, progress: Progress) -> tuple[Stage, ...]:
    """Networks written from counts: a shift register read out by least squares, and conjunctions on a linear state.

    A text too short for either has none.
    """
    groups, boundary = 16, split.boundary(len(text))
    if boundary < 4 * groups or len(np.unique(text.data[:boundary])) < 4:
        return ()
    once = Null(1, null.seed)
    study = Study.of(text, Check(split, once), Work(threads))
    fit = ClosedForms(Carrier.of("mixed", 8, groups)).pseudo_inverse
    row = study.measured(Entry("shift register", "128 neurons from counts alone", fit, fit)).row
    began = time.perf_counter()
    told: dict[str, Any] = {"seed": null.seed, "threads": threads, "progress": progress}
    model, carried, _ = grown_network(text, _GROWN, **told)
    seconds = time.perf_counter() - began
    half = grown_network(text.slice(0, boundary), _GROWN, **told)[0]
    scores = two_scores(model, text, len(text))[0], two_scores(half, text, boundary)[1]
    return (
        Stage(
            row.construction,
            "128 neurons from counts alone",
            row.published_bpc,
            row.held_out_bpc,
            row.published_null_bpc,
            row.seconds or 0,
        ),
        Stage("grown", f"{_GROWN} neurons, no back-propagation", *scores, carried.null_bpc(once), seconds),
    )


def _order_0(counts: Result, seconds: float) -> Stage:
    """The bytes' frequencies alone."""
    scores = {row[0]: row[1] for row in counts.tables()["order_0_scores"].rows}
    in_sample, held_out, null = (scores[name] for name in ("in_sample", "held_out", "null_in_sample"))
    return Stage("bytes alone", "their frequencies", in_sample, held_out, null, seconds)


def _epochs(text: Corpus) -> int:
    """As many passes as read about ``_TARGETS`` bytes, at most ``_EPOCHS``."""
    return max(1, min(_EPOCHS, _TARGETS // len(text)))
