"""What a bug report needs: versions, machine, threads, where compiled kernels are kept."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import umrnn
from umrnn.parallel import available_threads
from umrnn.result import Result, Table, provenance

__all__ = ["Environment", "environment"]

_PLAIN = ("numba", "numpy", "rich", "scipy", "threadpoolctl", "typer")
_EXTRAS = {"safetensors": "io", "torch": "torch", "h5py": "keras", "zstandard": "compressors", "pyppmd": "compressors"}
_VARIABLES = ("NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "UMRNN_DATA")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Environment(Result):
    """Versions of umrnn, Python and the libraries, and the facts of the machine that change speed."""

    threads: int
    cache_directory: str | None
    libraries: tuple[tuple[str, str | None, str], ...]
    blas: tuple[tuple[str, str | None, str | None, int | None], ...]

    def headline(self) -> dict[str, object]:
        """Versions and places in a few lines."""
        installed = {name: number for name, number, _ in self.libraries if name in _PLAIN}
        return {
            "umrnn": umrnn.__version__,
            "python": platform.python_version(),
            **installed,
            "platform": platform.platform(),
            "cpus": os.cpu_count(),
            "threads": self.threads,
            "cache_directory": self.cache_directory,
        }

    def tables(self) -> dict[str, Table]:
        """``libraries`` with the install that needs them, ``blas``, and the environment ``variables`` that matter."""
        variables = ((name, os.environ.get(name)) for name in _VARIABLES)
        return {
            "libraries": Table.of(("library", "version", "install"), self.libraries),
            "blas": Table.of(("library", "version", "architecture", "threads"), self.blas),
            "variables": Table.of(("variable", "value"), variables),
        }


def environment() -> Environment:
    """Describe this installation and this machine.

    Returns
    -------
    Environment
        ``threads`` are the processors this process may use, which is the default of every ``threads`` parameter. The
        cache directory is None where kernels are compiled anew in each run.
    """
    named = [(name, "plain") for name in _PLAIN] + [(name, f"[{extra}]") for name, extra in _EXTRAS.items()]
    return Environment(
        threads=available_threads(),
        cache_directory=os.environ.get("NUMBA_CACHE_DIR"),
        libraries=tuple((name, _version(name), install) for name, install in named),
        blas=_blas(),
        provenance=provenance(None, parameters={}),
    )


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _blas() -> tuple[tuple[str, str | None, str | None, int | None], ...]:
    """The linear algebra libraries that numpy has loaded; its results, and so ours, are theirs to the last bit."""
    import numpy  # noqa: F401 - loading it loads its BLAS, which threadpoolctl then finds
    from threadpoolctl import threadpool_info

    found = (entry for entry in threadpool_info() if entry.get("user_api") == "blas")
    return tuple(
        (str(entry["internal_api"]), entry.get("version"), entry.get("architecture"), entry.get("num_threads"))
        for entry in found
    )
