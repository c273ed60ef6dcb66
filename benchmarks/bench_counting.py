"""Guards of counting: offset tables against numpy, greedy search against pandas, memory on a large file."""

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.harness import generated_text, ratio
from umrnn import um
from umrnn.nulls import Null
from umrnn.progress import Work

pytestmark = pytest.mark.benchmark(group="counting")


def test_offset_counts__against_bincount(benchmark: Any) -> None:
    """64 offset tables of 8 MB of text, all processors, against numpy.bincount per offset."""
    corpus = generated_text(8_000_000)
    data, offsets = corpus.data, range(1, 65)

    def bincount() -> list[Any]:
        return [
            np.bincount(data[:-d].astype(np.int64) * 256 + data[d:], minlength=65536).reshape(256, 256) for d in offsets
        ]

    def candidate() -> Any:
        return um.offset_counts(corpus, offsets).counts

    assert np.array_equal(np.stack(bincount()), candidate())
    found = ratio(benchmark, candidate, bincount, named=f"numpy {np.__version__} bincount per offset", rounds=5)
    assert found >= 6  # half of the quiet ratio, and a fifth, where a neighbour has one of two processors


LIMIT, DEPTH = 64, 4
SAMPLED = range(4, LIMIT + 1, 8)  # one candidate offset in eight: the whole search takes the baselines minutes


def search() -> list[int]:
    """The offsets that the greedy search of umrnn chooses on the text of the two guards below.

    On one thread, as the baselines run: on two, a busy neighbour would halve the ratio.
    """
    return [step.offset for step in um.greedy_steps(TEXT, DEPTH, LIMIT, null=Null(0), work=Work(threads=1))]


TEXT = generated_text(1_000_000)


def column(offset: int) -> Any:
    """The byte at the offset before every position that has all of them."""
    return TEXT.data[LIMIT - offset : len(TEXT) - offset].astype(np.int64)


def test_greedy_search__against_scikit_learn(benchmark: Any) -> None:
    """64 candidate offsets to depth 4 on 1 MB, one thread, against mutual_info_score of the joint codes."""
    sklearn = pytest.importorskip("sklearn")
    from sklearn.metrics import mutual_info_score

    chosen, target = search(), column(0)

    def information(offsets: list[int]) -> float:
        return float(mutual_info_score(sum(column(d) * 256**i for i, d in enumerate(offsets)), target) / np.log(2))

    entropy = -float(np.sum((p := np.bincount(target) / len(target))[p > 0] * np.log2(p[p > 0])))
    for step in um.greedy_steps(TEXT, DEPTH, LIMIT, null=Null(0)):  # equal up to the few positions left out here
        upto = chosen[: chosen.index(step.offset) + 1]
        assert entropy - information(upto) == pytest.approx(step.bits, abs=1e-3)

    def sampled_search() -> None:
        for size in range(DEPTH):
            for d in SAMPLED:
                information([*chosen[:size], d])

    found = 8 * ratio(benchmark, search, sampled_search, named=f"1/8 in scikit-learn {sklearn.__version__}", rounds=3)
    benchmark.extra_info["ratio"] = round(found, 1)
    print(f"whole search: {found:.0f} x scikit-learn")
    assert found >= 80


def test_greedy_search__against_pandas(benchmark: Any) -> None:
    """The same search against pandas group-by."""
    pandas = pytest.importorskip("pandas")
    chosen, frame = search(), pandas.DataFrame({d: column(d).astype(np.uint8) for d in range(LIMIT + 1)})

    def entropy(offsets: list[int]) -> float:
        contexts, patterns = (frame.groupby(keys).size().to_numpy() for keys in (offsets, [*offsets, 0]))
        return float(np.sum(contexts * np.log2(contexts)) - np.sum(patterns * np.log2(patterns))) / len(frame)

    def sampled_search() -> None:
        for size in range(DEPTH):
            for d in SAMPLED:
                entropy([*(c for c in chosen[:size] if c != d), d])

    found = 8 * ratio(benchmark, search, sampled_search, named=f"1/8 in pandas {pandas.__version__}", rounds=3)
    benchmark.extra_info["ratio"] = round(found, 1)
    print(f"whole search: {found:.0f} x pandas group-by")
    assert found >= 40


def test_counting_a_gigabyte__anonymous_memory(benchmark: Any, tmp_path: Path) -> None:
    """`patterns mi` over 1 GB keeps anonymous memory under 300 MB; mapped file pages are the kernel's to give back."""
    if not Path("/proc/self/status").exists():
        pytest.skip("anonymous memory is read from /proc")
    large = tmp_path / "large.bin"
    piece = generated_text(1 << 24).data.tobytes()
    with large.open("wb") as stream:
        for _ in range(60):
            stream.write(piece)
    program = (
        "import sys, threading, time; from umrnn import _cache; _cache.use()\n"
        "from umrnn import um; from umrnn.corpus import Corpus\n"
        "peak = 0\n"
        "def watch():\n"
        "    global peak\n"
        "    while True:\n"
        "        lines = open('/proc/self/status').read().splitlines()\n"
        "        peak = max(peak, *(int(line.split()[1]) for line in lines if line.startswith('RssAnon')))\n"
        "        time.sleep(0.02)\n"
        "threading.Thread(target=watch, daemon=True).start()\n"
        "um.mutual_information(Corpus.open(sys.argv[1]), 64)\n"
        "print(peak)\n"
    )

    def count() -> str:
        return subprocess.run(
            [sys.executable, "-c", program, str(large)], check=True, capture_output=True, text=True
        ).stdout

    peak_kilobytes = int(benchmark.pedantic(count, rounds=1, iterations=1))
    benchmark.extra_info["anonymous_megabytes"] = peak_kilobytes / 1000
    print(f"\n{peak_kilobytes / 1000:.0f} MB anonymous for {large.stat().st_size / 1e9:.2f} GB")
    assert peak_kilobytes < 300_000
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0
