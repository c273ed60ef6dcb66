"""What the documentation says is true: examples run, commands exist, the reference is the program's own help."""

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import umrnn
from umrnn import cli

ROOT = Path(__file__).parent.parent
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(umrnn.__path__, "umrnn.") if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_module__examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__examples_run(page: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.name, str(page), 0)
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__names_only_commands_and_options_that_exist(page: Path) -> None:
    reference = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    for line in re.findall(r"^\$ (umrnn .*)$", page.read_text("utf-8"), flags=re.MULTILINE):
        words = line.split()
        name = " ".join(words[:3]) if f"## `{' '.join(words[:3])}`" in reference else " ".join(words[:2])
        section = reference.split(f"## `{name}`")
        assert len(section) > 1, line
        for option in re.findall(r"--[a-z-]+", line):
            assert option in section[1].split("\n## ")[0], f"{option} in {line}"


def test_reference__is_the_help_of_the_program() -> None:
    written = subprocess.run(
        [sys.executable, "-m", "umrnn.cli.reference"], capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout
    assert (ROOT / "docs/reference/cli.md").read_text("utf-8") == written
    assert cli.__doc__


def test_readme__test_command_is_what_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = [line for line in re.findall(r"^\s*(python3 -m venv .*)$", readme, flags=re.MULTILINE)]
    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci/run").read_text("utf-8")
    assert commands[0].endswith("umrnn demo")
