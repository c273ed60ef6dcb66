"""Shares of a corpus are cut exactly; chance is drawn from streams that do not depend on each other."""

from fractions import Fraction

import pytest

from umrnn.errors import InputError
from umrnn.nulls import Split, share_of


def test_share_of__whole_percents_of_every_length() -> None:
    """The share is the number that was written, not the float beside it: 29 % of 100 is 29, not 28."""
    for percent in range(1, 100):
        counted, held_out = Split(percent / 100), Split.holding_out(percent / 100)
        for n in range(1, 2001):
            assert counted.boundary(n) == n * percent // 100
            assert held_out.boundary(n) == n * (100 - percent) // 100
            assert share_of(n, percent / 100, nearest=True) == round(Fraction(n * percent, 100))


def test_share_of__lengths_that_a_float_cannot_hold() -> None:
    assert share_of(10**17 + 1, 0.5) == 5 * 10**16
    assert share_of(3 * 10**17, 0.1) == 3 * 10**16
    assert share_of(10**17, 1 - 2**-53) == 10**17 - 12  # more digits than anybody writes: the float as it is


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1e-300, float("nan"), float("inf")])
def test_split__shares_that_leave_nothing(share: float) -> None:
    with pytest.raises(InputError, match="held-out must lie between 0 and 1"):
        Split.holding_out(share)
    if share != 1e-300:
        with pytest.raises(InputError, match="fraction must lie between 0 and 1"):
            Split(share)
