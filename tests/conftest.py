"""One cache per mode of compilation, chosen before numba is imported; the folder of reference data; marks."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from umrnn import _cache

_cache.use()

REFERENCE_FILES = ("sat-rnn-published.bin", "enwik8-2m.bin")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--slow` runs what takes minutes."""
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The whole suite runs in two processes, unless ``-n`` says otherwise; chosen files run in this one."""
    chosen, whole = config.option, config.args_source is pytest.Config.ArgsSource.TESTPATHS
    worker = hasattr(config, "workerinput")  # it passes here too: workers that start workers never end
    if whole and not (worker or chosen.usepdb or chosen.collectonly) and getattr(chosen, "numprocesses", 0) is None:
        chosen.numprocesses, chosen.dist = 2, "worksteal"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of real size are skipped where kernels run as plain Python, slow ones unless asked for."""
    skip_size = pytest.mark.skip(reason="of real size: too slow without JIT")
    skip_slow = pytest.mark.skip(reason="takes minutes: run with --slow")
    for item in items:
        if os.environ.get("NUMBA_DISABLE_JIT") == "1" and item.get_closest_marker("needs_jit"):
            item.add_marker(skip_size)
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(skip_slow)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder named by UMRNN_DATA: unset skips, set but incomplete fails."""
    folder = os.environ.get("UMRNN_DATA")
    if not folder:
        pytest.skip("UMRNN_DATA is not set: no reference data")
    missing = [name for name in REFERENCE_FILES if not (Path(folder) / name).is_file()]
    assert not missing, f"UMRNN_DATA={folder} lacks {', '.join(missing)}"
    return Path(folder)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C is heeded, here and in children, also where the caller ignores it, as ``nohup`` and ``&`` do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def started(interruptible: None) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """``started(argv, **options)`` is a process that does not outlive the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(argv: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        running.append(subprocess.Popen(argv, **options))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
