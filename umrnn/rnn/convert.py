"""Convert a model file to another format and measure what that did to its predictions."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import writable_file
from umrnn.corpus import Corpus
from umrnn.result import Result, Table, provenance
from umrnn.rnn.formats import READABLE, describe, format_of, need_library, save
from umrnn.rnn.formats import load as load_model
from umrnn.rnn.formats.arrays import in_float32
from umrnn.rnn.weights import Elman

__all__ = ["Conversion", "convert"]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Conversion(Result):
    """What was written, and how far the logits of the written model are from those of the source."""

    source_format: str
    destination_format: str
    before: Elman
    after: Elman
    bytes_written: int
    max_abs_logit_difference: float

    def headline(self) -> dict[str, Any]:
        """The largest difference of any logit, and the model as it was written."""
        return {
            "max_abs_logit_difference": self.max_abs_logit_difference,
            "hidden": self.after.hidden,
            "dtype": str(self.after.dtype),
            "bytes_written": self.bytes_written,
            "source_format": self.source_format,
            "destination_format": self.destination_format,
        }

    def tables(self) -> dict[str, Table]:
        """``arrays``: shape, dtype before and after, and the largest difference of any weight."""
        before, after = self.before.arrays(), self.after.arrays()
        rows = (
            (name, array.shape, str(array.dtype), str(after[name].dtype), _largest(array, after[name]))
            for name, array in before.items()
        )
        columns = ("array", "shape", "dtype", "dtype_written", "max_abs_weight_difference")
        return {"arrays": Table.of(columns, rows)}


def convert(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    format: str | None = None,
    layout: str = "published",
    metadata: Mapping[str, Any] | None = None,
) -> Conversion:
    """Write the model at ``source`` to ``destination``, read it back and compare the logits of the two.

    Both networks read ``Corpus.siteinfo()`` from h = 0, in float64, and
    ``max_abs_logit_difference`` is the maximum over positions t and bytes y of |logit(t, y) - logit'(t, y)|.
    It is 0.0 unless weights were rounded: raw files and C headers hold float32. A C header cannot be read back,
    so there the rounded weights stand for it. In a chaotic network a rounding grows with every byte read.

    Parameters
    ----------
    source : a model file in any format that can be read.
    destination : the file to write; replaced if it is there.
    format : as in :func:`umrnn.rnn.formats.save`.
    layout : of a raw ``source``, as in :func:`umrnn.rnn.formats.load`.
    metadata : what to store with the weights; by default what ``source`` says of itself.

    Raises
    ------
    InputError
        If ``destination`` cannot be written; checked before the work.
    ModelError
        If ``source`` cannot be read, or a weight is beyond the range of float32 where that is what is written.
    MissingExtra
        If a format needs a library that is not installed; for ``destination`` checked before the work.
    """
    written_format = format_of(destination, format)
    target = writable_file(destination, "the destination")
    need_library(written_format)
    file = describe(source, layout=layout)
    save(file.model, target, metadata=file.metadata if metadata is None else metadata, format=written_format)
    after = load_model(target) if written_format in READABLE else in_float32(file.model)
    corpus = Corpus.siteinfo()
    return Conversion(
        source_format=file.format,
        destination_format=written_format,
        before=file.model,
        after=after,
        bytes_written=target.stat().st_size,
        max_abs_logit_difference=_largest(_logits(file.model, corpus), _logits(after, corpus)),
        provenance=provenance(
            corpus,
            parameters={"source": str(source), "destination": str(destination), "format": format, "layout": layout},
            model=file.provenance(),
        ),
    )


def _logits(model: Elman, corpus: Corpus) -> NDArray[np.float64]:
    """Logits after each byte, in float64 whatever the dtype of the weights."""
    W_x, W_h, b_h, W_y, b_y = (array.astype(np.float64) for array in model.arrays().values())
    h = np.zeros(model.hidden)  # (H,)
    states = np.empty((len(corpus), model.hidden))  # (T, H)
    for t, byte in enumerate(corpus.data):
        h = np.tanh(W_x[:, byte] + W_h @ h + b_h)
        states[t] = h
    return np.asarray(states @ W_y.T + b_y)  # (T, V)


def _largest(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max())
