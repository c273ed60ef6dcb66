"""``python -m umrnn``, and the command ``umrnn``."""

import gc
import os
import signal

TYPE_CHECKING = False  # as typing has it, whose import would take part of the time in which Ctrl-C has no handler
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["start"]

_INTERRUPTED = 130


def start() -> "NoReturn":
    """Run the command line; Ctrl-C leaves with one line and code 130 from here on, also while modules are imported."""
    handled = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not where a caller has it ignored
    if handled:
        signal.signal(signal.SIGINT, _leave)
    gc.set_threshold(100_000)  # importing numba makes many objects and no garbage: 0.07 s of 0.8 went into looking
    from umrnn.cli.main import main

    if handled:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # main and the library hear it in ways of their own
    try:
        main()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _end()
        raise
    finally:
        gc.freeze()  # the ending interpreter would search all of numba for garbage: 0.2 of 0.9 s


def _end() -> None:
    """Leave at once: the interpreter would wait for workers that go on with what nobody wants any more."""
    import atexit
    import sys

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(_INTERRUPTED)


def _leave(number: int, frame: "Any") -> "NoReturn":
    os.write(2, b"interrupted\n")
    os._exit(128 + number)


if __name__ == "__main__":
    start()
