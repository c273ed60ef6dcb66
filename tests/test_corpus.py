"""Which bytes two corpora share, and what a corpus is when its file changes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from umrnn import _stretches, corpus
from umrnn.corpus import Corpus
from umrnn.errors import InputError
from umrnn.nulls import held_apart

TEXT = np.random.default_rng(1).integers(97, 101, 5000).astype(np.uint8)
PLACES = st.integers(0, 399)


def overlap_by_hand(one: bytes, other: bytes) -> set[int]:
    """Lengths at which the end of one is the beginning of the other."""
    most = min(len(one), len(other)) - 1
    return {k for k in range(_stretches.LEAST, most + 1) if one[-k:] == other[:k]}


@pytest.mark.parametrize("block", [7, 1 << 18])
@settings(deadline=None, max_examples=200)
@given(PLACES, PLACES, PLACES, PLACES)
@example(0, 400, 100, 300)
def test_overlap__of_copies_is_that_of_their_places(block: int, a: int, b: int, c: int, d: int) -> None:
    """Random bytes repeat nothing over 64 bytes, so the bytes alone must say what the places say."""
    first, second = sorted((a, b + 65)), sorted((c, d + 65))
    if first[0] == first[1] or second[0] == second[1]:
        return
    one, other = (Corpus.from_bytes(TEXT[x:y].copy()) for x, y in (first, second))
    start, stop = max(first[0], second[0]), min(first[1], second[1])
    expected = (start - second[0], stop - second[0]) if stop - start >= 64 or first == second else None
    kept = _stretches._BLOCK
    try:
        _stretches._BLOCK = block
        assert one.overlap(other) == expected
    finally:
        _stretches._BLOCK = kept


@settings(deadline=None, max_examples=200)
@given(st.integers(64, 200), st.integers(64, 200), st.integers(1, 40), st.integers(1, 40))
def test_overlap__of_periodic_texts(m: int, n: int, period: int, shift: int) -> None:
    """Where many lengths fit, the longest is named."""
    text = bytes(range(period)) * 500
    one, other = text[:m], text[shift : shift + n]
    found = Corpus.from_bytes(one).overlap(Corpus.from_bytes(other))
    if other in one:
        assert found == (0, n)
    elif one in other:
        assert found == (other.index(one), other.index(one) + m)
    else:
        ends, begins = max(overlap_by_hand(one, other), default=0), max(overlap_by_hand(other, one), default=0)
        expected = None if max(ends, begins) == 0 else (0, ends) if ends >= begins else (n - begins, n)
        assert found == expected


def test_overlap__of_one_source_is_that_of_the_ranges(tmp_path: Path) -> None:
    file, link = tmp_path / "text", tmp_path / "link"
    file.write_bytes(b"ab" * 100)
    link.symlink_to(file)
    first = Corpus.open(file, 0, 120)
    assert first.overlap(Corpus.open(link, 100, 200)) == (100, 120)
    assert first.overlap(Corpus.open(link, 120, 200)) is None  # equal bytes, elsewhere in the file
    assert Corpus.siteinfo().slice(3, 9).overlap(Corpus.siteinfo()) == (3, 9)
    whole = Corpus.from_bytes(bytes(200))
    assert whole.slice(0, 100).overlap(whole.slice(100)) is None


def test_overlap__short_bytes_occur_by_chance() -> None:
    text = Corpus.siteinfo()
    assert text.overlap(Corpus.from_bytes(bytes(text.data[100:163]))) is None
    assert text.overlap(Corpus.from_bytes(bytes(text.data[100:164]))) == (0, 64)
    assert Corpus.from_bytes(b"ab").overlap(Corpus.from_bytes(b"ab")) == (0, 2)


def test_held_apart__refuses_and_says_where() -> None:
    text = Corpus.siteinfo()
    held_apart(text.slice(0, 512), text.slice(512))
    with pytest.raises(InputError, match="bytes 500:512 of siteinfo are among bytes 0:512 of siteinfo"):
        held_apart(text.slice(0, 512), text.slice(500))
    with pytest.raises(InputError, match="bytes 5:9 of siteinfo, all of them, are among bytes 0:512"):
        held_apart(text.slice(0, 512), text.slice(5, 9))


def test_open__few_bytes_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "text"
    file.write_bytes(b"text" * 100)
    small = Corpus.open(file)
    monkeypatch.setattr(corpus, "_COPIED", 100)
    part, mapped = Corpus.open(file, 8, 16), Corpus.open(file, 0, 200)
    assert bytes(mapped.data[:4]) == b"text"
    os.truncate(file, 4)
    assert bytes(small.data) == b"text" * 100
    assert bytes(part.data) == b"texttext"
    assert (part.start, part.stop) == (8, 16)


@pytest.mark.skipif(sys.platform == "win32", reason="a mapped file cannot be cut short there")
@pytest.mark.parametrize("thread", ["work()", "t = threading.Thread(target=work); t.start(); t.join()"])
def test_mapped__a_file_cut_short_ends_the_command_line_with_a_word(tmp_path: Path, thread: str) -> None:
    file = tmp_path / "text"
    file.write_bytes(b"text" * 25_000)
    program = f"""if True:
        import os, threading
        from umrnn import corpus
        from umrnn.cli.inputs import open_corpus
        corpus._COPIED = 1000
        text = open_corpus({str(file)!r})
        os.truncate({str(file)!r}, 0)
        work = lambda: text.data.copy().sum()
        {thread}
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f"error: {file} became shorter while it was read"
