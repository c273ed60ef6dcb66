"""PyTorch: the state dict of a recurrent layer and a Linear, from torch.save. Needs the extra ``torch``."""

import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from umrnn.alphabet import Alphabet
from umrnn.errors import MissingExtra, ModelError
from umrnn.rnn.formats.arrays import Contents, Stored, reading, text_of
from umrnn.rnn.formats.roles import Roles
from umrnn.rnn.formats.state_dict import PYTORCH, holds_a_recurrent_layer, to_state_dict
from umrnn.rnn.formats.symbols import gathered
from umrnn.rnn.weights import Elman

__all__ = ["library", "read", "write"]

_KIND = "a PyTorch state dict"
_NESTING = 4  # {"model": {"state_dict": …}} is common; deeper is not


def write(model: Elman, stream: IO[bytes], metadata: Mapping[str, Any], roles: Roles = PYTORCH) -> None:
    """Write a state dict under the names of ``roles``, for ``load_state_dict``; a further key would break that.

    So ``metadata`` has no place. A network over an alphabet has the symbols alone, in their own order.
    """
    torch = library()
    arrays = gathered(model.arrays(), Alphabet.read(metadata.get("alphabet")))
    # A copy, since PyTorch warns of arrays it may not write to.
    tensors = {name: torch.from_numpy(array.copy()) for name, array in to_state_dict(arrays, roles).items()}
    torch.save(tensors, stream)


def read(path: Path) -> Contents:
    """The tensors of a state dict with any prefixes, alone or inside a training checkpoint."""
    torch = library()
    _check_stored(path)
    # weights_only: a file may name tensors, numbers and containers, and no code runs. PyTorch's own message on refusal
    # recommends to load without that guard, so it is not repeated.
    rule = "it is damaged or holds more than tensors; save model.state_dict()"
    with reading(path, _KIND, rule):
        content = torch.load(path, map_location="cpu", weights_only=True)
    found = list(_state_dicts(content))
    if not found:
        names = [str(name) for name in content] if isinstance(content, Mapping) else [type(content).__name__]
        raise ModelError(f"{path} holds no state dict with a tensor named …weight_ih_l0; found {text_of(names)}")
    if len(found) > 1:
        raise ModelError(f"{path} holds {len(found)} state dicts with a recurrent layer: save the one to be used alone")
    for name, tensor in found[0].items():
        if not isinstance(tensor, torch.Tensor):
            raise ModelError(f"{path}: {name} must be a tensor, got {type(tensor).__name__}")
    return Contents(path, _KIND, {str(name): _listed(path, str(name), tensor) for name, tensor in found[0].items()})


def _listed(path: Path, name: str, tensor: Any) -> Stored:
    if str(tensor.layout) != "torch.strided":
        raise ModelError(f"{path} cannot be read as {_KIND}: {name} is not a dense tensor of real numbers")
    kind = str(tensor.dtype).removeprefix("torch.")
    return Stored(tuple(tensor.shape), kind, partial(_read, path, name, tensor))


def _read(path: Path, name: str, tensor: Any) -> NDArray[Any]:
    with reading(path, _KIND, f"{name} is not a dense tensor of real numbers"):
        if str(tensor.dtype) == "torch.bfloat16":  # numpy knows none
            tensor = tensor.float()
        array: NDArray[Any] = tensor.detach().numpy().copy()
        return array


def _check_stored(path: Path) -> None:
    """PyTorch stores what it saves as it is: what is compressed is not from there, and may expand to any size."""
    with reading(path, _KIND), zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ModelError(f"{path} cannot be read as {_KIND}: its members are compressed")


def _state_dicts(content: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every mapping within ``content`` that names a recurrent layer."""
    if not isinstance(content, Mapping) or depth > _NESTING:
        return
    if holds_a_recurrent_layer(content):
        yield content
        return
    for value in content.values():
        yield from _state_dicts(value, depth + 1)


def library() -> Any:
    """PyTorch, or the error that says how to install it."""
    try:
        import torch
    except ImportError:
        raise MissingExtra("PyTorch", "torch") from None
    return torch
