"""Carrier: the untrained dynamics of a shift register, which holds the codes of the last bytes.

group 0:     h = tanh(10 code(x_t))                  group g >= 1:  h = tanh(5 times group g - 1 at t - 1)
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import contiguous, integer
from umrnn.construct.kernels import carrier as kernels
from umrnn.construct.register.codes import LARGEST_CODE, Codes, bit_names, byte_codes, code_groups, usual_bits
from umrnn.construct.register.counts import SPARE
from umrnn.corpus import Corpus, byte_counts
from umrnn.errors import InputError
from umrnn.parallel import map_ordered, pool
from umrnn.rnn.blas import one_thread
from umrnn.rnn.kernels.records import Floats
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["Carrier", "Encoding", "sign_rows"]

_INPUT, _CARRY = 10.0, 5.0
_GROUPS = 16  # as published
_ROWS = 1 << 14  # states that one thread gathers at a time
_CHECKED, _WORK = 4096, 1 << 31  # most bytes, and multiply-adds, of the run that checks the encoding


@dataclass(frozen=True)
class Encoding:
    """What the states of the network say about the bytes it has read.

    Parameters
    ----------
    accuracy : share of groups (those that hold a byte, at all states looked at) with the signs of that byte
    bytes_accuracy : share decoded to the very byte, where bytes of one code pass for the commonest of them
    positions : states looked at
    """

    accuracy: float
    bytes_accuracy: float
    positions: int


@final
@dataclass(frozen=True, eq=False, repr=False)
class Carrier:
    """A shift register of G groups of B neurons; group g holds the code of the byte at lag g.

    Parameters
    ----------
    codes : shape (256, B), int8, -1 and +1
    groups : G; G * B <= 2048
    hash : the design that made the codes, as :meth:`of` takes it
    seed : what random codes were drawn from

    Raises
    ------
    InputError
        If the neurons are more than 2048, or the codes are not of -1 and +1.

    Examples
    --------
    >>> Carrier.of("mixed")
    Carrier(16 groups x 8 bits, 170 codes)
    """

    codes: Codes
    groups: int
    hash: str = "given"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.codes.ndim != 2 or len(self.codes) != ALPHABET or not np.all(np.abs(self.codes) == 1):
            raise InputError(f"codes must be (256, bits) of -1 and +1, got an array of shape {self.codes.shape}")
        object.__setattr__(self, "codes", contiguous(self.codes, np.int8))
        integer("groups", self.groups, 1)
        if self.hidden > LARGEST_CODE:
            raise InputError(
                f"groups x bits must be at most {LARGEST_CODE}, got {self.groups} x {self.bits} = {self.hidden}"
            )

    def __repr__(self) -> str:
        return f"Carrier({self.groups} groups x {self.bits} bits, {self.distinct_codes} codes)"

    @classmethod
    def of(
        cls,
        hash: str = "mixed",
        bits: int | None = None,
        groups: int | None = None,
        *,
        hidden: int | None = None,
        seed: int = 0,
        length: int | None = None,
    ) -> "Carrier":
        """The register with codes by ``hash``, see :func:`umrnn.construct.register.codes.byte_codes`.

        Parameters
        ----------
        bits : B; default: 8, for hybrid 16
        groups : G; default: as many as ``hidden`` asks for, or 16, or where there are only ``length`` bytes as many as
            these can fill
        hidden : neurons in all; must be groups x bits
        seed : of random codes

        Examples
        --------
        >>> Carrier.of(length=12).groups, Carrier.of(hidden=64).groups
        (9, 8)
        """
        width = usual_bits(hash) if bits is None else bits
        codes = byte_codes(hash, width, seed)
        if hidden is None:
            usual = _GROUPS if length is None else max(1, min(_GROUPS, length - SPARE))
            return cls(codes, usual if groups is None else groups, hash, seed)
        count = max(1, integer("hidden", hidden, 1) // width) if groups is None else integer("groups", groups, 1)
        if count * width != hidden:
            raise InputError(
                f"hidden must be groups x bits, got {hidden} for {count} x {width}",
                hint=f"take --hidden {count * width}, or other --groups and --bits",
            )
        return cls(codes, count, hash, seed)

    def parameters(self) -> dict[str, Any]:
        """What a result says of its carrier."""
        return {"hash": self.hash, "groups": self.groups, "bits": self.bits}

    @property
    def bits(self) -> int:
        """B, neurons per group."""
        return int(self.codes.shape[1])

    @property
    def hidden(self) -> int:
        """H = G B, neurons."""
        return self.groups * self.bits

    @cached_property
    def distinct_codes(self) -> int:
        """How many of the 256 bytes have a code of their own, or share one counted once."""
        return len(code_groups(self.codes))

    @cached_property
    def levels(self) -> NDArray[np.float64]:
        """|h| of each group once it holds a byte, (G,): tanh 10 = 1 - 4e-9, from then on about .9999."""
        levels = [np.tanh(_INPUT)]
        while len(levels) < self.groups:
            levels.append(np.tanh(_CARRY * levels[-1]))
        return contiguous(levels)

    def states(
        self,
        corpus: Corpus,
        start: int = 0,
        stop: int | None = None,
        *,
        signs: bool = False,
        dtype: Any = np.float32,
        threads: int | Executor | None = None,
    ) -> Floats:
        """States h after reading the bytes ``[start, stop)``, (stop - start, H), as the network itself has them.

        Nothing is run: each group is looked up, so any range costs the same. Groups that reach back before the corpus
        are 0.

        Parameters
        ----------
        signs : -1, 0 and +1 in place of the values
        """
        end = len(corpus) if stop is None else stop
        if not 0 <= start < end <= len(corpus):
            raise InputError(f"states must satisfy 0 <= start < stop <= {len(corpus)}, got {start}:{end}")
        table = contiguous(self._scaled(signs)[:, None, None] * self.codes, dtype)
        out = np.empty((end - start, self.hidden), dtype)

        def gather(first: int) -> None:
            kernels.gather_states(corpus.data, first, table, out[first - start : first - start + _ROWS])

        with pool(threads if end - start > _ROWS else 1) as executor:
            list(map_ordered(gather, range(start, end, _ROWS), executor))
        return contiguous(out)

    def tables(self, W_y: Floats, *, signs: bool = False) -> NDArray[np.float64]:
        """What each byte in each group adds to the logits W_y h, shape (G, 256, V). W_y (V, H)."""
        weights = np.asarray(W_y, np.float64).reshape(len(W_y), self.groups, self.bits)
        codes = self.codes.astype(np.float64)
        with one_thread():
            return np.stack([s * codes @ weights[:, g].T for g, s in enumerate(self._scaled(signs))])

    def elman(self, W_y: Floats, b_y: Floats, dtype: Any = np.float32) -> Elman:
        """The network: this carrier, read out by W_y (256, H) and b_y (256,)."""
        W_x, W_h = np.zeros((self.hidden, ALPHABET), dtype), np.zeros((self.hidden, self.hidden), dtype)
        W_x[: self.bits] = _INPUT * self.codes.T
        later = np.arange(self.bits, self.hidden)
        W_h[later, later - self.bits] = _CARRY
        read_out = (np.asarray(array).astype(dtype) for array in (W_y, b_y))
        return Elman(W_x, W_h, np.zeros(self.hidden, dtype), *read_out)

    def decode(self, states: Floats, first: int = 0) -> NDArray[np.int64]:
        """The code each group of each state holds, as the smallest byte that has it; shape (T, G).

        -1 where no byte has these signs, -2 where the group reaches back before the corpus. ``first`` is the position
        of the first state.
        """
        representative = np.array([group[0] for group in code_groups(self.codes)])
        found = np.empty((len(states), self.groups), np.int64)
        kernels.match_codes(contiguous(states), contiguous(self.codes[representative]), first, found)
        return np.where(found >= 0, representative[found], found)

    def encoding(self, corpus: Corpus) -> Encoding:
        """Run the network over the beginning of ``corpus`` and decode its states."""
        part = corpus.slice(0, min(len(corpus), max(2 * self.groups, min(_CHECKED, _WORK // self.hidden**2))))
        zero = np.zeros((ALPHABET, self.hidden), np.float32)
        found = self.decode(trace(self.elman(zero, zero[:, 0]), part).states())
        groups = code_groups(self.codes)
        smallest, commonest = np.empty(ALPHABET, np.int64), np.empty(ALPHABET, np.int64)
        counts = byte_counts(part.data)
        for group in groups:
            smallest[list(group)] = group[0]
            commonest[list(group)] = group[int(np.argmax(counts[list(group)]))]
        right = same = total = 0
        for g in range(min(self.groups, len(part))):
            held, read = found[g:, g], part.data[: len(part) - g].astype(np.int64)
            right += int(np.sum(held == smallest[read]))
            same += int(np.sum(np.where(held >= 0, commonest[held], held) == read))
            total += len(held)
        return Encoding(right / total, same / total, len(part))

    def _scaled(self, signs: bool) -> NDArray[np.float64]:
        return np.ones(self.groups) if signs else self.levels


def sign_rows(carrier: Carrier, counts: NDArray[np.int64]) -> tuple[tuple[Any, ...], ...]:
    """Of each sign its number, what it stands for, how many of the 256 bytes have +, and their share of the text."""
    plus = carrier.codes > 0
    share = counts @ plus / counts.sum()
    names = bit_names(carrier.hash, carrier.bits)
    return tuple((j, name, int(plus[:, j].sum()), float(share[j])) for j, name in enumerate(names))
