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
from numba.core.caching import FunctionCache

from umrnn._cache import note_once

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
    compiler = njit(nogil=True, error_model="numpy", fastmath=_FAST if fast else False)

    def decorate(function: Function) -> Any:
        compiled: Any = compiler(function)
        if _CACHE and hasattr(compiled, "enable_caching"):  # a plain function where numba is switched off
            try:
                compiled._cache = _KeptKernels(function)  # type: ignore[no-untyped-call]
            except (RuntimeError, OSError):  # numba's "no locator": the folder cannot be written
                note_once("compiled kernels cannot be kept: they are compiled anew")
        return compiled

    return decorate(function) if function is not None else decorate


class _KeptKernels(FunctionCache):
    """numba's cache of one kernel, which a damaged file or a full disk cannot stop: it is a saving of time only.

    Files cut short by a crash or a full disk raise whatever unpickling raises; numba lets that end the run.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel, or None where there is none, or none that can be read."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception:
            note_once(f"compiled kernels in {os.environ.get('NUMBA_CACHE_DIR')} are damaged: they are compiled anew")
            self._forget()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled kernel if that can be done."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except Exception as problem:
            reason = problem.strerror if isinstance(problem, OSError) else type(problem).__name__
            note_once(f"compiled kernels cannot be kept in {os.environ.get('NUMBA_CACHE_DIR')}: {reason}")

    def _forget(self) -> None:
        """Empty the index, so that the kernel can be kept again."""
        try:
            self.flush()  # type: ignore[no-untyped-call]
        except Exception:
            self.disable()  # type: ignore[no-untyped-call]
