"""The only importer of numba: one ``@kernel`` decorator and its flags.

A kernel is a plain loop over arrays that the caller has checked and allocated. It releases the GIL, so threads
run kernels side by side (``parallel.py``), and it never raises: status travels in the outputs.

``@kernel``
    strict floating point: results do not depend on how the compiler vectorises.
``@kernel(fast=True)``
    allows re-association and fused multiply-add, for reductions only. Never ``nnan`` or ``ninf``: minus infinity
    and NaN are data here.

There is no ``parallel=True``: numba's thread launch costs milliseconds and a second compiled body, while a thread
pool over kernels without the GIL needs neither (see ``docs/explanation/decisions.md``).
"""

import os
from collections.abc import Callable
from typing import Any, overload

from numba import njit

__all__ = ["kernel"]

# Caching is on only where a directory was chosen (see _cache.py): numba's default, __pycache__ beside the source,
# is stale after edits of called kernels and fails in read-only installs.
_CACHE = bool(os.environ.get("NUMBA_CACHE_DIR"))
_FAST = {"reassoc", "contract", "nsz"}

Function = Callable[..., Any]


@overload
def kernel(function: Function, /) -> Function: ...
@overload
def kernel(*, fast: bool = False) -> Callable[[Function], Function]: ...


def kernel(function: Function | None = None, /, *, fast: bool = False) -> Any:
    """Compile ``function`` lazily, without the GIL, with numpy's error model; ``fast`` as in the module text."""
    decorate = njit(nogil=True, error_model="numpy", cache=_CACHE, fastmath=_FAST if fast else False)
    return decorate(function) if function is not None else decorate
