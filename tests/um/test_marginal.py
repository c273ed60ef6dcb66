"""Smoothed shares against their definition, along the last axis."""

import numpy as np
import pytest

from umrnn.um.marginal import smoothed_shares


def test_smoothed_shares__are_the_definition_row_by_row():
    counts = np.random.default_rng(0).integers(0, 9, (3, 256))
    shares = smoothed_shares(counts)
    assert shares[1, 7] == (counts[1, 7] + 0.5) / (counts[1].sum() + 128)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert (smoothed_shares(np.zeros(256, int)) == 1 / 256).all()
