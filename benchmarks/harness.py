"""Ratios to a named baseline, measured in turn in one run: machines differ and drift, ratios much less."""

import gc
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from umrnn.corpus import Corpus


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def ratio(
    benchmark: Any, candidate: Callable[[], object], baseline: Callable[[], object], *, named: str, rounds: int = 7
) -> float:
    """Median over rounds of baseline time / candidate time, each round timing one right after the other.

    Both are called once before, to compile and to warm caches. The candidate's own times go to pytest-benchmark, the
    ratio and the name of the baseline to its ``extra_info``.
    """
    baseline()
    candidate()
    gc.collect()
    ratios, slow, fast = [], [], []
    for _ in range(rounds):
        slow.append(seconds(baseline))
        fast.append(seconds(candidate))
        ratios.append(slow[-1] / fast[-1])
    found = statistics.median(ratios)
    benchmark.extra_info.update(
        baseline=named,
        ratio=round(found, 2),
        baseline_seconds=statistics.median(slow),
        candidate_seconds=statistics.median(fast),
        machine=platform.processor() or platform.machine(),
    )
    benchmark.pedantic(candidate, rounds=1, iterations=1)
    print(f"\n{found:.1f} x {named}: {statistics.median(fast):.4f} s against {statistics.median(slow):.4f} s")
    return found


def generated_text(length: int, seed: int = 0) -> Corpus:
    """Text of ``length`` bytes with the look of marked-up prose: Zipf-distributed words, lines, tags."""
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(b"etaoinshrdlcumwfgypbvkjxqz", np.uint8)
    weights = 1 / np.arange(1, 27)
    words = [
        rng.choice(letters, size=rng.integers(1, 10), p=weights / weights.sum()).tobytes().capitalize()
        if rng.random() < 0.1
        else rng.choice(letters, size=rng.integers(1, 10), p=weights / weights.sum()).tobytes()
        for _ in range(4000)
    ]
    chances = 1 / np.arange(1, 4001) ** 1.05
    drawn = rng.choice(4000, size=length // 3, p=chances / chances.sum())
    marks = rng.random(length // 3)
    pieces = []
    for word, mark in zip(drawn.tolist(), marks.tolist()):
        text = words[word]
        if mark < 0.02:
            text = b"<" + text + b' id="%d">' % (word * 7 % 1000)
        elif mark < 0.1:
            text += b",.;:\n"[word % 5 : word % 5 + 1]
        pieces.append(text)
    data = b" ".join(pieces)
    while len(data) < length:
        data += data
    return Corpus.from_bytes(data[:length], name="generated text")
