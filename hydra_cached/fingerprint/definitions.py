"""Encodes functions, classes and modules as values: by name, and where it is first-party by the code behind it."""

from __future__ import annotations

import weakref
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any

from hydra_cached.fingerprint.definition import module_label
from hydra_cached.fingerprint.walk import Undigestible, Walk

CLASS_MACHINERY = frozenset(
    {"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__firstlineno__", "__static_attributes__"}
    | {"__abstractmethods__", "_abc_impl", "__annotate__", "__annotate_func__", "__annotations_cache__"}
    # pickling leaves it behind
    | {"__slotnames__"}
)
"""What every class has, and what says nothing of what it does."""


def encode_function(walk: Walk, value: FunctionType) -> None:
    """A Python function by name, code, defaults, attributes and the values it closes over."""
    walk.out += b"L"
    _write_name(walk, value.__module__, value.__qualname__)
    digest = walk.code.reference(value)
    if digest is None and "<" not in value.__qualname__ and value.__closure__ is None:
        return
    walk.write_text(digest or "")
    walk.write_text(walk.code.body(value))
    for step, part in (
        (".__defaults__", value.__defaults__),
        (".__kwdefaults__", value.__kwdefaults__),
        (".__dict__", value.__dict__),
    ):
        try:
            walk.write(part)
        except Undigestible as stop:
            raise stop.below(step) from None
    for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=False):
        # functools.singledispatch keeps a cache of its own there, which says nothing of what it does
        if name in {"cache_token", "dispatch_cache"} and value.__globals__.get("__name__") == "functools":
            continue
        walk.write_text(name)
        try:
            encode_cell(walk, cell)
        except Undigestible as stop:
            raise stop.below(f".{name}") from None


def encode_cell(walk: Walk, cell: CellType) -> None:
    """What a closure holds; a name not yet bound is a state of its own."""
    try:
        content = cell.cell_contents
    except ValueError:
        walk.out += b"0"
        return
    walk.out += b"1"
    walk.write(content)


def encode_cached_function(walk: Walk, value: Any) -> None:
    """A function under `functools.lru_cache`: the function and its settings, not what is cached."""
    walk.out += b"u"
    walk.write(value.cache_parameters())
    walk.write(value.__wrapped__)


def encode_method(walk: Walk, value: MethodType) -> None:
    """A bound method by its function and its object."""
    walk.out += b"h"
    walk.write(value.__func__)
    walk.write(value.__self__)


def encode_builtin(walk: Walk, value: BuiltinFunctionType) -> None:
    """A function written in C by name, and its object if it is bound to one."""
    walk.out += b"j"
    owner = value.__self__
    if owner is None or isinstance(owner, ModuleType):
        _write_name(walk, value.__module__, value.__qualname__)
        walk.write_text(walk.code.reference(value) or "")
    else:
        walk.write_text(value.__name__)
        walk.write(owner)


def encode_wrapper(walk: Walk, value: Any) -> None:
    """A `staticmethod`, `classmethod` or `property` by the functions in it."""
    walk.out += b"k"
    walk.write_class(type(value))
    parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value.__func__,)
    for part in parts:
        walk.write(part)


def encode_module(walk: Walk, value: ModuleType) -> None:
    """A module by name and code."""
    walk.out += b"o"
    walk.write_text(value.__name__)
    walk.write_text(walk.code.reference(value) or "")


def encode_weak_container(walk: Walk, value: Any) -> None:
    """Refused: what it holds goes away by itself."""
    walk.refuse(value, "cannot be digested: what it holds goes away by itself")


def encode_class(walk: Walk, cls: type) -> None:
    """A class by name and code; one made inside a function, or without source, by its members too."""
    walk.out += b"C"
    _write_name(walk, cls.__module__, cls.__qualname__)
    digest = walk.code.reference(cls)
    if digest is None:
        return
    body = walk.code.body(cls)
    walk.write_text(digest)
    walk.write_text(body)
    if body and "<locals>" not in cls.__qualname__:
        return
    with walk.apart():
        _write_members(walk, cls)


def _write_members(walk: Walk, cls: type) -> None:
    walk.write(cls.__bases__)
    for name, member in vars(cls).items():
        if name in CLASS_MACHINERY or type(member).__name__ in {"member_descriptor", "getset_descriptor"}:
            continue
        if name == "__annotations__" and not member:
            continue  # made when somebody asks for it
        walk.write_text(name)
        try:
            walk.write(member)
        except Undigestible as stop:
            raise stop.below(f".{name}") from None


def _write_name(walk: Walk, module: str | None, qualname: str) -> None:
    walk.write_text(module_label(module))
    walk.write_text(qualname)


WEAK_CONTAINERS = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet, weakref.ref)
