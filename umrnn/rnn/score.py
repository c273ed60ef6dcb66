"""The loss of a predictor in bits per byte: on a whole corpus, or from a boundary on."""

from umrnn.corpus import Corpus, reads_text
from umrnn.errors import InputError
from umrnn.progress import Work
from umrnn.rnn.predictor import Predictor, surprises
from umrnn.rnn.weights import Elman

__all__ = ["bits_after", "bits_per_byte", "check_predicts"]


def check_predicts(corpus: Corpus) -> int:
    """The number of targets of ``corpus``, or an error where there is none."""
    if len(corpus) < 2:
        raise InputError(
            "a corpus of one byte has nothing to predict", hint="name a corpus or a range of at least two bytes"
        )
    return len(corpus) - 1


@reads_text
def bits_per_byte(model: Elman | Predictor, corpus: Corpus, *, work: Work = Work()) -> float:
    """Mean of -log2 p(x_{t+1}) over t = 0..n-2, in bits per byte; a network begins with h_{-1} = 0.

    Examples
    --------
    >>> bits_per_byte(Elman.zeros(hidden=2), Corpus.from_bytes(b"abc"))
    8.0
    """
    check_predicts(corpus)
    return bits_after(model, corpus, 1, work=work)


def bits_after(model: Elman | Predictor, corpus: Corpus, boundary: int, *, work: Work = Work()) -> float:
    """Mean bits of the bytes from ``boundary`` >= 1 on; the model reads those before, so its state carries over."""
    total = 0.0
    work.progress.start("evaluate", len(corpus) - 1, "B")
    for first, bits in surprises(model, corpus):
        total += float(bits[max(0, boundary - 1 - first) :].sum())
        scored = first + len(bits) - (boundary - 1)
        work.progress.advance(len(bits), **({"bpc": total / scored} if scored > 0 else {}))
    work.progress.finish()
    return total / (len(corpus) - boundary)
