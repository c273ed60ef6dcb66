"""Features of a text, such as the states of a carrier, that a read-out is fitted to and scored on."""

import copy

import numpy as np

from umrnn.construct.readout.latest import affordable, outputs_of
from umrnn.construct.readout.newton import newton
from umrnn.construct.readout.regression import Linear, Regression
from umrnn.construct.readout.stochastic import fit_stochastic
from umrnn.corpus import Corpus, byte_counts
from umrnn.errors import InputError
from umrnn.nulls import share_of
from umrnn.progress import Work
from umrnn.rnn.kernels.records import Bytes, Floats
from umrnn.rnn.lanes import lane_states
from umrnn.rnn.weights import ALPHABET, Elman
from umrnn.um.marginal import smoothed_shares

__all__ = ["Features", "StateFeatures", "log_shares"]

_SHORT = 2048  # positions up to which Newton's method is the quicker way, of a usual text …
_FEW = 128  # … and outputs: what many of them need not share is fitted without end
_RIDGES = (1e-2, 1e-3, 1e-4, 1e-5)  # tried for it, while a smaller one does better
_VALIDATED = 0.25  # share of the text, its end, that the choice among them is scored on
_SEEN = 200_000  # positions that passes over a text come to in all


class Features:
    """Rows of features of a text, one per position, and the byte that follows each.

    Parameters
    ----------
    rows : shape (T, F), float32 or float64
    text : its last T bytes are the targets
    """

    def __init__(self, rows: Floats, text: Corpus, *, work: Work = Work()) -> None:
        self.rows, self.text, self.work = rows, text, work
        self.targets: Bytes = text.data[len(text) - len(rows) :]

    def __len__(self) -> int:
        return len(self.rows)

    def read_out(
        self, start: Linear | None = None, *, passes: int = 2, targets: Bytes | None = None, seed: int = 0
    ) -> Linear:
        """Fit a read-out: short texts by Newton's method with a ridge chosen on their end, others in a few passes.

        Parameters
        ----------
        start : weights to begin with (default: W = 0 and b = logarithm of the bytes' shares)
        passes : over a long text; a shorter one is passed over until 200,000 positions have been seen, or fewer where
            the bytes are of more than 64 kinds
        targets : in place of the bytes that follow
        """
        chosen = self.targets if targets is None else targets
        first = start or Linear(np.zeros((ALPHABET, self.rows.shape[1])), log_shares(self.text))
        outputs = outputs_of(self.text, len(self))
        if outputs <= _FEW and len(self) <= affordable(_SHORT, outputs):
            return self._by_newton(chosen, first)
        problem = Regression(self.rows, chosen, first, threads=self.work.threads)
        turns = max(passes, -(-affordable(_SEEN, outputs) // len(self)))
        return fit_stochastic(problem, first, passes=turns, seed=seed, progress=self.work.progress).weights

    def bits(self, weights: Linear, targets: Bytes | None = None) -> float:
        """Mean -log2 p(target)."""
        chosen = self.targets if targets is None else targets
        problem = Regression(self.rows, chosen, weights, threads=self.work.threads)
        return float(problem.bits(problem.gathered(weights)).mean())

    def _by_newton(self, targets: Bytes, start: Linear) -> Linear:
        rows, quiet = self.rows.astype(np.float64), self.work.renamed("newton").progress
        whole = Regression(rows, targets, start, threads=1)
        ridge = self._ridge(rows, targets, start)
        return newton(whole, start, ridge=ridge, tolerance=1e-6, progress=quiet).weights

    def _ridge(self, rows: Floats, targets: Bytes, start: Linear) -> float:
        """The ridge that does best on the end of the text; smaller ones are tried until one does worse."""
        quiet = self.work.renamed("newton").progress
        cut = len(self) - max(1, share_of(len(self), _VALIDATED))
        early = Regression(rows[:cut], targets[:cut], start, threads=1)
        late = Regression(rows[cut:], targets[cut:], Linear(np.eye(ALPHABET), start.b), threads=1)
        best, least = _RIDGES[0], np.inf
        for ridge in _RIDGES:
            found = newton(early, start, steps=12, ridge=ridge, tolerance=1e-4, progress=quiet).weights
            bits = float(late.bits(late.gathered(found)).mean())
            if bits > least:
                break
            best, least = ridge, bits
        return best


class StateFeatures(Features):
    """States of ``carrier`` reading ``text`` as features.

    Parameters
    ----------
    carrier : its own read-out is ignored
    text : at least three bytes
    """

    def __init__(self, carrier: Elman, text: Corpus, *, work: Work = Work()) -> None:
        if len(text) < 3:
            raise InputError(f"a read-out needs at least three bytes to be fitted to, got {len(text)}")
        super().__init__(lane_states(carrier, text, work=work.silent())[:-1], text, work=work)
        self.carrier = carrier

    def given(self, work: Work) -> "StateFeatures":
        """The same states, for other workers."""
        same = copy.copy(self)
        same.work = work
        return same

    def network(self, weights: Linear) -> Elman:
        """The carrier with this read-out."""
        kind, carrier = self.carrier.dtype, self.carrier
        return Elman(carrier.W_x, carrier.W_h, carrier.b_h, weights.W.astype(kind), weights.b.astype(kind))


def log_shares(text: Corpus) -> np.ndarray:
    """ln((count + .5) / (n + 128)) of each byte, (256,).

    Examples
    --------
    >>> bool(log_shares(Corpus.from_bytes(b"aab")).argmax() == ord("a"))
    True
    """
    return np.asarray(np.log(smoothed_shares(byte_counts(text.data))))
