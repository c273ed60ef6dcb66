"""Standard compressors on the same bytes: the yardstick beside every bpc.

They adapt as they read and their output can be turned back into the bytes, so they are held-out scores of a kind; a
static model's in-sample bpc is neither.
"""

import bz2
import lzma
import zlib
from importlib.util import find_spec
from typing import Protocol

from umrnn.corpus import Corpus
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work

__all__ = ["COMPRESSORS", "compressed_bpc", "compressors"]

COMPRESSORS = ("gzip", "bzip2", "xz")
_EXTRA = {"zstd": "zstandard", "ppmd": "pyppmd"}  # extra [compressors]: the library of each
_PPMD_ORDER, _PPMD_MEMORY = 16, (1 << 20, 1 << 28)  # bytes of context; memory it may take, least and most
_XZ_WINDOW = (1 << 12, 1 << 26)  # least, and that of xz -9; a shorter text needs no more, and writes the same
_PIECE = 1 << 20


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Ppmd:
    """PPMd variant H as 7-Zip has it, with the methods of the others."""

    def __init__(self, length: int) -> None:
        import pyppmd

        least, most = _PPMD_MEMORY
        encoder = pyppmd.Ppmd7Encoder(_PPMD_ORDER, min(most, max(least, 64 * length)))
        self.compress, self.flush = encoder.encode, encoder.flush


def _compressor(name: str, length: int) -> _Compressor:
    """The compressor of that name at its strongest setting, writing the format of the command-line tool.

    One that is told the length takes memory for it, not for the longest text there may be: xz 674 MB else.
    """
    if name == "gzip":
        return zlib.compressobj(9, zlib.DEFLATED, 31)  # 31: window of 32 KiB, gzip header
    if name == "bzip2":
        return bz2.BZ2Compressor(9)
    if name == "zstd":
        import zstandard

        return zstandard.ZstdCompressor(level=22).compressobj(size=length)
    if name == "ppmd":
        return _Ppmd(length)
    window = min(_XZ_WINDOW[1], max(_XZ_WINDOW[0], length))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": window}]
    return lzma.LZMACompressor(filters=filters)


def compressors() -> tuple[str, ...]:
    """Those of Python itself, and of zstd and ppmd those that are installed.

    Examples
    --------
    >>> compressors()[:3]
    ('gzip', 'bzip2', 'xz')
    """
    return (*COMPRESSORS, *(name for name, library in _EXTRA.items() if find_spec(library)))


def compressed_bpc(corpus: Corpus, *, work: Work = Work()) -> dict[str, float]:
    """Bits per byte of the corpus compressed by each of :func:`compressors`, headers included.

    Examples
    --------
    >>> sizes = compressed_bpc(Corpus.siteinfo())
    >>> sorted(sizes) == sorted(compressors()), sizes["gzip"] < 4
    (True, True)
    """
    names = compressors()
    work.progress.start("compress", len(names) * len(corpus), "B")

    def bits(name: str) -> float:
        compressor, size = _compressor(name, len(corpus)), 0
        for begin in range(0, len(corpus), _PIECE):
            piece = corpus.data[begin : begin + _PIECE].tobytes()
            size += len(compressor.compress(piece))
            work.progress.advance(len(piece))
        return 8 * (size + len(compressor.flush())) / len(corpus)

    with pool(work.threads) as executor:
        found = dict(zip(names, map_ordered(bits, names, executor)))
    work.progress.finish()
    return found
