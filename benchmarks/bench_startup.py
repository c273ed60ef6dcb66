"""Guards of start-up: whole processes, best of several, since what disturbs a start only ever slows it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness import seconds

pytestmark = pytest.mark.benchmark(group="start-up")
UMRNN = str(Path(sys.executable).with_name("umrnn"))


@pytest.mark.parametrize(
    ("words", "limit"),
    [(["--help"], 0.25), (["patterns", "skip", "--offsets", "1,8,20,3"], 1.0)],
    ids=["help", "patterns skip"],
)
def test_start__within_limit(benchmark: Any, words: list[str], limit: float) -> None:
    def run() -> None:
        subprocess.run([UMRNN, *words], check=True, capture_output=True)

    run()  # fills the caches
    best = min(seconds(run) for _ in range(7))
    benchmark.extra_info.update(best_seconds=round(best, 3), limit_seconds=limit)
    benchmark.pedantic(run, rounds=1, iterations=1)
    print(f"\n{best:.3f} s, limit {limit} s")
    assert best <= limit
