"""umrnn reads and writes recurrent networks with counting.

``umrnn.um`` holds events: bytes, offsets, patterns and their counts. ``umrnn.rnn`` holds numbers: weights, states and
training. ``umrnn.interpret`` reads events out of numbers, ``umrnn.construct`` writes numbers from events. All take a
:class:`~umrnn.corpus.Corpus` and return a :class:`~umrnn.result.Result`.
"""

from importlib import import_module

TYPE_CHECKING = False  # as typing has it, whose import would take part of the time in which Ctrl-C has no handler
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"
__all__ = ["Corpus", "__version__", "construct", "interpret", "rnn", "um"]

_LAZY = {"um": "umrnn.um", "rnn": "umrnn.rnn", "interpret": "umrnn.interpret", "construct": "umrnn.construct"}


def __getattr__(name: str) -> "Any":
    """Import a submodule at first use, so that ``import umrnn`` costs nothing."""
    if name in _LAZY:
        return import_module(_LAZY[name])
    if name == "Corpus":
        return import_module("umrnn.corpus").Corpus
    raise AttributeError(f"module 'umrnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The nouns, also before their first use."""
    return sorted({*globals(), *__all__})
