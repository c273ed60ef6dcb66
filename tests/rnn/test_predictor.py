"""Whatever predicts bytes is scored alike: a network, a read-out of past bytes, anything that has surprises."""

import itertools

import numpy as np
import pytest

from tests import corpora
from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.nulls import Null
from umrnn.rnn.predictor import surprises
from umrnn.rnn.score import bits_after, bits_per_byte


class Counting:
    """A byte costs as many bits as its index, in blocks of uneven length: every sum is plain."""

    def __init__(self, *cuts: int) -> None:
        self.cuts = cuts

    def surprises(self, corpus):
        edges = [0, *(cut for cut in self.cuts if cut < len(corpus) - 1), len(corpus) - 1]
        for start, stop in itertools.pairwise(edges):
            yield start, np.arange(start + 1, stop + 1, dtype=np.float64)


@pytest.mark.parametrize("cuts", [(), (1,), (3, 4, 9), tuple(range(1, 20))])
@pytest.mark.parametrize("boundary", [2, 3, 10, 20])
def test_score__of_anything_that_has_surprises(cuts, boundary):
    corpus, model = Corpus.from_bytes(bytes(21)), Counting(*cuts)
    assert bits_per_byte(model, corpus) == np.mean(range(1, 21))
    assert bits_after(model, corpus, boundary) == np.mean(range(boundary, 21))


def test_evaluate__of_anything_that_has_surprises():
    found = rnn.evaluate(Counting(7), Corpus.from_bytes(bytes(9)), null=Null(0))
    assert found.bpc == 4.5
    assert found.provenance["model"] is None
    assert found.standing.scored == "unknown"


@pytest.mark.parametrize(("name", "corpus"), [(n, c) for n, c in corpora.small() if len(c) > 1])
def test_surprises__of_a_network_are_those_of_its_trace(name, corpus):
    model = rnn.initial(3)
    whole = np.concatenate([bits for _, bits in surprises(model, corpus)])
    assert np.array_equal(whole, rnn.trace(model, corpus).bits())
