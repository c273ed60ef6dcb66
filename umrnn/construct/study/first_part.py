"""Networks built from the first part of a corpus and scored on both: what their results have in common."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from umrnn.construct.readout.features import StateFeatures, log_shares
from umrnn.construct.study.row import Row, as_table
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null, Split
from umrnn.progress import Progress, Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.score import two_scores
from umrnn.rnn.weights import Elman

__all__ = ["Constructed", "built_and_scored", "constructed_provenance", "window_offsets"]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Constructed(Result):
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


def built_and_scored(
    name: str,
    corpus: Corpus,
    build: Callable[[Corpus], tuple[Elman, StateFeatures, Any]],
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
    bpc, held_out = two_scores(model, corpus, boundary, work=Work(progress=progress))
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


def window_offsets(text: Corpus, past: int, future: int) -> range:
    """All offsets that a window of ``past`` bytes before and ``future`` after needs, if the text holds one."""
    if len(text) <= past + future:
        raise InputError(
            f"the first part must be longer than the window of {past + future} bytes, got {len(text)}",
            hint="name a longer corpus",
        )
    return range(past + future + 1)


def constructed_provenance(
    corpus: Corpus,
    boundary: int,
    parameters: dict[str, Any],
    null: Null | None,
    seed: int,
    threads: int | None,
    model: Elman,
) -> dict[str, Any]:
    """What it was made from, and with which options."""
    shuffles = 1 if null is None else null.permutations
    stated = parameters | {"held_out_from": corpus.start + boundary, "permutations": shuffles}
    return provenance(corpus, parameters=stated, seed=seed, threads=threads, model=model.facts())
