"""Compiled kernels are kept where only their owner writes, and made anew where damaged; nothing else is removed."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from umrnn import _cache

POSIX = pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs owners and modes of files")
JIT = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
SMALL = """
import numpy as np
from umrnn._jit import kernel

@kernel
def twice(values):
    for i in range(len(values)):
        values[i] *= 2

values = np.arange(3.0)
twice(values)
print(values.tolist())
"""


@pytest.fixture(autouse=True)
def unchosen(monkeypatch, tmp_path):
    """No folder chosen yet, and a temporary directory of its own; the environment comes back as it was."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(_cache, "_said", set())
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    monkeypatch.setattr(_cache.tempfile, "tempdir", str(tmp_path / "tmp"))
    yield
    os.environ.pop("NUMBA_CACHE_DIR", None)  # what use() chose; monkeypatch puts the old one back


def used(folder, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return _cache.use(folder)


def test_use__what_umrnn_did_not_make_stays(tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    for name in [f"experiment-{number:04}" for number in range(40)] + [f"{number:016x}" for number in range(40)]:
        (kept / name).mkdir(parents=True)
        (kept / name / "result.txt").write_text("data")
    before = sorted(kept.iterdir())
    target = used(kept, monkeypatch)
    assert sorted(kept.iterdir()) == sorted([*before, target])


def test_use__old_folders_of_its_own_go_and_foreign_files_in_them_stay(tmp_path, monkeypatch):
    folders = []
    for number in range(12):
        monkeypatch.setattr(_cache, "fingerprint", lambda number=number: f"kernels-{number}")
        folder = used(tmp_path / "kept", monkeypatch)
        (folder / "um_1").mkdir()
        (folder / "um_1" / "count-12.py311.nbi").write_bytes(b"")
        (folder / "um_1" / "count-12.py311.1.nbc").write_bytes(b"")
        if number == 0:
            (folder / "mine.txt").write_text("data")
        os.utime(folder, (number, number))
        folders.append(folder)
    assert [folder.exists() for folder in folders] == [True] + [False] * 3 + [True] * 8
    assert (folders[0] / "mine.txt").read_text() == "data"


@POSIX
def test_use__folders_are_closed_to_others(tmp_path, monkeypatch):
    before = os.umask(0)
    try:
        target = used(tmp_path / "new" / "kept", monkeypatch)
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(target.parent.stat().st_mode) == 0o700


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o757, 0o770])
def test_use__a_folder_others_may_write_in_is_not_trusted(tmp_path, monkeypatch, capsys, mode):
    kept = tmp_path / "kept"
    (kept / _cache.fingerprint()).mkdir(parents=True)
    (kept / _cache.fingerprint()).chmod(mode)
    assert used(kept, monkeypatch).parent == tmp_path / "tmp" / f"umrnn-{os.getuid()}"
    assert capsys.readouterr().err.count("note: others may write in") == 1


@POSIX
def test_use__a_folder_whose_parent_others_may_write_in_is_not_trusted(tmp_path, monkeypatch, capsys):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept").chmod(0o777)  # without the sticky bit anybody may put another folder in place of ours
    assert used(tmp_path / "kept", monkeypatch).parent != tmp_path / "kept"
    (tmp_path / "kept").chmod(0o1777)
    assert used(tmp_path / "kept", monkeypatch).parent == tmp_path / "kept"


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_use__the_fallback_of_another_user_is_passed_over_and_the_next_stays(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    squatted = tmp_path / "tmp" / f"umrnn-{os.getuid()}"
    squatted.mkdir()
    os.chown(squatted, 1234, 1234)
    first = used(tmp_path / "file", monkeypatch)
    assert squatted not in first.parents
    assert first.parent.stat().st_uid == os.getuid()
    assert used(tmp_path / "file", monkeypatch) == first  # warm the next time


def test_use__nowhere_to_write_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(_cache.tempfile, "tempdir", str(tmp_path / "file"))
    assert used(tmp_path / "file", monkeypatch) is None
    assert capsys.readouterr().err.count("\n") == 1
    assert "NUMBA_CACHE_DIR" not in os.environ


def run_small(folder: Path, before: str = "") -> tuple[str, str]:
    """What a process that compiles one small kernel says."""
    script = folder / "small.py"
    script.write_text(before + SMALL)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=120)
    return done.stdout, done.stderr


@JIT
@pytest.mark.parametrize(("suffix", "size"), [(".nbi", 0), (".nbi", 40), (".nbc", 0), (".nbc", 1000)])
def test_kernel__a_damaged_file_is_compiled_anew_and_mended(tmp_path, suffix, size):
    assert run_small(tmp_path) == ("[0.0, 2.0, 4.0]\n", "")
    (damaged,) = (tmp_path / "cache").rglob(f"*{suffix}")
    whole = damaged.stat().st_size
    os.truncate(damaged, size)
    out, said = run_small(tmp_path)
    assert out == "[0.0, 2.0, 4.0]\n"
    assert said.startswith("note: compiled kernels in")
    assert said.count("\n") == 1
    assert damaged.stat().st_size == whole
    assert run_small(tmp_path) == ("[0.0, 2.0, 4.0]\n", "")


@JIT
def test_kernel__a_full_disk_is_one_line(tmp_path):
    full = """
import errno
from numba.core import caching

def full(self, name, data):
    raise OSError(errno.ENOSPC, "No space left on device")

caching.IndexDataCacheFile._save_data = full
"""
    out, said = run_small(tmp_path, full)
    assert out == "[0.0, 2.0, 4.0]\n"
    assert said.startswith("note: compiled kernels cannot be kept")
    assert said.endswith("No space left on device\n")
    assert said.count("\n") == 1
