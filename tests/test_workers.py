"""The whole suite runs in two processes that start no others."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent


def test_a_whole_suite_ends_and_runs_each_test_once(
    tmp_path: Path, started: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    """A worker that starts workers of its own, without end, is what this guards against."""
    suite = tmp_path / "tests"
    suite.mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (suite / "conftest.py").write_text("from house_conftest import pytest_cmdline_main\n")
    (tmp_path / "house_conftest.py").write_text((HERE / "conftest.py").read_text())
    note = "import os\ndef test_it(): open('ran', 'a').write(str(os.getppid()) + '\\n')\n"
    for name in ("test_one.py", "test_two.py"):
        (suite / name).write_text(note)
    path = os.pathsep.join(filter(None, (str(tmp_path), str(HERE.parent), os.environ.get("PYTHONPATH"))))
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    child = started(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**alone, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        raise
    assert child.returncode == 0, said.decode()
    parents = (tmp_path / "ran").read_text().split()
    assert len(parents) == 2
    assert set(parents) == {str(child.pid)}, "the workers are this run's own children"
