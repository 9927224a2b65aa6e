"""Finds the texts and paths in values that may name files. Looks at no file, and calls no method of a user's class."""

from __future__ import annotations

import functools
import re
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import PurePath
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any

from hydra_cached.fingerprint import is_array, is_frame, may_be_path

MOST_MENTIONS = 10_000
"""Longer lists of names count only where they are declared."""

_LOOKS_LIKE_PATH = re.compile(r"[./\\]").search
_SCALARS = frozenset({int, float, bool, complex, type(None), bytes})
# whose objects hold no names of files, or too much to look for some
_CLOSED = frozenset(
    {"builtins", "collections", "functools", "logging", "numpy", "pandas", "polars", "pyarrow", "threading", "torch"}
)
_SEQUENCES = (list, tuple, set, frozenset, deque)
_HOLDERS = (ChainMap, UserDict, UserList)


def find_mentions(value: Any, *, limit: int | None = MOST_MENTIONS) -> tuple[str, ...]:
    """The texts and paths in a value that may name a file: in containers, in attributes of objects, and in what
    partials, methods and closures hold.

    Of keys, arrays and frames only what looks like a path. () for more than ``limit``.
    """
    found: dict[str, None] = {}
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        each = waiting.pop()
        kind = type(each)
        if kind is str:
            if may_be_path(each):
                found[each] = None
                if limit is not None and len(found) > limit:
                    return ()
        elif kind in _SCALARS or id(each) in seen:
            continue
        elif issubclass(kind, PurePath):
            found[str(each)] = None
        else:
            seen.add(id(each))
            waiting.extend(reversed(_inside(each)))
    return tuple(found)


def naming_keys(keys: Iterable[Any]) -> list[Any]:
    """Keys of a mapping that look like names of files. Most are names of columns, options or people."""
    flat = chain.from_iterable(each if type(each) is tuple else (each,) for each in keys)
    return [each for each in flat if isinstance(each, PurePath) or (type(each) is str and _LOOKS_LIKE_PATH(each))]


def _inside(value: Any) -> list[Any]:
    """What a container or an object holds, as far as texts may be in it."""
    cls = type(value)
    if issubclass(cls, dict):
        return [*naming_keys(dict.keys(value)), *_without_scalars(dict.values(value))]
    base = next((each for each in _SEQUENCES if issubclass(cls, each)), None)
    if base is not None:
        return _without_scalars(base.__iter__(value))
    if cls is functools.partial:
        return [value.func, *value.args, *value.keywords.values(), *_without_scalars(vars(value).values())]
    if cls is FunctionType:
        return _without_scalars(_contents(value.__closure__ or ()))
    if cls in (MethodType, BuiltinFunctionType):
        return [] if isinstance(value.__self__, (type, ModuleType)) else [value.__self__]
    if issubclass(cls, (type, ModuleType)):
        return []
    try:
        if is_array(value):
            return _texts_of_array(value)
        if is_frame(cls):
            return _texts_of_frame(value)
        if cls.__module__.partition(".")[0] in _CLOSED and not issubclass(cls, _HOLDERS):
            return []
        return _without_scalars(_attributes(value))
    except Exception:
        # a user's class that answers to a look in its own way
        return []


def _without_scalars(values: Iterable[Any]) -> list[Any]:
    return [each for each in values if type(each) not in _SCALARS]


def _contents(cells: Iterable[CellType]) -> Iterator[Any]:
    for cell in cells:
        try:
            yield cell.cell_contents
        except ValueError:
            continue  # not set yet


def _texts_of_array(array: Any) -> list[Any]:
    kind = array.dtype.kind
    if kind not in "OUT" or array.size > MOST_MENTIONS:
        return []
    return [each for each in array.ravel().tolist() if type(each) is not str or _LOOKS_LIKE_PATH(each)]


def _texts_of_frame(frame: Any) -> list[Any]:
    if hasattr(frame, "get_columns"):
        columns = frame.get_columns()
    elif hasattr(frame, "columns"):
        columns = [column for _, column in frame.items()]
    else:
        columns = [frame]
    found: list[Any] = []
    for column in columns:
        if len(column) <= MOST_MENTIONS and str(column.dtype).lower().startswith(("object", "str")):
            found.extend(each for each in column.to_list() if type(each) is not str or _LOOKS_LIKE_PATH(each))
    return _without_scalars(found)


def _attributes(value: Any) -> Iterator[Any]:
    """What an object goes by: a data set is read through the path that it holds."""
    attributes = getattr(value, "__dict__", None)
    if type(attributes) is dict:
        yield from attributes.values()
    for base in type(value).__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            yield getattr(value, name, None)
