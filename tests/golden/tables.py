"""What a person sees of every command at 80 columns: ``python -m tests.golden.tables [WORD ...]`` writes the files.

Look at what changed before committing it: a file is right where somebody who has never seen the command understands it.
"""

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

from tests.golden.cases import file_name
from tests.golden.record import TIMES, arguments

__all__ = ["LINES", "golden_file", "shown"]

# Settings that need little time; those of a person, otherwise.
LINES = (
    "corpus info",
    "patterns ngram --permutations 19",
    "patterns skip --offsets 1,8,20,3 --permutations 19",
    "patterns skip --greedy 4 --max-offset 30 --permutations 99",
    "patterns mi",
    "patterns trie --permutations 19",
    "patterns synergy --permutations 19",
    "patterns survive --permutations 19",
    "eval",
    "train --epochs 20 --hidden 16 --optimizer adam",
    "interpret factor-map --permutations 19",
    "interpret boolean --permutations 1",
    "interpret knockout --range 0:400",
    "interpret saturation --permutations 9 --range 0:400",
    "interpret precision --starts 1 --range 0:400",
    "interpret weights",
    "interpret neuron 8 --permutations 19",
    "interpret gradient --permutations 2 --range 0:400",
    "interpret attribution --at 100 --permutations 2",
    "interpret alignment --permutations 9",
    "interpret intervene --permutations 9 --draws 3 --range 0:600",
    "interpret memory --depth 8 --positions 100 --permutations 9",
    "interpret svd --permutations 3",
    "interpret lyapunov --exponents 4 --steps 300 --permutations 1",
    "construct predict --permutations 9 --shuffles 1 --range 0:600",
    "construct substitute --replace W_x,b_h --keep 0.5 --draws 1 --permutations 1 --epochs 2 --range 0:500",
    "construct shift-register --permutations 1",
    "construct continuum --groups 4 --permutations 0 --range 0:600",
    "construct hashes --draws 2 --groups 5 --permutations 0 --range 0:600",
    "construct carriers --steps 20 --groups 5 --permutations 0 --range 0:600",
    "construct halves --hash bits --groups 5 --permutations 0 --range 0:600",
    "construct spectral --hidden 32 --permutations 2 --range 0:600",
    "construct conjunctions --hidden 24 --permutations 1 --range 0:600",
    "construct compare --hidden 16 --train '' --permutations 0 --range 0:600",
    "construct multi-offset --greedy 4 --draws 1 --neurons 16 --permutations 0 --range 0:600",
    "construct reverse --lags 1,7 --draws 1 --permutations 0 --range 0:600",
    "construct bigram --hidden 32 --draws 2 --permutations 1 --range 0:600",
    "construct redux --epochs 2 --starts 1 --draws 1 --permutations 0 --range 0:500 --drop 0.3",
)
WIDTH = 80


def golden_file(line: str) -> Path:
    """Where what is seen of a command line is kept."""
    return Path(__file__).with_name("tables") / file_name(line).replace(".json", ".txt")


def shown(line: str, width: int = WIDTH) -> str:
    """What the command line shows in a pipe of ``width`` columns, without what a clock or a version says."""
    from umrnn.cli.main import main

    out = io.StringIO()
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        os.environ["COLUMNS"] = str(width)
        main([*arguments(line, Path(scratch)), "--format", "table", "--quiet"])
    lines = [text for text in out.getvalue().splitlines() if not text.split("  ")[0].endswith(TIMES)]
    return "\n".join(lines) + "\n"


def run() -> None:
    """Write the files of the lines that hold all words given."""
    words = sys.argv[1:]
    for line in LINES:
        if all(word in line for word in words):
            golden_file(line).parent.mkdir(exist_ok=True)
            golden_file(line).write_text(shown(line), "utf-8")


if __name__ == "__main__":
    run()
