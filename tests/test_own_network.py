"""The how-to for a network of one's own, walked line by line: with PyTorch where it is installed, or installed anew."""

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.needs_jit
ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/how-to/read-your-own-network.md"


def text_of_ones_own() -> str:
    """Sentences with characters beyond ASCII, in which a byte says something of those after it."""
    rng = np.random.default_rng(11)
    names, verbs, things = ["Zoë", "the cat", "a naïve user", "my aunt"], ["reads", "writes", "finds"], ["it", "a book"]
    picked = (f"{rng.choice(names)} {rng.choice(verbs)} {rng.choice(things)}.\n" for _ in range(120))
    return "".join(picked)


def blocks() -> list[tuple[str, str]]:
    """The fenced blocks of the page with their kind, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
    """This Python if it has PyTorch; with ``--slow`` one into which the page's own line has installed umrnn."""
    if not request.config.getoption("--slow"):
        pytest.importorskip("torch")
        return sys.executable
    folder = tmp_path_factory.mktemp("install") / ".venv"
    venv.create(folder, with_pip=True)
    (line,) = re.findall(r"^\.venv/bin/pip install \"umrnn(\[.*\])\"$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    subprocess.run([folder / "bin/pip", "install", "-q", f"{ROOT}{line}"], check=True, timeout=1200)
    return str(folder / "bin/python")


def test_install__names_an_extra_that_is_there() -> None:
    extras = set(re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text("utf-8"), flags=re.MULTILINE))
    named = re.findall(r"umrnn\[(\w+)\]", PAGE.read_text("utf-8"))
    assert named
    assert set(named) <= extras


def test_page__is_walked_as_it_stands(interpreter: str, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes(text_of_ones_own().encode())
    found = {}
    environment = dict(os.environ) if interpreter == sys.executable else {**os.environ, "PYTHONPATH": ""}

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    run(interpreter, "-c", "".join(block for kind, block in blocks() if kind == "python"))  # one session
    for line in "".join(block for kind, block in blocks() if kind == "console").splitlines():
        words = line.removeprefix("$ umrnn ").split()
        out = run(interpreter, "-m", "umrnn", *words, "--format", "json")
        found[" ".join(words[:2]), "--states" in words] = json.loads(out)
    checked = found["convert network.pt", False]["headline"]
    assert checked["max_abs_framework_difference"] < 1e-4
    assert checked["activation"] == "taken as tanh"
    assert found["eval --model", False]["headline"]["bpc"] < 4
    own, lstm = (found["interpret factor-map", states] for states in (False, True))
    assert own["headline"]["held_out_r2"] > own["headline"]["null_r2"]
    assert len(own["tables"]["neurons"]["rows"]) == 48
    assert lstm["headline"]["mean_r2"] > lstm["headline"]["null_r2"]
    assert lstm["provenance"]["corpus"]["stop"] == len(text_of_ones_own())  # symbols, not bytes
    assert found["interpret memory", True]["headline"]["depth_conditional"] >= 1
    assert {command for command, states in found if states} == {
        f"interpret {name}" for name in ("factor-map", "saturation", "memory", "alignment")
    }
