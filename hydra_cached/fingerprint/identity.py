"""Finds the objects with an identity that a value holds. Never raises, and changes nothing."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Iterable
from types import BuiltinFunctionType, CellType, FunctionType, MappingProxyType, MethodType
from typing import Any

from hydra_cached.fingerprint.bulk import MINIMUM, is_plain_run
from hydra_cached.fingerprint.kinds import ATOMIC, CONTAINERS, is_array, is_config, is_frame, is_immutable
from hydra_cached.fingerprint.objects import reduce


def identity_objects(value: Any, *, with_data: bool = False) -> dict[int, object]:
    """Every mutable object with an identity that ``value`` reaches, itself included, by `id`.

    Args:
        with_data: builtin containers count too, and arrays by the memory that they are views of.

    Instances of classes other than the builtin containers count, wherever they are: in containers, attributes,
    closures, bound methods. Containers, arrays, frames, configs and what never changes do not count. What pickling does
    not take apart is looked at by its attributes.

    >>> class Model: ...
    >>> model = Model()
    >>> list(identity_objects({"model": [model], "size": 1}).values()) == [model]
    True
    """
    found: dict[int, object] = {}
    # what pickling makes on the way is kept, so that no id is used twice
    seen: dict[int, Any] = {}
    waiting = [value]
    while waiting:
        item = waiting.pop()
        cls = type(item)
        if (cls in ATOMIC and cls is not FunctionType) or id(item) in seen:
            continue
        seen[id(item)] = item
        if cls in CONTAINERS:
            waiting.extend(_content(item, with_data=with_data))
            if with_data and cls not in (tuple, frozenset):
                found[id(item)] = item
            continue
        if with_data and (is_array(item) or is_frame(cls)):
            found.update((id(memory), memory) for memory in _memory_of(item))
        inner = _look_inside(item)
        if inner is None:
            inner = _parts(item)
            if not _is_frozen(item):
                found[id(item)] = item
        waiting.extend(inner)
    return found


def _memory_of(data: Any) -> Iterable[Any]:
    """What an array or a frame is a view of: changing it changes all its views."""
    yield data
    if is_array(data):
        while getattr(data, "base", None) is not None:
            data = data.base
            yield data
    elif hasattr(data, "to_numpy"):
        columns = [column for _, column in data.items()] if hasattr(data, "columns") else [data]
        for column in columns:
            values = getattr(column, "values", None)
            if values is not None and is_array(values):
                yield from _memory_of(values)


def _content(container: Any, *, with_data: bool) -> Iterable[Any]:
    items = list(container)
    if isinstance(container, dict):
        items.extend(container.values())
        items.append(getattr(container, "default_factory", None))
    if with_data:
        return () if ATOMIC.issuperset(map(type, items)) else items
    # short ones are looked at item by item: looking ahead at every level of something deep would take long
    return () if len(items) >= MINIMUM and is_plain_run(items) else items


def _look_inside(value: Any) -> Iterable[Any] | None:
    """What an object without an identity of its own holds; None where it has one."""
    if isinstance(value, FunctionType):
        cells = [_cell_content(cell) for cell in value.__closure__ or ()]
        return [*cells, *(value.__defaults__ or ()), value.__kwdefaults__, value.__dict__]
    if isinstance(value, MethodType):
        return (value.__self__, value.__func__)
    if isinstance(value, BuiltinFunctionType):
        return (value.__self__,)
    if isinstance(value, functools.partial):
        return (value.func, value.args, value.keywords, value.__dict__)
    if isinstance(value, MappingProxyType):
        return (dict(value),)
    if isinstance(value, (slice, bytearray, memoryview)):
        return ()
    cls = type(value)
    try:
        if is_array(value):
            return value.ravel().tolist() if value.dtype.hasobject else ()
        if is_frame(cls):
            return _objects_in_frame(value)
        if is_config(cls):
            return ()
        return () if is_immutable(value) else None
    except Exception:
        # a user's class that answers to a look in its own way: an object like any other
        return None


def _objects_in_frame(frame: Any) -> Iterable[Any]:
    if not type(frame).__module__.startswith("pandas"):
        return ()
    columns = [column for _, column in frame.items()] if hasattr(frame, "columns") else [frame]
    return [column.tolist() for column in columns if column.dtype == object]


def _parts(value: Any) -> Iterable[Any]:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return ()  # taking it apart would copy its values
    reduced = reduce(value)
    if isinstance(reduced, tuple):
        return reduced
    return () if isinstance(reduced, str) else [*_attributes(value), *_items(value)]


def _attributes(value: Any) -> Iterable[Any]:
    try:
        found = list(vars(value).values())
    except TypeError:
        found = []  # no __dict__
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            try:
                found.append(object.__getattribute__(value, name))
            except AttributeError:
                continue  # not set, or renamed because private
    return found


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [*dict.keys(value), *dict.values(value)]
    # not as the class itself would have it: that may do anything
    if isinstance(value, list):
        return list.__iter__(value)
    if isinstance(value, tuple):
        return tuple.__iter__(value)
    if isinstance(value, set):
        return set.__iter__(value)
    return frozenset.__iter__(value) if isinstance(value, frozenset) else ()


def _is_frozen(value: Any) -> bool:
    parameters = getattr(type(value), "__dataclass_params__", None)
    if parameters is not None and dataclasses.is_dataclass(value):
        return bool(parameters.frozen)
    # a named tuple is a tuple
    return isinstance(value, tuple) and hasattr(type(value), "_fields")


def _cell_content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None
