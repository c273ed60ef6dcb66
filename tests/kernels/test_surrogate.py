"""Surrogate texts against their definition by lists."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import corpora
from tests.naive.surrogate import rearranged
from umrnn.corpus import Corpus
from umrnn.um.surrogate import Surrogates


def test_draw__equals_definition_on_small_corpora() -> None:
    for name, corpus in corpora.small():
        for offsets in ((), (1,), (2, 1), (3, 1, 2)):
            first = max(offsets, default=0)
            if len(corpus) <= first:
                continue
            drawn = Surrogates.of(corpus, offsets, first).draw(np.random.default_rng(4))
            uniform = np.random.default_rng(4).random(len(corpus) - first)
            expected = rearranged(corpus.data.tolist(), offsets, first, uniform.tolist())
            assert drawn.data.tolist() == expected, (name, offsets)


@settings(deadline=None, max_examples=100)
@given(
    st.text("ab", min_size=5, max_size=40) | st.text("abcd", min_size=5, max_size=40),
    st.lists(st.integers(1, 4), unique=True, max_size=3),
    st.integers(0, 9),
)
def test_draw__equals_definition_on_any_text(text: str, offsets: list[int], seed: int) -> None:
    corpus = Corpus.from_bytes(text.encode())
    drawn = Surrogates.of(corpus, offsets, 4).draw(np.random.default_rng(seed))
    uniform = np.random.default_rng(seed).random(len(corpus) - 4)
    assert drawn.data.tolist() == rearranged(list(text.encode()), offsets, 4, uniform.tolist())


@pytest.mark.parametrize("offsets", [(), (1,), (1, 8), (1, 8, 20, 3)])
def test_draw__has_the_bytes_of_the_text(offsets: tuple[int, ...]) -> None:
    corpus = Corpus.siteinfo()
    first, second = (Surrogates.of(corpus, offsets, 20).draw(np.random.default_rng(k)).data for k in range(2))
    assert sorted(first) == sorted(corpus.data)
    assert first[:20].tolist() == corpus.data[:20].tolist()
    assert (first != second).any()


def test_draw__keeps_what_the_chosen_offset_says() -> None:
    """With offset 1 nearly all pairs of the text are pairs of the surrogate, as many times; with none, few are."""
    corpus = corpora.markov(2000)

    def kept(offsets: tuple[int, ...]) -> float:
        drawn = Surrogates.of(corpus, offsets, 1).draw(np.random.default_rng(0))
        tables = [
            np.bincount(256 * text[:-1] + text[1:], minlength=1 << 16)
            for text in (corpus.data.astype(np.int64), drawn.data.astype(np.int64))
        ]
        return float(np.minimum(*tables).sum() / (len(corpus) - 1))

    assert kept((1,)) > 0.97
    assert kept(()) < 0.8
