"""Exit codes, help and the one place that maps exceptions, through ``main()`` itself."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import umrnn as package
from umrnn.cli import corpus as corpus_commands
from umrnn.cli.main import main
from umrnn.errors import CheckFailed, MissingExtra
from umrnn.rnn.formats import save
from umrnn.rnn.weights import Elman

COMMAND = [sys.executable, "-m", "umrnn"]


def raising(problem):
    def open_corpus(*_):
        raise problem

    return open_corpus


def test_main__without_arguments_prints_help(umrnn):
    outcome = umrnn()
    assert outcome.code == 0
    assert outcome.out.startswith("Usage: umrnn")
    assert "corpus" in outcome.out


def test_main__version(umrnn):
    assert umrnn("--version").out == f"umrnn {package.__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [
        ("nonsense",),
        ("corpus",),
        ("corpus", "info", "--range", "1"),
        ("corpus", "info", "--range", "a:b"),
        ("corpus", "info", "--range", "1:2:3"),
        ("corpus", "info", "--seed", "x"),
        ("corpus", "info", "--format", "xml"),
        ("corpus", "info", "--no-such-option"),
    ],
)
def test_main__what_cannot_be_parsed_is_usage(umrnn, argv):
    outcome = umrnn(*argv)
    assert outcome.code == 2
    assert "Usage: umrnn" in outcome.out + outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("argv", "error", "hint"),
    [
        (("--range", "5:5"), "range must satisfy 0 <= start < stop <= 1024, got 5:5", "siteinfo holds 1024 bytes"),
        (("--range", "0:1025"), "range must satisfy", "siteinfo holds 1024 bytes"),
        (("--range", "-3:"), "range must satisfy", "siteinfo holds 1024 bytes"),
        (("--corpus", "/no/such/file"), "/no/such/file does not exist", "--corpus"),
        (("--threads", "0"), "threads must be at least 1, got 0", None),
        (("--top", "0"), "top must be at least 1, got 0", None),
        (("--seed", "-1"), "seed must be at least 0, got -1", None),
        (("--output", "/no/such/folder/x"), "output cannot be written", "mkdir -p"),
        (("--table", "x"), "--table must name a table of this result (most_common, order_0_scores), got x", None),
        (("--corpus", "a" * 300), "File name too long", None),
    ],
)
def test_main__unfit_input_is_one_line_and_code_1(umrnn, argv, error, hint):
    outcome = umrnn("corpus", "info", *argv)
    assert (outcome.code, outcome.out) == (1, "")
    lines = outcome.err.splitlines()
    assert lines[0].startswith("error: ")
    assert error in lines[0]
    assert [line.startswith("hint: ") for line in lines[1:]] == ([True] if hint else [])
    assert hint is None or hint in lines[1]


@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        (CheckFailed("it does not hold", "look closer"), 3, "error: it does not hold\nhint: look closer\n"),
        (MissingExtra("torch", "torch"), 1, "error: torch is not installed\nhint: install the extra"),
        (MemoryError(), 1, "error: there is not enough memory"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (KeyboardInterrupt("resume with --resume"), 130, "interrupted: resume with --resume\n"),
        (OSError(28, "No space left on device", "/big"), 1, "error: /big: No space left on device\n"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_main__maps_exceptions(umrnn, monkeypatch, problem, code, said):
    monkeypatch.setattr(corpus_commands, "open_corpus", raising(problem))
    outcome = umrnn("corpus", "info")
    assert outcome.code == code
    assert outcome.out == ""
    assert outcome.err.startswith(said)


def test_main__a_bug_is_a_traceback(monkeypatch):
    monkeypatch.setattr(corpus_commands, "open_corpus", raising(ZeroDivisionError("bug")))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # Typer replaces it
    with pytest.raises(ZeroDivisionError, match="bug"):
        main(["corpus", "info"])


def test_main__error_lines_hold_no_control_characters(umrnn):
    outcome = umrnn("corpus", "info", "--corpus", "evil\x1b[31m\nname")
    assert outcome.code == 1
    assert "\x1b" not in outcome.err
    assert r"evil\x1b[31m\nname does not exist" in outcome.err


def test_process__stdout_is_data_and_a_pipe_gets_json():
    done = subprocess.run([*COMMAND, "corpus", "info"], capture_output=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout.startswith(b'{"command": "corpus info"')
    assert done.stderr == b""


def test_process__reader_that_leaves_early_is_no_error():
    code = f"{sys.executable} -m umrnn corpus info --format table | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", code], capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("argv", [("corpus", "info"), ("--help",)])
def test_process__full_disk_is_one_line(argv):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*COMMAND, *argv], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"error: No space left on device\n")


def test_process__interrupt_leaves_with_130(started):
    running = started([*COMMAND, "corpus", "info", "--corpus", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    running.stdin.write(bytes(1 << 20))  # more than a pipe holds: once it is written, the command is reading
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=60) == 130
    assert running.stderr.read() == b"interrupted\n"


@pytest.mark.parametrize("module", ["typer", "umrnn.cli", "numpy", "numba"])
def test_process__interrupt_while_modules_are_imported(module):
    code = f"""
import builtins, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a caller ignores it
import umrnn.__main__
plain = builtins.__import__
def interrupted(name, *rest, **named):
    if name == {module!r}:
        os.kill(os.getpid(), signal.SIGINT)
    return plain(name, *rest, **named)
builtins.__import__ = interrupted
sys.argv = ["umrnn", "patterns", "ngram", "--max-order", "1", "--permutations", "0"]
umrnn.__main__.start()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"interrupted\n")


@pytest.mark.needs_jit
@pytest.mark.parametrize(("words", "code"), [("eval", 0), ("interpret weights", 0), ("interpret svd", 1)])
def test_process__weights_near_the_end_of_float64_are_one_line(tmp_path, words, code):
    huge = np.random.default_rng(0)
    shapes = ((4, 256), (4, 4), (4,), (256, 4), (256,))
    path = save(Elman(*(huge.choice([-1e307, 1e307], size=shape) for shape in shapes)), tmp_path / "huge.npz")
    argv = [*COMMAND, *words.split(), "--range", ":99", "--model", str(path)]
    done = subprocess.run(argv, capture_output=True, timeout=60)
    assert done.returncode == code
    said = done.stderr.decode()  # and progress, on a busy machine
    assert said.count("note: some numbers went beyond what floating point holds") == 1
    assert said.count("error: ") == code
    assert "Warning" not in said


@pytest.mark.parametrize("threads", ["0", "-1", "many", ""])
def test_process__a_number_of_threads_that_numba_would_not_take(threads):
    argv = [*COMMAND, "patterns", "ngram", "--max-order", "1", "--permutations", "0"]
    poor = {**os.environ, "NUMBA_NUM_THREADS": threads}
    done = subprocess.run(argv, capture_output=True, env=poor, timeout=60)
    assert done.returncode == 0
    assert done.stderr.startswith(b"note: NUMBA_NUM_THREADS=")
    assert done.stderr.count(b"\n") == 1


def test_process__a_locale_without_the_characters_gets_escapes():
    poor = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    argv = [*COMMAND, "corpus", "info", "--corpus", "no␣file"]
    done = subprocess.run(argv, capture_output=True, env=poor, timeout=60)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_process__importing_the_command_line_is_cheap():
    heavy = ("numba", "numpy", "rich", "scipy")
    code = f"import sys, umrnn.__main__, umrnn.cli.main; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
