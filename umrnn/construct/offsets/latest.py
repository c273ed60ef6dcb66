"""Which positions of a text gradient steps see: the latest ones, no more of them than the work allows."""

from umrnn._validate import integer
from umrnn.construct.readout.latest import CHEAP, outputs_of
from umrnn.corpus import Corpus
from umrnn.errors import InputError

__all__ = ["check_size", "first_position", "fitted_descent_bytes", "seen"]

_LATEST = 1 << 12  # positions that gradient steps see where the bytes after them are of few kinds
_LARGEST = 1 << 30  # bytes of features held at once


def fitted_descent_bytes(given: int | None, text: Corpus) -> int:
    """``given``, or the latest 4,096 positions, or so many that a step costs what it costs on the published text.

    Examples
    --------
    >>> fitted_descent_bytes(None, Corpus.siteinfo()), fitted_descent_bytes(None, Corpus.from_bytes(bytes(range(256))))
    (1037, 214)
    """
    if given is not None:
        return integer("descent-bytes", given, 1, None)
    latest = min(_LATEST, max(1, len(text) - 1))
    return max(1, min(_LATEST, CHEAP // outputs_of(text, latest)))


def first_position(text: Corpus, least: int, latest: int) -> int:
    """The first of the ``latest`` positions t >= ``least`` that have a byte after them."""
    return max(least, len(text) - 1 - latest)


def seen(text: Corpus, latest: int) -> str:
    """What a table adds where steps are made on a part of ``text``.

    Examples
    --------
    >>> seen(Corpus.siteinfo(), 100), seen(Corpus.siteinfo(), 4096)
    (', latest 100 bytes', '')
    """
    return f", latest {latest} bytes" if len(text) - 1 > latest else ""


def check_size(size: int) -> None:
    """Refuse features of more than 1 GiB."""
    if size > _LARGEST:
        raise InputError(
            f"the features of all positions must not exceed {_LARGEST} bytes, got {size}",
            hint="every step reads all positions: name fewer bytes with --range START:STOP",
        )
