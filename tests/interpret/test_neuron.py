"""A card says of its neuron what the readings of the whole network say."""

import numpy as np
import pytest

from umrnn import rnn
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.interpret.factor_map import factor_map
from umrnn.interpret.knockout import knockout
from umrnn.interpret.neuron import neuron
from umrnn.interpret.saturation import saturation
from umrnn.nulls import Check, Null


def test_card__is_a_row_of_every_reading() -> None:
    corpus, model, lags = Corpus.siteinfo().slice(0, 300), rnn.shipped(), (0, 1, 7)
    card = neuron(model, corpus, 8, lags, check=Check(null=Null(5)))
    row = factor_map(model, corpus, lags, check=Check(null=Null(5))).neurons[8]
    for name in ("lags", "cells", "neuron"):
        assert getattr(card.factors, name) == getattr(row, name)
    for name in ("r2", "null_r2", "loo_r2", "held_out_r2"):
        assert getattr(card.factors, name) == pytest.approx(getattr(row, name), abs=1e-9)
    assert card.knocked_out == knockout(model, corpus, null=Null(0)).rows[8]
    assert card.saturation == saturation(model, corpus, null=Null(0)).rows[8]


def test_card__lists_what_the_arrays_hold() -> None:
    corpus, model = Corpus.siteinfo().slice(0, 300), rnn.shipped()
    tables = neuron(model, corpus, 8, (0, 1), top=3, check=Check(null=Null(0))).tables()
    h = rnn.trace(model, corpus).states()[:, 8]
    highest = tables["highest"].rows
    assert [row[0] for row in highest] == np.argsort(-h, kind="stable")[:3].tolist()
    for position, state, context, follows in highest:
        assert state == h[position]
        assert corpus.data[: position + 1].tobytes().endswith(context)
        assert follows == corpus.data[position + 1 : position + 2].tobytes()
    for other, weight in tables["sources"].rows:
        assert weight == model.W_h[8, other]
    for other, weight in tables["targets"].rows:
        assert weight == model.W_h[other, 8]
    for a, b, count, mean, spread in tables["cells"].rows:
        here = [t for t in range(1, 300) if (corpus.data[t : t + 1], corpus.data[t - 1 : t]) == (a[0], b[0])]
        assert count == len(here)
        assert (mean, spread) == pytest.approx((h[here].mean(dtype=float), h[here].std(dtype=float)), abs=1e-9)


def test_card__after_the_last_byte_nothing_follows() -> None:
    corpus = Corpus.from_bytes(b"abcd")
    rows = neuron(rnn.initial(1), corpus, 0, top=9, check=Check(null=Null(0))).tables()["highest"].rows
    assert {row[0]: row[3] for row in rows} == {0: b"b", 1: b"c", 2: b"d", 3: None}


@pytest.mark.parametrize("index", [-1, 2])
def test_card__of_no_neuron_is_refused(index: int) -> None:
    with pytest.raises(InputError, match=rf"neuron must be in \[0, 1\], got {index}"):
        neuron(rnn.initial(2), Corpus.siteinfo(), index)
