"""Convert a model file to another format and measure what that did to its predictions."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import writable_file
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.result import Result, Table, provenance
from umrnn.rnn.formats import READABLE, Roles, describe, format_of, is_ours, need_library, save
from umrnn.rnn.formats.arrays import in_float32
from umrnn.rnn.model_file import ModelFile
from umrnn.rnn.verify import LogitCheck, logits
from umrnn.rnn.weights import Elman

__all__ = ["Conversion", "convert"]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Conversion(Result):
    """What was written, and how far the logits of the written model are from those of the source.

    Parameters
    ----------
    activation : ``tanh`` where the source says so, ``taken as tanh`` where it cannot
    before, after : the network read, and the one that can be read back
    max_abs_framework_difference : largest difference of any logit from those of ``framework``, which trained it, or
        runs it; None where it was not asked
    """

    source_format: str
    destination_format: str
    activation: str
    before: Elman
    after: Elman
    bytes_written: int
    max_abs_logit_difference: float
    max_abs_framework_difference: float | None = None
    framework: str | None = None

    def headline(self) -> dict[str, Any]:
        """The largest difference of any logit, and the model as it was written."""
        return {
            "max_abs_logit_difference": self.max_abs_logit_difference,
            "hidden": self.after.hidden,
            "dtype": str(self.after.dtype),
            "bytes_written": self.bytes_written,
            "source_format": self.source_format,
            "destination_format": self.destination_format,
            "activation": self.activation,
            "max_abs_framework_difference": self.max_abs_framework_difference,
            "framework": self.framework,
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
    source: str | os.PathLike[str] | ModelFile,
    destination: str | os.PathLike[str],
    *,
    format: str | None = None,
    layout: str = "published",
    metadata: Mapping[str, Any] | None = None,
    names: Roles | None = None,
    check: LogitCheck | None = None,
    force: bool = False,
) -> Conversion:
    """Write the model at ``source`` to ``destination``, read it back and compare the logits of the two.

    Both networks read ``Corpus.siteinfo()`` from h = 0, in float64, and
    ``max_abs_logit_difference`` is the maximum over positions t and bytes y of |logit(t, y) - logit'(t, y)|.
    It is 0.0 unless weights were rounded: raw files and C headers hold float32. A C header cannot be read back,
    so there the rounded weights stand for it. In a chaotic network a rounding grows with every byte read.

    That compares two readings of ours. Whether the network is the one that was trained, ``check`` tells: files of most
    frameworks do not even say whether it was trained with tanh.

    Parameters
    ----------
    source : a model file in any format that can be read, or what :func:`umrnn.rnn.formats.describe` made of it.
    destination : the file to write; never ``source``, and another one only where umrnn wrote it, or with ``force``.
    format : as in :func:`umrnn.rnn.formats.save`.
    layout : of a raw ``source``, as in :func:`umrnn.rnn.formats.load`.
    metadata : what to store with the weights; by default what ``source`` says of itself.
    names : of the tensors of a PyTorch file that is written; default: those it came with.
    check : logits of the framework that trained it; nothing is written where they differ.

    Raises
    ------
    InputError
        If ``destination`` cannot be written, or is a file that umrnn did not write; checked before the work.
    ModelError
        If ``source`` cannot be read, or a weight is beyond the range of float32 where that is what is written.
    MissingExtra
        If a format needs a library that is not installed; for ``destination`` checked before the work.
    CheckFailed
        If the logits are not those of ``check``.
    """
    written_format = format_of(destination, format)
    given = source.path if isinstance(source, ModelFile) else source
    target = _target(given, destination, written_format, force=force)
    file = source if isinstance(source, ModelFile) else describe(source, layout=layout)
    difference = None if check is None else check.difference(file.model)
    home = names or (file.roles if file.format == "torch" and file.roles and not file.roles.embedding else None)
    about = file.metadata if metadata is None else metadata
    save(file.model, target, metadata=about, format=written_format, names=home)
    after = _read_back(file, target) if written_format in READABLE else in_float32(file.model)
    corpus = Corpus.siteinfo()
    return Conversion(
        source_format=file.format,
        destination_format=written_format,
        activation=file.activation or "taken as tanh",
        before=file.model,
        after=after,
        bytes_written=target.stat().st_size,
        max_abs_logit_difference=_largest(logits(file.model, corpus), logits(after, corpus)),
        max_abs_framework_difference=difference,
        framework=None if check is None else check.name,
        provenance=provenance(
            corpus,
            parameters={"source": str(given), "destination": str(destination), "format": format, "layout": layout},
            model=file.provenance(),
        ),
    )


def _read_back(file: ModelFile, target: Path) -> Elman:
    """The network as it was written; a PyTorch file holds the symbols of an alphabet and does not name them."""
    return describe(target, alphabet=file.alphabet if format_of(target) == "torch" else None).model


def _target(source: str | os.PathLike[str], destination: str | os.PathLike[str], format: str, *, force: bool) -> Path:
    """Where to write, checked before the work."""
    target = writable_file(destination, "the destination", keep={"the source": source})
    need_library(format)
    if target.is_file() and not force and not is_ours(target):
        raise InputError(
            f"{target} is there, and is no model that umrnn wrote",
            hint="overwrite it with --force, or name another file",
        )
    return target


def _largest(a: NDArray[Any], b: NDArray[Any]) -> float:
    with np.errstate(all="ignore"):  # equal infinities do not differ
        difference = np.abs(a.astype(np.float64) - b.astype(np.float64))
    return float(np.where(a == b, 0.0, difference).max())
