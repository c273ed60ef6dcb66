"""Proof that a network read from a file is the one that was trained: its logits beside those of the framework."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umrnn._validate import positive
from umrnn.alphabet import Alphabet
from umrnn.corpus import Corpus
from umrnn.errors import CheckFailed, InputError
from umrnn.rnn.formats import describe_contents
from umrnn.rnn.formats.symbols import gathered
from umrnn.rnn.formats.torch_state import library
from umrnn.rnn.model_file import ModelFile
from umrnn.rnn.weights import ALPHABET, Elman

__all__ = ["LogitCheck", "logits", "pytorch_logits", "verification_text"]

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class LogitCheck:
    """Logits that a framework gave, one row per byte read from a state of 0, and how near ours must be.

    Parameters
    ----------
    name : where they are from
    corpus : the bytes read
    expected : shape (T, 256), or (T, V) for the symbols of ``alphabet`` in their order
    tolerance : largest difference allowed
    alphabet : of a network over other symbols than bytes
    """

    name: str
    corpus: Corpus
    expected: Doubles
    tolerance: float = 1e-3
    alphabet: Alphabet | None = None

    @classmethod
    def in_files(
        cls,
        path: str | os.PathLike[str],
        corpus: str | os.PathLike[str],
        tolerance: float = 1e-3,
        alphabet: Alphabet | None = None,
    ) -> "LogitCheck":
        """From an npy file of logits, (T, V) or (1, T, V), and the file of the T bytes, or symbols, read.

        Raises
        ------
        InputError
            If a file cannot be read, or there is not one row of V finite numbers per symbol.
        """
        text = Corpus.open(corpus)
        text, size = (text, ALPHABET) if alphabet is None else (alphabet.recode(text), len(alphabet))
        try:
            given = np.load(Path(path), mmap_mode="r", allow_pickle=False)
            shape = given.shape[1:] if given.ndim == 3 and given.shape[0] == 1 else given.shape
        except (OSError, ValueError, EOFError, AttributeError) as problem:
            reason = getattr(problem, "strerror", None) or "it is no npy file of numbers"
            raise InputError(f"{path} cannot be read: {reason}", hint="write it with numpy.save") from None
        symbol = "byte" if alphabet is None else "symbol"
        if shape != (len(text), size) or given.dtype.kind != "f":
            raise InputError(
                f"{path} must hold floating-point logits of shape ({len(text)}, {size}), one row per {symbol} of "
                f"{corpus}, got {given.dtype} of {given.shape}"
            )
        expected = np.array(given, np.float64).reshape(shape)
        if not np.isfinite(expected).all():
            raise InputError(f"{path} must hold finite numbers only")
        return cls(str(path), text, expected, positive("tolerance", tolerance), alphabet)

    def difference(self, model: Elman) -> float:
        """Largest difference of any logit.

        Raises
        ------
        CheckFailed
            If it is above the tolerance, or not a number.
        """
        rows = np.abs(self._ours(model, np.tanh) - self.expected).max(axis=1)
        if (largest := float(rows.max())) <= self.tolerance:
            return largest
        with np.errstate(all="ignore"):
            other = np.abs(self._ours(model, _relu) - self.expected).max()
        hint = (
            "they are the logits of a relu network: an Elman has tanh, so it cannot be taken over"
            if other <= self.tolerance
            else "another nonlinearity, other names (--names), or another first state than 0; compare the first rows"
        )
        at = int(np.argmax(~(rows <= self.tolerance)))
        raise CheckFailed(
            f"the logits are not those of {self.name}: they differ by {largest:.3g}, after byte {at} by "
            f"{rows[at]:.3g}, where {self.tolerance:g} is allowed",
            hint=hint,
        )

    def _ours(self, model: Elman, activation: Callable[[Any], Any]) -> Doubles:
        found = logits(model, self.corpus, activation)
        return found if self.alphabet is None else found[:, list(self.alphabet.codes)]


def logits(model: Elman, corpus: Corpus, activation: Callable[[Any], Any] = np.tanh) -> Doubles:
    """Logits after each byte, in float64 whatever the dtype of the weights, shape (T, 256)."""
    W_x, W_h, b_h, W_y, b_y = (array.astype(np.float64) for array in model.arrays().values())
    h = np.zeros(model.hidden)  # (H,)
    states = np.empty((len(corpus), model.hidden))  # (T, H)
    with np.errstate(over="ignore", invalid="ignore"):  # weights near the end of float64; tanh takes infinities
        for t, byte in enumerate(corpus.data):
            h = activation(W_x[:, byte] + W_h @ h + b_h)
            states[t] = h
        return np.asarray(states @ W_y.T + b_y)  # (T, V)


def pytorch_logits(file: ModelFile, corpus: Corpus, tolerance: float = 1e-3) -> LogitCheck:
    """Logits of ``torch.nn.RNN`` itself, in float64, with the tensors as they lie in the file.

    Raises
    ------
    MissingExtra
        If PyTorch is not installed.
    InputError
        If the file holds one layer of several: there is no read-out.
    """
    torch = library()
    roles, contents = file.roles, None if file.roles is None else describe_contents(file.path)
    if roles is not None and not roles.W_y:
        raise InputError("one layer of a deeper network has no read-out, and so no logits to verify")
    alphabet, model = file.alphabet, file.model
    own = gathered(model.arrays(), alphabet)

    def tensors(role: str) -> list[Any]:
        """As they lie in the file, in float64; of a file with umrnn's names, the array itself."""
        if roles is None or contents is None:
            return [torch.tensor(np.asarray(own[role], np.float64))]
        given = [(name, contents.read(name.removesuffix(".T"))) for name in getattr(roles, role)]
        return [torch.tensor((a.T if name.endswith(".T") else a).astype(np.float64)) for name, a in given]

    (W_x,), (W_h,), (W_y,) = tensors("W_x"), tensors("W_h"), tensors("W_y")
    biases, b_y = tensors("b_h"), tensors("b_y")
    layer = torch.nn.RNN(W_x.shape[1], model.hidden, batch_first=True, dtype=torch.float64)
    zeros = torch.zeros(model.hidden, dtype=torch.float64)
    both = (*biases, zeros, zeros)[:2] if len(biases) <= 2 else (sum(biases), zeros)
    layer.load_state_dict({"weight_ih_l0": W_x, "weight_hh_l0": W_h, "bias_ih_l0": both[0], "bias_hh_l0": both[1]})
    codes = torch.tensor(_numbers(corpus, alphabet))
    table = tensors("embedding")[0] if roles and roles.embedding else torch.eye(len(W_y), dtype=torch.float64)
    with torch.no_grad():
        states, _ = layer(torch.nn.functional.embedding(codes, table)[None])
        found = torch.nn.functional.linear(states[0], W_y, *b_y)
    return LogitCheck(f"torch.nn.RNN of PyTorch {torch.__version__}", corpus, found.numpy(), tolerance, alphabet)


def verification_text(alphabet: Alphabet | None) -> Corpus:
    """What a network is verified on: every byte, or symbol of its alphabet, in random order.

    Few are better than many: our float32 sum of two biases is not their sum in float64, and in a chaotic network such
    a rounding grows with every byte read.
    """
    codes = np.arange(ALPHABET) if alphabet is None else np.array(alphabet.codes)
    order = np.random.default_rng(0).permutation(np.tile(codes, max(1, ALPHABET // 2 // len(codes))))
    return Corpus.from_bytes(order.astype(np.uint8), "every symbol in random order")


def _numbers(corpus: Corpus, alphabet: Alphabet | None) -> NDArray[np.int64]:
    """Each byte as the number of its symbol."""
    if alphabet is None:
        return corpus.data.astype(np.int64)
    numbers = np.zeros(ALPHABET, np.int64)
    numbers[list(alphabet.codes)] = np.arange(len(alphabet))
    return np.asarray(numbers[corpus.data])


def _relu(values: Any) -> Any:
    return np.maximum(values, 0)
