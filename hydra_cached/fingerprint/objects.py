"""Encodes objects of any other class: by class and by what their own pickling protocol says they are made of."""

from __future__ import annotations

import copyreg
import enum
import functools
import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any

from hydra_cached.fingerprint.containers import write_mapping
from hydra_cached.fingerprint.kinds import ATOMIC, CONTAINERS
from hydra_cached.fingerprint.walk import Undigestible, Walk

_PROTOCOL = 5
_parts: dict[type, Callable[[Any], Any]] = {}
_DECLARED = ("__supertype__", "__bound__", "__constraints__", "__value__")
_new_object: Any = getattr(copyreg, "__newobj__")  # noqa: B009  (unknown to the type stubs)


def encode_enum(walk: Walk, value: enum.Enum) -> None:
    """A member by class, name and value."""
    walk.out += b"e"
    walk.write_class(type(value))
    walk.write(value.name)
    walk.write(value.value)


def encode_pickle_buffer(walk: Walk, value: pickle.PickleBuffer) -> None:
    """Bytes that an object hands to pickle without copying them."""
    walk.out += b"g"
    walk.write_buffer(b"b", value.raw())


def encode_iterator(walk: Walk, value: Iterator[Any]) -> None:
    """Refused: reading it uses it up."""
    walk.refuse(value, "cannot be digested: reading it uses it up")


def encode_object(walk: Walk, value: Any) -> None:
    """An object by class and state, as its ``__reduce_ex__`` takes it apart; met again, as the same object."""
    if has_identity(type(value)) and walk.write_again(value):
        return
    walk.out += b"x"
    walk.write_class(type(value))
    reduced = reduce(value)
    if reduced is None:
        parts = _take_apart(value)
        if parts is None:
            walk.refuse(value)
        else:
            walk.out += b"R"
            walk.write(parts)
        return
    if isinstance(reduced, str):
        walk.write_text(str(getattr(value, "__module__", None) or type(value).__module__))
        walk.write_text(reduced)
        walk.write_text(walk.code.reference(value) or "")
        # a wrapper may go by the name of what it wraps
        if callable(value):
            walk.write(getattr(value, "__wrapped__", None))
        if type(value).__module__ == "typing":
            _write_declared(walk, value)
        return
    factory, arguments, state, items, entries, setter = reduced
    # most objects are plain: "call my class, then set my state"
    if factory is _new_object and len(arguments) == 1 and arguments[0] is type(value):
        walk.out += b"n"
    else:
        walk.write(factory)
        walk.write(arguments)
    if state is None:
        state = _find_forgotten(value)
    try:
        walk.write(state)
    except Undigestible as stop:
        if type(state) is dict and stop.steps and stop.steps[-1].startswith("['"):
            stop.steps[-1] = f".{stop.steps[-1][2:-2]}"
        raise
    if items is not None:
        walk.out += b"I"
        walk.write(items)
    if entries is not None:
        walk.out += b"E"
        write_mapping(walk, len(entries), entries)
    if setter is not None:
        walk.out += b"U"
        walk.write(setter)


def _as_first(value: Any, state: Any) -> Any:
    """The state of an object as it was before somebody asked for its attributes, which gives some kinds a dict."""
    if isinstance(value, BaseException):
        return state or None
    if isinstance(value, functools.partial) and type(state) is tuple:
        return (*state[:3], *[each or None for each in state[3:]])
    return state


def _write_declared(walk: Walk, value: Any) -> None:
    """What a type variable, a new type or an alias is declared to stand for: its name does not say that."""
    for name in _DECLARED:
        told = getattr(value, name, None)
        if told is not None:
            walk.write_text(name)
            # one that is written as text and not looked up
            walk.write(getattr(told, "__forward_arg__", told))


def _find_forgotten(value: Any) -> dict[str, Any] | None:
    """Attributes of an object of a derived class that its base from the standard library leaves out of its pickles."""
    attributes = getattr(value, "__dict__", None)
    if type(attributes) is not dict or not attributes or _is_standard(type(value)):
        return None
    if isinstance(value, logging.Logger):
        # what it writes where is set up by each process
        return None
    for cls in type(value).__mro__:
        if "__reduce_ex__" in vars(cls) or "__reduce__" in vars(cls):
            return dict(attributes) if _is_standard(cls) and cls is not object else None
    return None


def _is_standard(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in sys.stdlib_module_names


def register_parts(cls: type, take_apart: Callable[[Any], Any]) -> None:
    """Digest values of exactly ``cls`` that cannot be pickled by what ``take_apart`` makes of them."""
    _parts[cls] = take_apart


def _take_apart(value: Any) -> list[Any] | None:
    known = _parts.get(type(value))
    if known is None:
        return None
    state, buffers = known(value)
    return [state, *(memoryview(buffer) for buffer in buffers)]


def has_identity(cls: type) -> bool:
    """Whether objects of ``cls`` may change, so that one object at two places is not the same as two equal ones.

    What is hashed by its value is a value, whatever its attributes.
    """
    if cls in ATOMIC or cls in CONTAINERS or cls is functools.partial:
        return False
    hasher: Any = cls.__hash__
    if hasher is not None and hasher is not object.__hash__:
        return False
    parameters = getattr(cls, "__dataclass_params__", None)
    return parameters is None or not parameters.frozen


def reduce(value: Any) -> str | tuple[Any, tuple[Any, ...], Any, list[Any] | None, list[Any] | None, Any] | None:
    """What pickling makes of ``value``: a global name, or factory, arguments, state, items, (key, value) pairs and
    setter; None where it cannot be pickled."""
    # whatever a user's __reduce__ or __getstate__ raises means the same: no pickle
    try:
        # libraries that send tracebacks about register all exceptions: what an exception says does not depend on that
        special = None if isinstance(value, BaseException) else copyreg.dispatch_table.get(type(value))
        made: Any = special(value) if special is not None else value.__reduce_ex__(_PROTOCOL)
        if isinstance(made, str):
            return made
        parts: list[Any] = [*made, *[None] * (6 - len(made))]
        factory, arguments, state, items, entries, setter = parts
        return (
            factory,
            arguments,
            _as_first(value, state),
            None if items is None else list(items),
            None if entries is None else list(entries),
            setter,
        )
    except RecursionError:
        raise
    except Exception:
        return None
