"""PyTorch: the state dict of nn.RNN(256, H) and nn.Linear(H, 256), from torch.save. Needs the extra ``torch``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from umrnn.errors import MissingExtra, ModelError
from umrnn.rnn.formats.arrays import Stored, reading, text_of
from umrnn.rnn.formats.state_dict import from_state_dict, holds_a_recurrent_layer, to_state_dict
from umrnn.rnn.weights import Elman

__all__ = ["library", "read", "write"]

_NESTING = 4  # {"model": {"state_dict": …}} is common; deeper is not


def write(model: Elman, stream: IO[bytes], metadata: Mapping[str, Any]) -> None:
    """Write a state dict for ``load_state_dict``; any further key would break that, so ``metadata`` has no place."""
    torch = library()
    # A copy, since PyTorch warns of arrays it may not write to.
    torch.save({name: torch.from_numpy(array.copy()) for name, array in to_state_dict(model).items()}, stream)


def read(path: Path) -> Stored:
    """The five arrays out of a state dict with any prefixes, alone or inside a training checkpoint."""
    torch = library()
    # weights_only: a file may name tensors, numbers and containers, and no code runs. PyTorch's own message on refusal
    # recommends to load without that guard, so it is not repeated.
    rule = "it is damaged or holds more than tensors; save model.state_dict()"
    with reading(path, "a PyTorch state dict", rule):
        content = torch.load(path, map_location="cpu", weights_only=True)
    found = list(_state_dicts(content))
    if not found:
        names = [str(name) for name in content] if isinstance(content, Mapping) else [type(content).__name__]
        raise ModelError(f"{path} holds no state dict with a tensor named …weight_ih_l0; found {text_of(names)}")
    if len(found) > 1:
        raise ModelError(f"{path} holds {len(found)} state dicts with a recurrent layer: save the one to be used alone")
    tensors = {}
    for name, tensor in found[0].items():
        if not isinstance(tensor, torch.Tensor):
            raise ModelError(f"{path}: {name} must be a tensor, got {type(tensor).__name__}")
        with reading(path, "a PyTorch state dict", f"{name} is not a dense tensor of real numbers"):
            narrow = tensor.is_floating_point() and tensor.dtype != torch.float64  # numpy knows no bfloat16
            tensors[str(name)] = (tensor.float() if narrow else tensor).detach().numpy().copy()
    return Stored(from_state_dict(path, tensors), {})


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
