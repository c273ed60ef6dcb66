"""Standard compressors on the same bytes: the yardstick beside every bpc.

They adapt as they read and their output can be turned back into the bytes, so they are held-out scores of a kind; a
static model's in-sample bpc is neither.
"""

import bz2
import lzma
import zlib
from typing import Protocol

from umrnn.corpus import Corpus
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work

__all__ = ["COMPRESSORS", "compressed_bpc"]

COMPRESSORS = ("gzip", "bzip2", "xz")
_PIECE = 1 << 20


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _compressor(name: str) -> _Compressor:
    """The compressor of that name at its strongest setting, writing the format of the command-line tool."""
    if name == "gzip":
        return zlib.compressobj(9, zlib.DEFLATED, 31)  # 31: window of 32 KiB, gzip header
    if name == "bzip2":
        return bz2.BZ2Compressor(9)
    return lzma.LZMACompressor(preset=9 | lzma.PRESET_EXTREME)


def compressed_bpc(corpus: Corpus, *, work: Work = Work()) -> dict[str, float]:
    """Bits per byte of the corpus compressed by each of ``COMPRESSORS``, headers included.

    Examples
    --------
    >>> sizes = compressed_bpc(Corpus.siteinfo())
    >>> sorted(sizes), sizes["gzip"] < 4
    (['bzip2', 'gzip', 'xz'], True)
    """
    work.progress.start("compress", len(COMPRESSORS) * len(corpus), "B")

    def bits(name: str) -> float:
        compressor, size = _compressor(name), 0
        for begin in range(0, len(corpus), _PIECE):
            piece = corpus.data[begin : begin + _PIECE].tobytes()
            size += len(compressor.compress(piece))
            work.progress.advance(len(piece))
        return 8 * (size + len(compressor.flush())) / len(corpus)

    with pool(work.threads) as executor:
        found = dict(zip(COMPRESSORS, map_ordered(bits, COMPRESSORS, executor)))
    work.progress.finish()
    return found
