"""Defaults that always work: a default never reaches beyond a short corpus, a value that was asked for is refused."""

from umrnn.corpus import Corpus
from umrnn.errors import InputError

__all__ = ["reachable"]


def reachable(value: int | None, usual: int, corpus: Corpus, *, least: int = 1) -> int:
    """``value`` if given, else ``usual`` or the longest reach that leaves one byte to predict.

    Raises
    ------
    InputError
        If the corpus is too short even for ``least``.

    Examples
    --------
    >>> reachable(None, 12, Corpus.from_bytes(b"short"))
    4
    """
    if len(corpus) <= least:
        raise InputError(
            f"a corpus of {len(corpus)} byte{'s' * (len(corpus) > 1)} is too short: at least {least + 1} are needed",
            hint="name a longer corpus or range",
        )
    return min(usual, len(corpus) - 1) if value is None else value
