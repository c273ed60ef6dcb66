"""The loss of a network on a corpus, in bits per byte."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, final

import numpy as np

from umrnn._files import write_atomically
from umrnn.compressors import compressed_bpc
from umrnn.corpus import Corpus, byte_counts, reads_text
from umrnn.nulls import Null
from umrnn.progress import Work
from umrnn.result import Result, Table, provenance
from umrnn.rnn.fitted import Standing, standing
from umrnn.rnn.model_file import ModelFile, ReadoutFile, opened_predictor
from umrnn.rnn.predictor import Predictor, surprises
from umrnn.rnn.score import bits_per_byte, check_predicts
from umrnn.rnn.weights import Elman

__all__ = ["Evaluation", "evaluate", "write_bits"]

_SHUFFLES = 9  # enough for a mean; each costs as much as the score itself


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Evaluation(Result):
    """Loss of a model on a corpus, beside chance and beside compressors.

    Parameters
    ----------
    bpc : mean of -log2 p(x_{t+1}) over t = 0..n-2
    standing : whether the model was fitted to these bytes, as its file tells
    shuffled_bpc : the same on the bytes in random order, mean over shuffles; None without shuffles
    order_0_bpc : entropy of the bytes' own frequencies, which no model of single bytes can beat in-sample
    targets : n - 1, the bytes predicted
    compressed : bits per byte of standard compressors, by name
    bits_per_byte : of a network over characters, whose ``bpc`` and all other figures are per symbol: the same loss per
        byte of UTF-8; else None
    """

    bpc: float
    standing: Standing
    shuffled_bpc: float | None
    order_0_bpc: float
    targets: int
    compressed: Mapping[str, float]
    bits_per_byte: float | None = None

    def headline(self) -> dict[str, Any]:
        """The loss and on which bytes, the loss on shuffled bytes, the entropy of the bytes, the compressors."""
        return {
            "bpc": self.bpc,
            "scored": self.standing.scored,
            "fitted_share": self.standing.share,
            "shuffled_bpc": self.shuffled_bpc,
            "order_0_bpc": self.order_0_bpc,
            **{f"{name}_bpc": bits for name, bits in self.compressed.items()},
            "targets": self.targets,
            **(
                {} if self.bits_per_byte is None else {"bits_per_symbol": self.bpc, "bits_per_byte": self.bits_per_byte}
            ),
        }

    def tables(self) -> dict[str, Table]:
        """No tables."""
        return {}


@reads_text
def evaluate(
    model: Elman | Predictor | ModelFile | ReadoutFile,
    corpus: Corpus,
    *,
    null: Null | None = None,
    work: Work = Work(),
) -> Evaluation:
    """Score ``model`` on ``corpus``, in order and shuffled, beside compressors of the same bytes.

    On shuffled bytes a model that learnt an order does worse than ``order_0_bpc``. Whether ``bpc`` is in-sample depends
    on the bytes the model was fitted to, of which its file holds hashes (:mod:`umrnn.rnn.fitted`): a copy, a part or a
    text that begins alike is recognised; of a file without hashes all that can be said is ``unknown``.

    Parameters
    ----------
    model : a network, or whatever else predicts bytes; in-sample scores are recognised where it is the file that
        :func:`umrnn.rnn.formats.describe_predictor` reads
    null : shuffles to average over; default: nine

    Raises
    ------
    InputError
        If the corpus is a single byte: there is nothing to predict.

    Examples
    --------
    >>> evaluate(Elman.zeros(hidden=2), Corpus.siteinfo(), null=Null(1)).headline()["shuffled_bpc"]
    8.0
    """
    null = null or Null(_SHUFFLES)
    check_predicts(corpus)
    network, facts, fitted = opened_predictor(model)
    bpc = bits_per_byte(network, corpus, work=work)
    drawn = [
        bits_per_byte(network, Corpus.from_bytes(null.shuffled(corpus.data, number)), work=work)
        for number in range(null.permutations)
    ]
    return Evaluation(
        bpc=bpc,
        standing=standing(corpus, fitted),
        bits_per_byte=_per_byte(model, bpc, corpus),
        shuffled_bpc=Null.mean(drawn),
        order_0_bpc=_order_0(corpus),
        targets=len(corpus) - 1,
        compressed=compressed_bpc(corpus, work=work),
        provenance=provenance(
            corpus,
            parameters={"permutations": null.permutations},
            seed=null.seed,
            threads=work.threads,
            model=facts,
        ),
    )


@reads_text
def write_bits(
    model: Elman | Predictor | ModelFile | ReadoutFile,
    corpus: Corpus,
    path: str | os.PathLike[str],
    *,
    work: Work = Work(),
) -> None:
    """Write -log2 p of every byte but the first, shape (n - 1,), float64, as a .npy file; their mean is ``bpc``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bits(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"), f"{folder}/bits.npy")
    ...     np.load(f"{folder}/bits.npy")
    array([8., 8.])
    """
    targets, network = check_predicts(corpus), opened_predictor(model)[0]

    def write(stream: IO[bytes]) -> None:
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float64)), "fortran_order": False}
        np.lib.format.write_array_header_1_0(stream, {**header, "shape": (targets,)})
        work.progress.start("write bits", targets, "B")
        for _, bits in surprises(network, corpus):
            stream.write(np.asarray(bits, np.float64).tobytes())
            work.progress.advance(len(bits))
        work.progress.finish()

    write_atomically(Path(path), write)


def _per_byte(model: Any, bpc: float, corpus: Corpus) -> float | None:
    """The loss per byte of UTF-8 where symbols are not bytes."""
    alphabet = model.alphabet if isinstance(model, ModelFile) else None
    if alphabet is None or alphabet.is_ascii:
        return None
    written = int(alphabet.lengths @ byte_counts(corpus.data[1:]))
    return bpc * (len(corpus) - 1) / written


def _order_0(corpus: Corpus) -> float:
    """Entropy of the bytes' frequencies; the inverse share keeps a constant corpus at 0, not at -0."""
    counts = byte_counts(corpus.data)
    counts = counts[counts > 0]
    return float(np.sum(counts * np.log2(len(corpus) / counts)) / len(corpus))
