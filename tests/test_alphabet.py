"""Alphabets: which byte stands for which symbol, and texts recoded to them."""

import json
from pathlib import Path

import numpy as np
import pytest

from umrnn.alphabet import Alphabet
from umrnn.corpus import Corpus
from umrnn.errors import InputError

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

SYMBOLS = ("\n", " ", "a", "é", "b", "ß", "日")


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "content",
    [
        list(SYMBOLS),
        "".join(SYMBOLS),
        {symbol: number for number, symbol in enumerate(SYMBOLS)},
        {str(number): symbol for number, symbol in enumerate(SYMBOLS)},
        {"stoi": {symbol: number for number, symbol in enumerate(SYMBOLS)}, "vocab_size": 7, "name": "tiny"},
        {"itos": list(SYMBOLS), "stoi": {symbol: number for number, symbol in enumerate(reversed(SYMBOLS[::-1]))}},
    ],
)
def test_in_file__as_char_rnns_save_them(tmp_path, content):
    assert Alphabet.in_file(written(tmp_path / "v.json", content)).symbols == SYMBOLS


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ([], "must hold an alphabet"),
        ({}, "must hold an alphabet"),
        (3, "must hold an alphabet"),
        ([97, 200], "must hold an alphabet"),  # Latin-1, or half of a character?
        ({"a": 0, "b": 2}, "must hold an alphabet"),  # a gap
        ({"a": 0, "b": 0}, "must hold an alphabet"),
        ({"one": ["a"], "two": ["b"]}, "must hold an alphabet"),
        (["a", "a"], "must be distinct and not empty, got 'a' more than once"),
        (["a", ""], "must be distinct and not empty, got the empty one"),
        ([chr(1000 + number) for number in range(257)], "must have 1 to 256 symbols, one byte each, got 257"),
    ],
)
def test_in_file__what_is_none(tmp_path, content, rule):
    with pytest.raises(InputError, match=rule) as caught:
        Alphabet.in_file(written(tmp_path / "v.json", content))
    assert "v.json" in caught.value.message
    assert "\n" not in caught.value.message


def test_in_file__unreadable(tmp_path):
    (tmp_path / "v.json").write_text("{")
    for path in (tmp_path / "v.json", tmp_path / "none.json"):
        with pytest.raises(InputError, match="cannot be read as JSON"):
            Alphabet.in_file(path)


@hypothesis.settings(deadline=None, database=None, derandomize=True, max_examples=60)
@hypothesis.given(symbols=st.lists(st.characters(codec="utf-8"), min_size=1, max_size=256, unique=True), data=st.data())
def test_codes__one_byte_per_symbol_and_back(symbols, data):
    alphabet = Alphabet(tuple(symbols))
    assert len(set(alphabet.codes)) == len(symbols)
    assert all(code == ord(s) for s, code in zip(symbols, alphabet.codes) if ord(s) < 128)
    text = "".join(data.draw(st.lists(st.sampled_from(symbols), min_size=1, max_size=50)))
    codes = alphabet.encode(text)
    assert len(codes) == len(text)
    assert alphabet.decode(codes) == text
    recoded = alphabet.recode(Corpus.from_bytes(text.encode()))
    assert bytes(recoded.data) == codes
    assert int(alphabet.lengths[recoded.data].sum()) == len(text.encode())
    assert Alphabet.read(json.loads(json.dumps(alphabet.record()))) == alphabet


def test_recode__ascii_stays_as_it_is():
    corpus = Corpus.from_bytes(b"abba").slice(1)
    assert Alphabet(("b", "a")).recode(corpus) is corpus
    with pytest.raises(InputError, match="'b' at 1 is not in the alphabet of the network"):
        Alphabet(("a", "c")).recode(corpus)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ("béz".encode(), "'z' at 2 is not in the alphabet of the network, before 'z'"),
        ("é".encode()[:1] + b"a", "is not UTF-8 at byte 0"),
    ],
)
def test_recode__what_is_not_in_the_alphabet(data, rule):
    with pytest.raises(InputError, match=rule):
        Alphabet(("b", "é", "a")).recode(Corpus.from_bytes(data))


def test_encode__symbols_of_several_characters_occur_in_no_text():
    alphabet = Alphabet(("<pad>", "<", "p"))
    assert alphabet.encode("<p") == b"<p"
    assert alphabet.decode(bytes([alphabet.codes[0], 0])) == "<pad>�"


@pytest.mark.parametrize("record", [None, 3, {}, {"symbols": "ab"}, {"symbols": [1]}, {"symbols": ["a", "a"]}])
def test_read__anything_else(record):
    assert Alphabet.read(record) is None


def test_lengths__of_impossible_bytes_are_zero():
    lengths = Alphabet(("a", "é", "日")).lengths
    assert lengths[[97, 128, 129]].tolist() == [1, 2, 3]
    assert np.count_nonzero(lengths) == 3
