"""State features equal a reader that goes byte by byte."""

import numpy as np
import pytest

from tests.corpora import small
from umrnn.corpus import Corpus
from umrnn.um.features import FEATURES

TEXT = b"<a b='c'>\n some  Words\t<br/> 12</a></a>|<x><y><z></z> averyveryverylongword>"


def by_hand(data: bytes) -> dict[str, list[int]]:
    spaces, markup = b" \t\n\r\v\f", b"<>/&=\"'[]{}|"

    def kind(byte: int) -> int:
        tests = (97 <= byte <= 122, 65 <= byte <= 90, 48 <= byte <= 57, byte in spaces, byte in markup)
        return next((number for number, true in enumerate(tests, start=1) if true), 0)

    out: dict[str, list[int]] = {name: [] for name in FEATURES}
    word = tag = depth = solid = 0
    for t, byte in enumerate(data):
        word = 0 if byte in b" \n\t" else word + 1
        tag = 1 if byte == ord("<") else 0 if byte == ord(">") else tag
        if byte == ord("<"):
            depth += 1
        if byte == ord("/"):
            depth -= 2 * (t > 0 and data[t - 1] == ord("<"))
        if byte == ord(">"):
            depth -= t > 0 and data[t - 1] == ord("/")
        depth = max(depth, 0)
        solid = solid if kind(byte) == 4 else kind(byte)
        before = kind(data[t - 1]) if t else 0
        values = (kind(byte), tag, min(word, 15), before, int(before == 4), min(depth, 7), solid, t % 8)
        for name, value in zip(FEATURES, values):
            out[name].append(value)
    return out


@pytest.mark.parametrize(
    "corpus", [*(corpus for _, corpus in small()), Corpus.from_bytes(TEXT), Corpus.siteinfo()], ids=repr
)
def test_features__are_what_a_reader_sees(corpus: Corpus) -> None:
    expected = by_hand(corpus.data.tobytes())
    for name, feature in FEATURES.items():
        column = feature(corpus)
        assert column.dtype == np.uint8
        assert column.tolist() == expected[name], name
