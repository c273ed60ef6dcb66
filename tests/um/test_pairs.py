"""Counts of pairs of bytes, in blocks."""

import pytest

from umrnn.corpus import Corpus
from umrnn.um.pairs import pair_table

TEXT = Corpus.from_bytes(b"abracadabra, abracadabra")


@pytest.mark.parametrize("block", [1, 3, 1 << 20])
def test_pair_table__counts_pairs_in_any_blocks(block, monkeypatch):
    monkeypatch.setattr("umrnn.um.pairs._BLOCK", block)
    table = pair_table(TEXT.data[:-1], TEXT.data[1:])
    assert table.sum() == 23
    assert table[ord("b"), ord("r")] == 4
    assert table[ord(" "), ord("a")] == 1
