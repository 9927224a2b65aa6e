"""Tensors with their gradients, views of one memory as views of one memory, free of the device they were made on.

On a machine that has the device they come back to it, elsewhere to the main memory.
"""

from __future__ import annotations

import ctypes
import pickle
from typing import Any

import torch

from hydra_cached.store.serializers import Reducer, Reducers, StartAgain


def find_reducer(cls: type, reducers: Reducers) -> Reducer | None:
    """How tensors of ``cls`` are taken apart; None for what else there is."""
    if cls in (torch.Tensor, torch.nn.Parameter):
        return _session(reducers).reduce_tensor
    return _session(reducers).reduce_storage if cls is torch.UntypedStorage else None


class _Memory:
    """What stands for the memory of tensors in a pickle, once for all of them."""

    __slots__ = ("storage",)

    def __init__(self, storage: Any) -> None:
        self.storage = storage

    def __reduce__(self) -> Any:
        storage = self.storage.cpu()
        size = storage.nbytes()
        if not size:
            return load_memory, (str(self.storage.device), b"")
        view = (ctypes.c_ubyte * size).from_address(storage.data_ptr())
        view.kept = storage
        return load_memory, (str(self.storage.device), pickle.PickleBuffer(view))


class _Session:
    """The tensors met in one value, and the memories that they lie in."""

    def __init__(self, whole: set[Any]) -> None:
        self._whole = whole
        self._memories: dict[Any, _Memory] = {}
        # kept, so that no other memory gets the same address
        self._compact: dict[Any, Any] = {}

    def reduce_tensor(self, tensor: Any) -> Any:
        if tensor.requires_grad and not tensor.is_leaf:
            raise TypeError("it is part of a graph of gradients, which is not stored: return tensor.detach()")
        plain = tensor.detach()
        if not _is_plain(tensor):
            return tensor.__reduce_ex__(5)
        if plain.is_conj() or plain.is_neg():
            plain = plain.resolve_conj().resolve_neg()
        memory, plain = self._find_memory(plain)
        place = (plain.storage_offset(), tuple(plain.shape), plain.stride())
        arguments = (memory, plain.dtype, place, type(tensor), tensor.requires_grad, tensor.grad)
        attributes = vars(tensor)
        return (
            (load_tensor, arguments, attributes, None, None, set_attributes) if attributes else (load_tensor, arguments)
        )

    def reduce_storage(self, storage: Any) -> Any:
        return _same, (self._memory_of(storage),)

    def _find_memory(self, tensor: Any) -> tuple[_Memory, Any]:
        """The memory of a tensor, and the tensor as it lies there: a small part of a large memory in a copy."""
        storage = tensor.untyped_storage()
        key = _key_of(storage)
        is_whole = storage.nbytes() == tensor.numel() * tensor.element_size()
        if key in self._memories or key in self._whole or (is_whole and key not in self._compact):
            return self._memory_of(storage), tensor
        if key in self._compact:
            # another tensor looks at the same memory: both must go on doing so
            self._whole.add(key)
            raise StartAgain
        self._compact[key] = tensor
        copied = tensor.clone()
        return self._memory_of(copied.untyped_storage()), copied

    def _memory_of(self, storage: Any) -> _Memory:
        return self._memories.setdefault(_key_of(storage), _Memory(storage))


def load_memory(device: str, buffer: Any) -> Any:
    """Memory for tensors on a device, or in main memory where there is no such device."""
    view = memoryview(buffer)
    if not view.nbytes:
        return torch.empty(0, dtype=torch.uint8).untyped_storage()
    made = torch.frombuffer(bytearray(view) if view.readonly else view, dtype=torch.uint8)
    return (made.to(device) if is_available(device) else made).untyped_storage()


def load_tensor(
    memory: Any, dtype: Any, place: tuple[int, Any, Any], cls: type, requires_grad: bool, gradient: Any
) -> Any:
    """A tensor that lies in ``memory``."""
    made = torch.empty(0, dtype=dtype, device=memory.device).set_(memory, *place)
    if cls is torch.nn.Parameter:
        made = torch.nn.Parameter(made, requires_grad)
    else:
        made.requires_grad_(requires_grad)
    made.grad = gradient
    return made


def set_attributes(tensor: Any, attributes: dict[str, Any]) -> None:
    """Attributes that a user has given to a tensor."""
    vars(tensor).update(attributes)


def is_available(device: str) -> bool:
    """Whether tensors can be moved to a device, such as "cuda:1", on this machine."""
    if device == "cpu":
        return False
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        return False
    return True


def _is_plain(tensor: Any) -> bool:
    is_plain = tensor.layout is torch.strided and not tensor.is_quantized and not tensor.is_nested
    return is_plain and tensor.device.type != "meta" and not tensor._backward_hooks


def _key_of(storage: Any) -> tuple[str, int]:
    pointer = storage.data_ptr()
    # memory of no length has no address
    return (str(storage.device), pointer) if pointer else ("none", id(storage))


def _same(value: Any) -> Any:
    return value


def _session(reducers: Reducers) -> _Session:
    session: _Session = reducers.sessions.setdefault("torch", _Session(reducers.whole))
    return session
