"""What compressors make of a text: what they write is as long as is said, and can be read back."""

import bz2
import gzip
import lzma

import pytest

from tests.corpora import planted
from umrnn import compressors
from umrnn.corpus import Corpus

TEXT = b"the cat sat on the mat, the dog sat on the log; " * 40
READ = {"gzip": gzip.decompress, "bzip2": bz2.decompress, "xz": lzma.decompress}


def written(name: str) -> bytes:
    compressor = compressors._compressor(name, len(TEXT))
    return compressor.compress(TEXT[:1000]) + compressor.compress(TEXT[1000:]) + compressor.flush()


@pytest.mark.parametrize("name", compressors.COMPRESSORS)
def test_compressor__writes_what_can_be_read_back(name: str) -> None:
    assert READ[name](written(name)) == TEXT


@pytest.mark.parametrize("length", [0, 1, 1024, 50_000])
def test_xz__a_window_of_the_text_writes_what_one_of_64_mb_does(length: int) -> None:
    text = planted(max(length, 2), (1, 2), noise=0.2).data.tobytes()[:length]
    whole = lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)
    compressor = compressors._compressor("xz", length)
    assert len(compressor.compress(text) + compressor.flush()) == len(whole)


def test_zstd_and_ppmd__write_what_can_be_read_back() -> None:
    zstandard, pyppmd = pytest.importorskip("zstandard"), pytest.importorskip("pyppmd")
    assert zstandard.ZstdDecompressor().decompressobj().decompress(written("zstd")) == TEXT
    assert pyppmd.Ppmd7Decoder(16, 1 << 20).decode(written("ppmd"), len(TEXT)) == TEXT


def test_bits__are_those_of_what_is_written() -> None:
    found = compressors.compressed_bpc(Corpus.from_bytes(TEXT))
    assert set(found) == set(compressors.compressors())
    assert found["bzip2"] == 8 * len(written("bzip2")) / len(TEXT)


def test_what_is_not_installed__is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressors, "find_spec", lambda name: None)
    assert compressors.compressors() == compressors.COMPRESSORS
