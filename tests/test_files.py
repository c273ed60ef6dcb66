"""Files are written whole or refused before the work; corpora are read from whatever can be read."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from umrnn._files import writable_file, write_atomically
from umrnn._locks import locked
from umrnn.corpus import Corpus
from umrnn.errors import InputError

LOCKS = pytest.mark.skipif(find_spec("fcntl") is None, reason="needs the locks of POSIX")
LINUX = pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="needs Linux's /proc")


def write(path: Path, data: bytes = b"new") -> None:
    write_atomically(path, lambda stream: stream.write(data))


def refused(path: Path, words: str) -> None:
    """Both say no, in one line."""
    with pytest.raises(InputError, match=words) as early:
        writable_file(path)
    with pytest.raises(InputError) as late:
        write(path)
    assert "\n" not in early.value.message + late.value.message


def test_writable_file__leaves_nothing_and_changes_nothing(tmp_path):
    old = tmp_path / "old"
    old.write_bytes(b"old")
    assert writable_file(old) == old
    assert writable_file(str(tmp_path / "new")) == tmp_path / "new"
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert old.read_bytes() == b"old"


def test_writable_file__a_link_into_a_missing_directory(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "no" / "file")
    refused(tmp_path / "link", "the directory .*no does not exist")


def test_writable_file__a_circle_of_links(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    refused(tmp_path / "a", "circle|symbolic links")
    assert (tmp_path / "a").is_symlink()


def test_writable_file__a_link_to_a_new_file_is_followed(tmp_path):
    (tmp_path / "link").symlink_to("real")
    assert writable_file(tmp_path / "link") == tmp_path / "link"
    write(tmp_path / "link")
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_writable_file__as_long_a_name_as_there_is(tmp_path):
    longest = tmp_path / ("n" * 255)
    write(writable_file(longest))
    assert longest.read_bytes() == b"new"
    refused(tmp_path / ("n" * 256), "too long")


@LINUX
def test_writable_file__a_file_in_a_directory_that_takes_no_new_files():
    refused(Path("/proc/self/comm"), "cannot be written in /proc/")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_writable_file__a_file_in_a_read_only_directory(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    tmp_path.chmod(0o500)
    try:
        refused(tmp_path / "file", "cannot be written in")
    finally:
        tmp_path.chmod(0o700)


@LINUX
def test_write_atomically__devices():
    assert writable_file("/dev/null") == Path("/dev/null")
    write(Path("/dev/null"))
    with pytest.raises(InputError, match="/dev/full cannot be written: No space left"):
        write(writable_file("/dev/full"), b"x" * 100_000)


def test_write_atomically__what_fails_leaves_the_old_file(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        write_atomically(tmp_path / "file", lambda stream: 1 // 0)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_write_atomically__a_reader_that_left_is_no_error_of_the_path(tmp_path):
    def leave(stream):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        write_atomically(tmp_path / "file", leave)
    assert list(tmp_path.iterdir()) == []


def test_writable_file__never_the_input_itself(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.write_bytes(b"abc")
    (tmp_path / "link").symlink_to(corpus)
    for path in (corpus, tmp_path / "link", tmp_path / "." / "corpus"):
        with pytest.raises(InputError, match="output must not be the corpus itself"):
            writable_file(path, keep={"the model": None, "the corpus": str(corpus)})
    keep = {"the corpus": corpus, "the model": tmp_path / "missing"}
    assert writable_file(tmp_path / "other", keep=keep) == tmp_path / "other"
    assert writable_file(os.devnull, keep={"the corpus": os.devnull}) == Path(os.devnull)


@LINUX
def test_corpus__files_that_have_no_size_are_read():
    corpus = Corpus.open("/proc/self/status", 0, 5)
    assert bytes(corpus.data) == b"Name:"


def test_corpus__pipes_are_read(tmp_path):
    reader, writer = os.pipe()
    os.write(writer, b"counting")
    os.close(writer)
    try:
        path = f"/dev/fd/{reader}"
        if not os.path.exists(path):
            pytest.skip("needs /dev/fd")
        assert bytes(Corpus.open(path, 5).data) == b"ing"
    finally:
        os.close(reader)


def test_corpus__what_cannot_be_mapped_is_read(tmp_path, monkeypatch):
    def unmapped(*args, **kwargs):
        raise OSError(19, "No such device")

    (tmp_path / "file").write_bytes(b"counting")
    monkeypatch.setattr("umrnn.corpus.np.memmap", unmapped)
    assert bytes(Corpus.open(tmp_path / "file").data) == b"counting"


def test_corpus__an_empty_file_is_empty(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file is empty"):
        Corpus.open(tmp_path / "file")


@LINUX
@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_corpus__devices_are_refused(path):
    with pytest.raises(InputError, match=f"{path} is a device: a corpus is one file"):
        Corpus.open(path)


@LOCKS
def test_locked__one_at_a_time_by_whatever_name(tmp_path):
    target, link = tmp_path / "out.npz", tmp_path / "link.npz"
    link.symlink_to(target)
    with locked(target, None, tmp_path / "other"):
        for path in (target, link, str(tmp_path / "." / "out.npz")):
            with pytest.raises(InputError, match=rf"another run \(process {os.getpid()}\) is writing"), locked(path):
                pytest.fail("both write")
        with locked(tmp_path / "third"):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["link.npz"]
    with locked(target, target, link):  # twice the same is no conflict
        pass


@LOCKS
def test_locked__is_gone_with_its_process_however_it_ends(tmp_path):
    target = tmp_path / ("n" * 255)
    code = f"import os, signal; from umrnn._locks import locked\nwith locked({str(target)!r}): os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", code], timeout=60)
    assert done.returncode == -9
    assert len(list(tmp_path.iterdir())) == 1  # the file is still there, and no lock
    with locked(target):
        pass
    assert list(tmp_path.iterdir()) == []


def test_locked__where_there_can_be_no_lock_file():
    with locked(Path("/proc/self/none/file")):
        pass
