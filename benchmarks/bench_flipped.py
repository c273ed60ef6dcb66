"""Guard: every byte of a corpus left out in turn, 50 positions on, against one run of the network per byte; one thread.

pytest benchmarks/bench_flipped.py --benchmark-enable
"""

import numpy as np
import pytest

from benchmarks.harness import ratio
from umrnn.corpus import Corpus
from umrnn.interpret.replaced.runs import flipped_runs, replacements
from umrnn.progress import Work
from umrnn.rnn.blas import one_thread
from umrnn.rnn.shipped import shipped
from umrnn.rnn.trace import trace
from umrnn.rnn.weights import Elman

DEPTH = 50
CORPUS = Corpus.siteinfo()


class LeftOut:
    """Rise of the bits of the next 51 bytes when each byte is replaced, either way; shape (n - 1, 51)."""

    def __init__(self, model: Elman) -> None:
        self.model, self.other = model, replacements(CORPUS, "unseen")
        self.asked = np.ones(len(CORPUS), np.bool_)

    def together(self):
        runs = flipped_runs(self.model, CORPUS, self.other, self.asked, DEPTH + 1, work=Work(1))
        return np.concatenate([runs.delta_bits for runs in runs])

    def one_by_one(self):
        """From the state before the changed byte, as far as its effect is asked for, by the library's own run."""
        with one_thread():
            plain = trace(self.model, CORPUS)
            bits, h = plain.bits(), plain.states()
            out = np.zeros((len(bits), DEPTH + 1))
            for s in range(len(bits)):
                data = CORPUS.data[s : s + DEPTH + 2].copy()
                data[0] = self.other[s]
                before = h[s - 1] if s else None
                altered = trace(self.model, Corpus.from_bytes(data), before=before).bits()
                out[s, : len(altered)] = altered - bits[s : s + DEPTH + 1]
        return out


# Measured 3.2: products of matrices take 0.9 of our 1.4 µs per byte and position, whichever way they are batched; runs
# of one byte after another, which give no divergence and no signs, take 4.6.
@pytest.mark.benchmark(group="leave-one-out")
def test_flipped_runs__against_one_run_each(benchmark):
    both = LeftOut(shipped())
    # In float32 a run that comes near a change of course may take either: rounding, not the effect, decides there.
    wide = LeftOut(shipped().astype(np.float64))
    np.testing.assert_allclose(wide.together(), wide.one_by_one(), atol=1e-7)
    assert np.median(np.abs(both.together() - both.one_by_one())) < 1e-4
    assert ratio(benchmark, both.together, both.one_by_one, named="trace, once per byte", rounds=5) >= 2.5
