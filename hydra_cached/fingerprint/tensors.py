"""Encodes torch tensors by dtype, shape, values and device. Never imports torch."""

from __future__ import annotations

import sys
from typing import Any

from hydra_cached.fingerprint.walk import Handler, Walk


def find_torch_handler(cls: type) -> Handler | None:
    """The handler of a torch class or a class derived from one; None where its own pickling will do."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    if issubclass(cls, torch.Tensor):
        return encode_tensor
    return encode_generator if issubclass(cls, torch.Generator) else None


def encode_tensor(walk: Walk, value: Any) -> None:
    """A tensor by class, dtype, shape, device, whether it wants a gradient, the gradient, attributes and values."""
    torch = sys.modules["torch"]
    walk.out += b"$"
    walk.write_class(type(value))
    walk.write((str(value.dtype), tuple(value.shape), str(value.device), str(value.layout)))
    walk.write(bool(value.requires_grad))
    walk.write(value.grad if value.is_leaf else None)
    walk.write(getattr(value, "__dict__", None))
    if value.layout is not torch.strided or value.is_quantized or value.device.type == "meta":
        walk.refuse(value, f"of layout {value.layout} on {value.device} cannot be digested")
        return
    plain = value.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    walk.write_buffer(b"b", memoryview(plain.view(torch.uint8).numpy()) if plain.numel() else b"")


def encode_generator(walk: Walk, value: Any) -> None:
    """A random generator by device and state."""
    walk.out += b"&"
    walk.write_class(type(value))
    walk.write(str(value.device))
    walk.write(value.get_state())
