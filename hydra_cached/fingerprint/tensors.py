"""Encodes torch tensors by dtype, shape, values, device and order in memory. Never imports torch.

A tensor has an identity: met again it is the same one, and one that shares another's memory says so.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.walk import LIMIT_BYTES, Handler, Walk

_BLOCK_BYTES = 1 << 22
_SPARSE_PARTS = {
    "torch.sparse_coo": ("is_coalesced", "sparse_dim", "_indices", "_values"),
    "torch.sparse_csr": ("crow_indices", "col_indices", "values"),
    "torch.sparse_bsr": ("crow_indices", "col_indices", "values"),
    "torch.sparse_csc": ("ccol_indices", "row_indices", "values"),
    "torch.sparse_bsc": ("ccol_indices", "row_indices", "values"),
}
_SCALES_OF_ALL = ("q_scale", "q_zero_point")
_SCALES_OF_EACH = ("q_per_channel_scales", "q_per_channel_zero_points", "q_per_channel_axis")


def find_torch_handler(cls: type) -> Handler | None:
    """The handler of a torch class or a class derived from one; None where its own pickling will do."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    for base, handler in (
        (torch.Tensor, encode_tensor),
        (torch.Generator, encode_generator),
        ((torch.UntypedStorage, torch.storage.TypedStorage), encode_storage),
    ):
        if issubclass(cls, base):
            return handler
    return None


def encode_tensor(walk: Walk, value: Any) -> None:
    """A tensor by class, dtype, device, layout, whether it wants a gradient, the gradient, attributes and values."""
    if walk.write_again(value):
        return
    if value.requires_grad and not value.is_leaf:
        walk.refuse(value, "cannot be digested: it is part of a graph of gradients; return tensor.detach()")
        return
    walk.out += b"$"
    walk.write_class(type(value))
    walk.write((str(value.dtype), str(value.device), str(value.layout), bool(value.requires_grad)))
    walk.write(value.grad)
    walk.write(getattr(value, "__dict__", None))
    _write_content(walk, value.detach())


def encode_generator(walk: Walk, value: Any) -> None:
    """A random generator by device and state."""
    if walk.write_again(value):
        return
    walk.out += b"&"
    walk.write_class(type(value))
    walk.write(str(value.device))
    walk.write(value.get_state())


def encode_storage(walk: Walk, value: Any) -> None:
    """The memory of tensors by device and bytes."""
    torch = sys.modules["torch"]
    walk.out += b"Q"
    walk.write_class(type(value))
    if isinstance(value, torch.storage.TypedStorage):
        walk.write(str(value.dtype))
        value = value.untyped()
    walk.write(torch.empty(0, dtype=torch.uint8, device=value.device).set_(value))


def _write_content(walk: Walk, tensor: Any) -> None:
    torch = sys.modules["torch"]
    parts = _SPARSE_PARTS.get(str(tensor.layout))
    if tensor.is_nested:
        walk.out += b"n"
        walk.write([each.detach() for each in tensor.unbind()])
        return
    walk.write(tuple(tensor.shape))
    if parts is not None:
        walk.out += b"s"
        walk.write([getattr(tensor, name)() for name in parts])
    elif tensor.is_quantized:
        scheme = tensor.qscheme()
        scales = _SCALES_OF_ALL if "per_tensor" in str(scheme) else _SCALES_OF_EACH
        walk.out += b"q"
        walk.write([str(scheme), tensor.int_repr(), *(getattr(tensor, name)() for name in scales)])
    elif tensor.layout is not torch.strided:
        walk.out += b"d"
        walk.write(tensor.to_dense())
    elif tensor.device.type == "meta":
        walk.out += b"m"
        walk.write(tensor.stride())
    else:
        walk.out += b"v"
        _write_sharing(walk, tensor)
        _write_values(walk, tensor.as_subclass(torch.Tensor))


def _write_sharing(walk: Walk, tensor: Any) -> None:
    pointer = tensor.untyped_storage().data_ptr()
    found = walk.find_met(tensor, ("memory of", str(tensor.device), pointer)) if pointer else None
    if found is None:
        walk.out += b"0"
    else:
        number, first = found
        walk.out += b"1%x;" % number
        walk.write((tensor.storage_offset() - first.storage_offset(), tensor.element_size(), tensor.stride()))


def _write_values(walk: Walk, tensor: Any) -> None:
    torch = sys.modules["torch"]
    tensor = tensor.resolve_conj().resolve_neg()
    # the order of a copy: that of a tensor whose items fill its memory, and else the usual one
    like = tensor if tensor.is_contiguous() else torch.empty_like(tensor, device="meta")
    if like.is_contiguous():
        walk.out += b"C"
    else:
        strides = like.stride()
        order = sorted(range(tensor.dim()), key=lambda axis: -strides[axis])
        walk.out += b"S"
        walk.write(tuple(axis for axis in order if tensor.shape[axis] != 1))
        tensor = tensor.permute(order)
    size = tensor.numel() * tensor.element_size()
    if size <= LIMIT_BYTES or (tensor.is_contiguous() and tensor.device.type == "cpu"):
        walk.write_buffer(b"b", _bytes_of(tensor))
        return
    # block by block: no second copy of a large tensor, nor of one on another device
    walk.out += b"%%%b%x:" % (b"b", size)
    hasher = blake3()
    rows = max(1, _BLOCK_BYTES * len(tensor) // size)
    for first in range(0, len(tensor), rows):
        hasher.update(_bytes_of(tensor[first : first + rows]))
    walk.out += hasher.digest()


def _bytes_of(tensor: Any) -> memoryview:
    torch = sys.modules["torch"]
    tensor = tensor.cpu().clone(memory_format=torch.contiguous_format) if _is_scattered(tensor) else tensor
    size = tensor.numel() * tensor.element_size()
    if not size:
        return memoryview(b"")
    kept = (ctypes.c_ubyte * size).from_address(tensor.data_ptr())
    kept.tensor = tensor
    return memoryview(kept).cast("B")


def _is_scattered(tensor: Any) -> bool:
    return tensor.device.type != "cpu" or not tensor.is_contiguous()
