"""Corpus: bytes and where they came from. Every function of umrnn takes one."""

import errno
import hashlib
import inspect
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from umrnn._siteinfo import siteinfo_bytes
from umrnn._stretches import common_stretch
from umrnn._validate import contiguous, integer
from umrnn.errors import InputError
from umrnn.parallel import map_ordered, pool
from umrnn.progress import Work

__all__ = ["ALPHABET", "Corpus", "byte_counts", "reads_text"]

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

ALPHABET = 256  # V: every byte is a symbol

_HASH_BLOCK = 1 << 22  # bytes hashed at a time, so that a mapped file never becomes resident as a whole
_COUNT_BLOCK = 1 << 22  # bytes counted at a time: bincount makes eight of each
_COPIED = 1 << 26  # bytes up to which a file is copied into memory: what is copied cannot change or vanish any more


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """A read-only run of bytes with its name and its place in the source.

    Parameters
    ----------
    data : shape (n,), uint8, n >= 1
        The bytes; kept as a read-only view, not copied.
    name : what to call it in tables: a path, ``siteinfo``, ``-``.
    start, stop : the byte range of ``data`` within the source it was taken from.
    source : equal for two corpora exactly where their bytes were taken from the same file or the same array.

    Examples
    --------
    >>> Corpus.siteinfo()
    Corpus('siteinfo', bytes 0:1024)
    >>> bytes(Corpus.from_bytes(b"counting").data[:5])
    b'count'
    """

    data: NDArray[np.uint8]
    name: str
    start: int
    stop: int
    source: object = field(default_factory=object)

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"Corpus({self.name!r}, bytes {self.start}:{self.stop})"

    def index(self, position: int, name: str = "position", *, follow: int = 1) -> int:
        """Where in ``data`` the byte at ``position`` of the source stands; at least ``follow`` bytes come after it.

        Positions count from the first byte of the source, whatever the range: position ``start`` has index 0.

        Raises
        ------
        InputError
            If the range does not hold that position, or ends too early after it; ``name`` is what the message calls it.

        Examples
        --------
        >>> Corpus.siteinfo().slice(100, 200).index(150)
        50
        """
        try:
            return integer(name, position, self.start, self.stop - 1 - follow) - self.start
        except InputError as problem:
            hint = f"positions count from the first byte of {self.name}; the bytes read are {self.start}:{self.stop}"
            raise InputError(problem.message, hint=hint) from None

    @classmethod
    def siteinfo(cls) -> "Corpus":
        """Generate the opening of a MediaWiki export: 1,024 bytes, 52 distinct symbols."""
        data = np.frombuffer(siteinfo_bytes(), dtype=np.uint8)
        return cls(contiguous(data), "siteinfo", 0, len(data), "siteinfo")

    @classmethod
    def from_bytes(cls, source: bytes | bytearray | memoryview | NDArray[np.uint8], name: str = "bytes") -> "Corpus":
        """Wrap bytes already in memory.

        Raises
        ------
        InputError
            If there is not a single byte, or an array is not one-dimensional uint8.
        """
        array = source if isinstance(source, np.ndarray) else np.frombuffer(source, dtype=np.uint8)
        if array.dtype != np.uint8 or array.ndim != 1:
            raise InputError(f"a corpus must be a uint8 array of shape (n,), got {array.dtype} of shape {array.shape}")
        if len(array) == 0:
            raise InputError(f"{name} is empty: a corpus needs at least one byte")
        return cls(contiguous(array), name, 0, len(array))

    @classmethod
    def open(cls, path: str | os.PathLike[str], start: int | None = None, stop: int | None = None) -> "Corpus":
        """Read the file at ``path``, or the bytes ``[start, stop)`` of it.

        More than 64 MiB are mapped into memory: pages are read as they are touched and can be given back, so a file
        larger than memory is no obstacle. A mapped file must not become shorter while it is read; the command line
        then says so and ends (``umrnn._mapped.watch``). What cannot be mapped, such as a pipe or a file of
        ``/proc``, is read as a whole.

        Raises
        ------
        InputError
            If there is no such file, it is a directory, a device, empty or unreadable, or the range holds no byte.
        """
        file = Path(path)
        try:
            if file.is_dir():
                raise InputError(f"{file} is a directory: a corpus is one file")
            status = file.stat()
            if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):  # /dev/zero has no end
                raise InputError(f"{file} is a device: a corpus is one file")
            whole = cls.from_bytes(_bytes_of(file, status.st_size), name=str(file))
            part = replace(whole, source=(status.st_dev, status.st_ino)).slice(start, stop)
            return replace(part, data=_copied(file, part)) if status.st_size > _COPIED >= len(part) else part
        except FileNotFoundError:
            raise InputError(f"{file} does not exist", hint="check the path given as --corpus") from None
        except OSError as problem:
            raise InputError(f"{file} cannot be read: {problem.strerror or problem}") from None

    def slice(self, start: int | None = None, stop: int | None = None) -> "Corpus":
        """The bytes ``[start, stop)`` of this corpus as a corpus of its own, without a copy.

        Raises
        ------
        InputError
            If the range reaches outside the corpus or holds no byte.
        """
        first, last = start or 0, len(self) if stop is None else stop
        if not 0 <= first < last <= len(self):
            raise InputError(
                f"range must satisfy 0 <= start < stop <= {len(self)}, got {first}:{last}",
                hint=f"{self.name} holds {len(self)} bytes",
            )
        data = contiguous(self.data[first:last])
        return replace(self, data=data, start=self.start + first, stop=self.start + last)

    def overlap(self, other: "Corpus") -> tuple[int, int] | None:
        """The bytes of ``other`` that are bytes of this corpus too, as positions in the source of ``other``; or None.

        Two corpora of one source overlap where their ranges do. Of different sources, such as a file and a copy of
        it, the bytes decide: two stretches of one text overlap where one holds the other, or ends as the other
        begins, over at least 64 bytes; what is equal as a whole overlaps whatever its length.

        Examples
        --------
        >>> text = Corpus.siteinfo()
        >>> text.slice(0, 600).overlap(text.slice(500)), text.slice(0, 500).overlap(text.slice(500))
        ((500, 600), None)
        >>> Corpus.from_bytes(bytes(text.data)).slice(0, 600).overlap(text)
        (0, 600)
        """
        if self.source == other.source:
            start, stop = max(self.start, other.start), min(self.stop, other.stop)
            return (start, stop) if start < stop else None
        common = common_stretch(self.data, other.data)
        return None if common is None else (other.start + common[0], other.start + common[1])

    @cached_property
    def sha256(self) -> str:
        """Hash of exactly the bytes in the range, as 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for begin in range(0, len(self), _HASH_BLOCK):
            digest.update(self.data[begin : begin + _HASH_BLOCK].data)
        return digest.hexdigest()

    def provenance(self) -> dict[str, object]:
        """What a result says about its corpus."""
        return {"name": self.name, "start": self.start, "stop": self.stop, "sha256": self.sha256}


def byte_counts(data: NDArray[np.uint8], work: Work = Work(threads=1)) -> NDArray[np.int64]:
    """How often each byte occurs in ``data`` (n,), shape (256,); counted in pieces, so that memory stays small.

    Examples
    --------
    >>> byte_counts(Corpus.from_bytes(b"abba").data)[97:99].tolist()
    [2, 2]
    """
    pieces = [data[begin : begin + _COUNT_BLOCK] for begin in range(0, len(data), _COUNT_BLOCK)]
    counts = np.zeros(ALPHABET, np.int64)
    with pool(work.threads if len(pieces) > 1 else 1) as executor:
        for found in map_ordered(lambda piece: np.bincount(piece, minlength=ALPHABET), pieces, executor):
            counts += found
    return counts


def _bytes_of(file: Path, size: int) -> NDArray[np.uint8]:
    """The bytes of ``file``, copied if they are few, else mapped; what the kernel makes up on reading has size 0."""
    if size > _COPIED:
        try:
            # A plain ndarray over the mapping: subclasses cost a second compilation of every kernel.
            return np.asarray(np.memmap(file, dtype=np.uint8, mode="r")).view(np.ndarray)
        except OSError as problem:
            if problem.errno != errno.ENODEV:
                raise
    return np.frombuffer(file.read_bytes(), dtype=np.uint8)


def _copied(file: Path, part: Corpus) -> NDArray[np.uint8]:
    """The bytes of ``part``, few of a long ``file``, in memory of their own."""
    with file.open("rb") as stream:
        stream.seek(part.start)
        data = stream.read(len(part))
    if len(data) < len(part):
        raise InputError(f"{file} became shorter while it was read", hint="read a copy that nobody changes")
    return contiguous(np.frombuffer(data, dtype=np.uint8))


def reads_text(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Let ``function`` take the path of a file, or bytes, wherever it takes a corpus.

    Examples
    --------
    >>> @reads_text
    ... def length(corpus: Corpus) -> int:
    ...     return len(corpus)
    >>> length(b"counting"), length(Corpus.siteinfo())
    (8, 1024)
    """
    signature = inspect.signature(function)
    names = [name for name, each in signature.parameters.items() if Corpus.__name__ in str(each.annotation)]

    @wraps(function)
    def reading(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        given = signature.bind(*args, **kwargs)
        for name in names:
            value = given.arguments.get(name)
            if isinstance(value, str | os.PathLike):
                given.arguments[name] = Corpus.open(value)
            elif isinstance(value, bytes | bytearray | memoryview):
                given.arguments[name] = Corpus.from_bytes(value)
        return function(*given.args, **given.kwargs)

    return reading
