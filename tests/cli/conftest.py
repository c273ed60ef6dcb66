"""``umrnn(...)`` runs the command line in this process and gives back code, stdout and stderr."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from umrnn.cli.main import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def umrnn(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(*argv: str) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(argv)
        captured = capsys.readouterr()
        code = left.value.code
        return Outcome(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run
