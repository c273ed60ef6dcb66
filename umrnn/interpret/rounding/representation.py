"""States in fewer bits: the network run, or only read out, with every state value rounded."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umrnn._validate import contiguous, integer
from umrnn.corpus import Corpus
from umrnn.interpret.kernels import rounding as kernels
from umrnn.progress import Work
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.layout import parameters
from umrnn.rnn.output_layer import OutputLayer
from umrnn.rnn.score import check_predicts
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["Representation", "represented_bits", "rounded_bits"]

_LARGEST_BLOCK = 4096  # positions
_WORK = 500_000_000  # multiply-adds in a block
_MANTISSA = {np.dtype(np.float32): 23, np.dtype(np.float64): 52}


@final
@dataclass(frozen=True)
class Representation:
    """What remains of a state value; make one with the class methods.

    Parameters
    ----------
    name : what tables call it
    mantissa_bits : bits kept below the leading one; None keeps the sign alone and writes +1 or -1
    nearest : round to the nearest, ties to even; else towards zero
    narrow : exponents below -14 are those of float16: steps of 2^-24
    """

    name: str
    mantissa_bits: int | None
    nearest: bool = False
    narrow: bool = False

    @classmethod
    def float32(cls) -> "Representation":
        """Rounded to the nearest number of 23 mantissa bits: states of a float32 network stay what they are."""
        return cls("float32", 23, nearest=True)

    @classmethod
    def float16(cls) -> "Representation":
        """Rounded to the nearest half-precision number: 10 mantissa bits, steps of 2^-24 near zero."""
        return cls("float16", 10, nearest=True, narrow=True)

    @classmethod
    def mantissa(cls, bits: int) -> "Representation":
        """Sign, exponent and the first ``bits`` mantissa bits; the others are cut off."""
        integer("mantissa_bits", bits, 0, 23)
        return cls("sign+exponent" if bits == 0 else f"mantissa {bits}", bits)

    @classmethod
    def sign(cls) -> "Representation":
        """+1 where the value is at least 0, else -1."""
        return cls("sign", None)

    def masks(self, dtype: Any) -> kernels.Rounding:
        """The same as masks for the bits of ``dtype``, float32 or float64."""
        kind = np.dtype(dtype)
        width, mantissa = 8 * kind.itemsize, _MANTISSA[kind]
        dropped = mantissa if self.mantissa_bits is None else mantissa - self.mantissa_bits
        keep, write = (1 << width) - (1 << dropped), 0
        if self.mantissa_bits is None:
            keep, write = 1 << (width - 1), int(kind.type(1).view(f"u{kind.itemsize}"))
        half = 1 << (dropped - 1) if self.nearest and dropped else 0

        def cell(value: float, of: Any) -> NDArray[Any]:
            return contiguous(np.array([value], of))

        word = np.dtype(f"u{kind.itemsize}")
        least, magic = (2.0**-14, 1.5 * 2.0 ** (mantissa - 24)) if self.narrow else (0.0, 0.0)
        return kernels.Rounding(
            cell(half, word),
            cell(dropped, word),
            cell(keep, word),
            cell(write, word),
            cell(least, kind),
            cell(magic, kind),
        )

    def of(self, values: Floats) -> Floats:
        """``values`` rounded, in their own dtype; a copy.

        Examples
        --------
        >>> Representation.mantissa(1).of(np.array([0.8, -0.3])).tolist()
        [0.75, -0.25]
        """
        out = np.array(values, order="C")
        flat = out.reshape(-1)
        kernels.round_states(self.masks(out.dtype), flat, flat.view(f"u{out.dtype.itemsize}"))
        return out


def rounded_bits(
    model: Elman, corpus: Corpus, *, mantissa_bits: int | None, fed_back: bool, work: Work = Work()
) -> float:
    """Mean bits per byte when every state value keeps its sign, its exponent and a few mantissa bits.

    The mantissa is cut off, not rounded, so values move towards zero. Weights and arithmetic stay as they are.

    Parameters
    ----------
    mantissa_bits : of the 23 of float32, 0 … 23; 0 keeps sign and exponent, None rounds nothing
    fed_back : the rounded state is what the next step reads; else only the read-out sees it

    Raises
    ------
    InputError
        If ``mantissa_bits`` is out of range or the corpus is a single byte.

    Examples
    --------
    >>> rounded_bits(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"), mantissa_bits=0, fed_back=True)
    8.0
    """
    chosen = None if mantissa_bits is None else Representation.mantissa(mantissa_bits)
    return represented_bits(model, corpus, chosen, fed_back=fed_back, work=work)


def represented_bits(
    model: Elman,
    corpus: Corpus,
    representation: Representation | None,
    *,
    fed_back: bool,
    before: ArrayLike | None = None,
    work: Work = Work(),
) -> float:
    """Mean bits per byte with every state value in ``representation`` (None leaves it), from the state ``before``.

    Examples
    --------
    >>> corpus = Corpus.from_bytes(b"abc")
    >>> represented_bits(Elman.zeros(hidden=2), corpus, Representation.sign(), fed_back=False)
    8.0
    """
    targets = check_predicts(corpus)
    read_out, total = OutputLayer(model), 0.0
    fed = _run(model, corpus, representation, before) if fed_back and representation else None
    blocks = fed if fed is not None else ((block.start, block.h) for block in trace(model, corpus, before=before))
    work.progress.start("rounded states", targets, "B")
    for start, h in blocks:
        scored = corpus.data[start + 1 : start + 1 + len(h)]
        states = h if representation is None or fed is not None else representation.of(h)
        total += float(read_out.bits(states, scored).sum())
        work.progress.advance(len(scored), bpc=total / (start + max(1, len(scored))))
    work.progress.finish()
    return total / targets


def _run(model: Elman, corpus: Corpus, representation: Representation, before: ArrayLike | None) -> Any:
    """Start and states (m, H) of each block of the run in which rounded states are fed back."""
    weights, rounding = parameters(model), representation.masks(model.dtype)
    transposed = np.ascontiguousarray(model.W_h.T)
    size = min(_LARGEST_BLOCK, max(1, _WORK // (model.hidden * (model.hidden + ALPHABET))), len(corpus))
    z, h = np.empty((size, model.hidden), model.dtype), np.empty((size + 1, model.hidden), model.dtype)
    words = h.view(f"u{model.dtype.itemsize}")
    h[0] = 0 if before is None else before
    for start in range(0, len(corpus), size):
        data = corpus.data[start : start + size]
        with one_thread():
            kernels.run_rounded(data, weights, transposed, rounding, z, h, words)
        yield start, h[1 : len(data) + 1]
        h[0] = h[len(data)]
