"""The model that ships with the package, so that every command works without a download."""

from dataclasses import replace
from importlib.resources import as_file, files

from umrnn.errors import ModelError
from umrnn.rnn.formats import ModelFile, describe
from umrnn.rnn.weights import Elman

__all__ = ["shipped", "shipped_file"]

_FILE = "sat-rnn.npz"


def shipped() -> Elman:
    """Read the sat-rnn: 128 neurons that learned the 1,024 bytes of ``Corpus.siteinfo()`` by heart.

    Raises
    ------
    ModelError
        If the file is not in the installed package.
    """
    return shipped_file().model


def shipped_file() -> ModelFile:
    """The same together with what its file says of it; else as :func:`shipped`."""
    resource = files("umrnn.rnn").joinpath("data", _FILE)
    if not resource.is_file():
        raise ModelError(
            f"{_FILE}, the model that ships with umrnn, is not in this installation", hint="install umrnn again"
        )
    with as_file(resource) as path:
        return replace(describe(path), name="sat-rnn (shipped)")
