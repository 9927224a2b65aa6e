"""Finds what a value is, or holds in builtin containers, by its type. Looks into no other objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})


def find_held(value: Any, is_wanted: Callable[[type], bool]) -> Iterator[Any]:
    """``value`` itself, or what lists, tuples, dicts and sets in it hold all the way down, if its type is wanted.

    >>> list(find_held([1, {"a": ("x", 2)}], lambda kind: kind is str))
    ['x']
    """
    if not is_container(type(value)):
        if is_wanted(type(value)):
            yield value
        return
    waiting = [value]
    seen: set[int] = set()
    while waiting:
        container = waiting.pop()
        if id(container) in seen:
            continue
        seen.add(id(container))
        # large containers hold few types
        kinds = set(map(type, _items(container)))
        inner = {kind for kind in kinds if is_container(kind)}
        wanted = {kind for kind in kinds - inner if is_wanted(kind)}
        if inner or wanted:
            for item in _items(container):
                if type(item) in wanted:
                    yield item
                elif type(item) in inner:
                    waiting.append(item)


def is_container(kind: type) -> bool:
    """Whether values of a type are builtin containers, or tuples with names."""
    return kind in _CONTAINERS or issubclass(kind, tuple)


def _items(container: Any) -> Iterable[Any]:
    if type(container) is dict:
        return container.values()
    # a class derived from tuple may say something else when it is iterated over
    return tuple.__iter__(container) if isinstance(container, tuple) else container
