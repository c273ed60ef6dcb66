"""The loss of a network on a corpus, in bits per byte."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from umrnn.compressors import compressed_bpc
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import Null
from umrnn.progress import SILENT, Progress
from umrnn.result import Result, Table, provenance
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

__all__ = ["Evaluation", "bits_per_byte", "check_predicts", "evaluate"]


_SHUFFLES = 9  # enough for a mean; each costs as much as the score itself


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Evaluation(Result):
    """Loss of a model on a corpus, beside chance and beside compressors.

    Parameters
    ----------
    bpc : mean of -log2 p(x_{t+1}) over t = 0..n-2
    null_bpc : the same on the bytes in random order, mean over shuffles; None without shuffles
    order_0_bpc : entropy of the bytes' own frequencies, which no model of single bytes can beat in-sample
    targets : n - 1, the bytes predicted
    compressed : bits per byte of standard compressors, by name
    """

    bpc: float
    null_bpc: float | None
    order_0_bpc: float
    targets: int
    compressed: Mapping[str, float]

    def headline(self) -> dict[str, Any]:
        """The loss, the loss on shuffled bytes, the entropy of the bytes alone, and the compressors."""
        return {
            "bpc": self.bpc,
            "null_bpc": self.null_bpc,
            "order_0_bpc": self.order_0_bpc,
            **{f"{name}_bpc": bits for name, bits in self.compressed.items()},
            "targets": self.targets,
        }

    def tables(self) -> dict[str, Table]:
        """No tables."""
        return {}


def check_predicts(corpus: Corpus) -> int:
    """The number of targets of ``corpus``, or an error where there is none."""
    if len(corpus) < 2:
        raise InputError(
            "a corpus of one byte has nothing to predict", hint="name a corpus or a range of at least two bytes"
        )
    return len(corpus) - 1


def bits_per_byte(model: Elman, corpus: Corpus, *, progress: Progress = SILENT) -> float:
    """Mean of -log2 p(x_{t+1}) over t = 0..n-2, in bits per byte, from h_{-1} = 0.

    Examples
    --------
    >>> bits_per_byte(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"))
    8.0
    """
    targets = check_predicts(corpus)
    progress.start("evaluate", targets, "B")
    total = 0.0
    for block in trace(model, corpus):
        total += float(block.bits.sum())
        progress.advance(len(block.bits), bpc=total / min(block.start + len(block.h), targets))
    progress.finish()
    return total / targets


def evaluate(
    model: Elman,
    corpus: Corpus,
    *,
    null: Null | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Evaluation:
    """Score ``model`` on ``corpus``, in order and shuffled, beside gzip, bzip2 and xz of the same bytes.

    Whether ``bpc`` is in-sample depends on the bytes the model was trained on, which its file may not say. On shuffled
    bytes a model that learnt an order does worse than ``order_0_bpc``.

    Parameters
    ----------
    null : shuffles to average over; nine unless said otherwise

    Raises
    ------
    InputError
        If the corpus is a single byte: there is nothing to predict.

    Examples
    --------
    >>> evaluate(Elman.zeros(hidden=2), Corpus.siteinfo(), null=Null(1)).headline()["null_bpc"]
    8.0
    """
    null = null or Null(_SHUFFLES)
    check_predicts(corpus)
    bpc = bits_per_byte(model, corpus, progress=progress)
    counts = np.bincount(corpus.data, minlength=256)
    shuffled = [
        bits_per_byte(model, Corpus.from_bytes(null.shuffled(corpus.data, number)), progress=progress)
        for number in range(null.permutations)
    ]
    return Evaluation(
        bpc=bpc,
        null_bpc=float(np.mean(shuffled)) if shuffled else None,
        order_0_bpc=float(-np.sum(counts[counts > 0] * np.log2(counts[counts > 0] / len(corpus))) / len(corpus)),
        targets=len(corpus) - 1,
        compressed=compressed_bpc(corpus, threads=threads, progress=progress),
        provenance=provenance(
            corpus,
            parameters={"permutations": null.permutations},
            seed=null.seed,
            threads=threads,
            model=model.facts(),
        ),
    )
