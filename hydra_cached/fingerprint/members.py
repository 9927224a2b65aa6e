"""Says what of a class tells what it does: its functions, and plain values. Reads nothing of them."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Iterator
from functools import cached_property
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

_PLAIN = (int, float, complex, str, bytes, bool, tuple, frozenset, type(None), dict, list, set)
# what of a class's machinery is neither a function nor holds one
_INERT = (str, tuple, dict, type(None), GetSetDescriptorType, MemberDescriptorType)


def members_of(cls: type) -> Iterator[tuple[str, Any, list[FunctionType]]]:
    """What a class has under its names, each with the functions that it is or wraps, without its machinery."""
    for name, member in list(vars(cls).items()):
        if not (type(member) in _INERT and name.startswith("__")):
            yield name, member, _functions_in(member)


def is_generated(cls: type, functions: list[FunctionType]) -> bool:
    """Whether functions of a class come from no file: where the class does, a decorator made them from what it says."""
    return any(each.__code__.co_filename.startswith("<") and not _is_typed(each, cls) for each in functions)


def is_put_in(cls: type, name: str, member: Any) -> bool:
    """Whether a plain value was put into a class from outside, as far as that can be told from what metaclasses do."""
    return not name.startswith("_") and type(member) in _PLAIN and type(cls) in (type, ABCMeta)


def _is_typed(function: FunctionType, cls: type) -> bool:
    """Whether somebody at a prompt or in a notebook put a function of his own into a class."""
    return "." not in function.__qualname__ or function.__module__ == "__main__" != cls.__module__


def _functions_in(member: Any) -> list[FunctionType]:
    """The functions that a member of a class is or wraps, in a way that is known."""
    parts: list[Any]
    if isinstance(member, FunctionType):
        wrapped = getattr(member, "__wrapped__", None)
        if wrapped is None:
            return [member]
        parts = [member, wrapped]
    elif isinstance(member, property):
        parts = [member.fget, member.fset, member.fdel]
    elif isinstance(member, cached_property):
        parts = [member.func]
    elif type(member) in _PLAIN:
        return []
    else:
        # staticmethod, classmethod, lru_cache and partialmethod-like wrappers say what they hold
        parts = [_ask(member, "__wrapped__"), _ask(member, "__func__")]
    return [part for part in parts if isinstance(part, FunctionType)]


def _ask(member: Any, name: str) -> Any:
    try:
        return getattr(member, name, None)
    except Exception:
        # a stand-in for something that is not there yet
        return None
