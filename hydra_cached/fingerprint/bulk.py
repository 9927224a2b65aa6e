"""Encodes large runs of plain data at the speed of C. Refuses, by returning None, whatever is not exactly that.

`marshal` of version 2 writes neither references nor whether a string is interned, so equal content gives equal bytes
however it is shared. It takes any buffer for bytes, and sets in their own order: a look at the types comes first.
Whether a run is plain depends on its content alone, so equal runs always take the same way.
"""

from __future__ import annotations

import marshal
from itertools import chain
from typing import Any

MINIMUM = 16
"""Shorter containers are quicker to write one by one."""

RUN = 1024
"""Longer containers are written in runs of this many items."""

_MARSHAL_VERSION = 2
_MAX_LEVELS = 12
_MAX_ITEMS = 1 << 20

_SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes})
_NESTED = frozenset({dict, list, tuple})


def is_flat(value: Any) -> bool:
    """Whether a value is one scalar or holds nothing but scalars, which is quicker to see than what lies deeper."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is dict:
        return _SCALARS.issuperset(map(type, value.values())) and _SCALARS.issuperset(map(type, value))
    return _SCALARS.issuperset(map(type, value))


def is_plain_run(items: list[Any]) -> bool:
    """Whether ``items`` holds exact builtin scalars, dicts, lists and tuples only, to the bottom and not too many."""
    level: list[Any] = items
    seen = 0
    for _ in range(_MAX_LEVELS):
        types = set(map(type, level))
        if types <= _SCALARS:
            return True
        nested = types & _NESTED
        if types - _SCALARS != nested:
            return False
        seen += len(level)
        if seen > _MAX_ITEMS:
            return False
        if len(types) == 1:
            level = _open(level, *nested)
        else:
            level = list(
                chain.from_iterable(_open([item for item in level if type(item) is kind], kind) for kind in nested)
            )
    return False


def dump_run(items: list[Any]) -> bytes | None:
    """The bytes of ``items`` when they are plain, else None."""
    return marshal.dumps(items, _MARSHAL_VERSION) if is_plain_run(items) else None


def _open(items: list[Any], kind: type) -> list[Any]:
    if kind is not dict:
        return list(chain.from_iterable(items))
    values = list(chain.from_iterable(map(dict.values, items)))
    # keys are nearly always strings: look at them without keeping them
    if set(map(type, chain.from_iterable(items))) != {str}:
        values.extend(chain.from_iterable(items))
    return values
