"""State features of text: what a reader of bytes may keep in mind, one small number per position.

Each is a column of shape (n,) uint8, a function of the bytes read so far, the current one included.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from umrnn.corpus import Corpus

__all__ = ["FEATURES", "character_class", "in_tag", "word_length"]

Bytes = NDArray[np.uint8]

_LONGEST_WORD, _DEEPEST = 15, 7
_OTHER, _LOWER, _UPPER, _DIGIT, _SPACE, _MARKUP = range(6)


def _class_table() -> Bytes:
    table = np.full(256, _OTHER, np.uint8)
    for symbols, kind in (
        (b"abcdefghijklmnopqrstuvwxyz", _LOWER),
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", _UPPER),
        (b"0123456789", _DIGIT),
        (b" \t\n\r\v\f", _SPACE),
        (b"<>/&=\"'[]{}|", _MARKUP),
    ):
        table[list(symbols)] = kind
    return table


_CLASSES = _class_table()


def word_length(corpus: Corpus) -> Bytes:
    """Bytes since the last space, newline or tab, the current one included, at most 15.

    Examples
    --------
    >>> word_length(Corpus.from_bytes(b"to be")).tolist()
    [1, 2, 0, 1, 2]
    """
    ends = np.isin(corpus.data, np.frombuffer(b" \n\t", np.uint8))
    return np.minimum(_since(ends), _LONGEST_WORD).astype(np.uint8)


def in_tag(corpus: Corpus) -> Bytes:
    """1 from each ``<`` to the byte before the next ``>``, else 0.

    Examples
    --------
    >>> in_tag(Corpus.from_bytes(b"a<b>c")).tolist()
    [0, 1, 1, 0, 0]
    """
    opened, closed = _last(corpus.data == ord("<")), _last(corpus.data == ord(">"))
    return (opened > closed).astype(np.uint8)


def character_class(corpus: Corpus) -> Bytes:
    """0 other, 1 lower case, 2 upper case, 3 digit, 4 white space, 5 markup.

    Examples
    --------
    >>> character_class(Corpus.from_bytes(b"aB1 <.")).tolist()
    [1, 2, 3, 4, 5, 0]
    """
    return _CLASSES[corpus.data]


def previous_class(corpus: Corpus) -> Bytes:
    """Class of the byte before; at the first byte 0."""
    classes = character_class(corpus)
    return np.concatenate((np.zeros(1, np.uint8), classes[:-1]))


def after_space(corpus: Corpus) -> Bytes:
    """1 where the byte before is white space."""
    follows: Bytes = (previous_class(corpus) == _SPACE).astype(np.uint8)
    return follows


def tag_depth(corpus: Corpus) -> Bytes:
    """Tags that are open: one more at ``<``, two less at the slash of ``</``, one less at the end of ``/>``; 0 to 7."""
    data = corpus.data.astype(np.int16)
    before = np.concatenate(([0], data[:-1]))
    closes = (data == ord("/")) & (before == ord("<"))
    steps = (data == ord("<")) - 2 * closes - ((data == ord(">")) & (before == ord("/")))
    depth = np.cumsum(steps)
    floor = np.minimum(np.minimum.accumulate(depth), 0)
    capped: Bytes = np.minimum(depth - floor, _DEEPEST).astype(np.uint8)
    return capped


def last_solid_class(corpus: Corpus) -> Bytes:
    """Class of the last byte that is not white space; before any, 0."""
    classes = character_class(corpus)
    last = _last(classes != _SPACE)
    return np.where(last >= 0, classes[np.maximum(last, 0)], 0).astype(np.uint8)


def position_mod_8(corpus: Corpus) -> Bytes:
    """Position in the corpus, modulo 8."""
    return (np.arange(len(corpus)) % 8).astype(np.uint8)


def _last(marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Position of the last mark up to each position; -1 before the first."""
    return np.maximum.accumulate(np.where(marks, np.arange(len(marks)), -1))


def _since(marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.arange(len(marks)) - _last(marks)


FEATURES: dict[str, Callable[[Corpus], Bytes]] = {
    "char_class": character_class,
    "in_tag": in_tag,
    "word_len": word_length,
    "prev_class": previous_class,
    "after_space": after_space,
    "tag_depth": tag_depth,
    "last_nonspace_class": last_solid_class,
    "position_mod_8": position_mod_8,
}
"""The eight features of the published factor map, by name."""
