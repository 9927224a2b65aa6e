"""Finds the texts and paths in arguments and results that may name files. Looks at no file."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from types import ModuleType
from typing import Any, Literal, TypeAlias

from hydra_cached.fingerprint import may_be_path
from hydra_cached.graph import Items, Place, Raw, Ref, argument_expressions
from hydra_cached.graph.expression import written_content

Role: TypeAlias = Literal["automatic", "input", "output"]

MOST_MENTIONS = 10_000
"""Longer lists of names count only where they are declared."""

_LOOKS_LIKE_PATH = re.compile(r"[./\\]").search
_SCALARS = frozenset({int, float, bool, complex, type(None), bytes})
# whose objects hold no names of files, or too much to look for some
_CLOSED = frozenset(
    {"builtins", "collections", "functools", "logging", "numpy", "pandas", "polars", "pyarrow", "threading", "torch"}
)


@dataclass(frozen=True, slots=True)
class NamedPath:
    """A text that may name a file.

    Attributes:
        argument: name of the argument it stands in, "" for a path that is declared as such.
        text: as written.
        role: "automatic" where nothing is declared: it counts if it names a file that is there.
    """

    argument: str
    text: str
    role: Role


def find_mentions(value: Any, *, limit: int | None = MOST_MENTIONS) -> tuple[str, ...]:
    """The texts and paths in a value that may name a file, containers and attributes of objects opened.

    Arrays, frames and tensors are not opened. () for more than ``limit``.
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
        elif isinstance(each, PurePath):
            found[str(each)] = None
        else:
            seen.add(id(each))
            waiting.extend(reversed(_inside(each)))
    return tuple(found)


def _inside(value: Any) -> list[Any]:
    """What a container or an object holds, as far as texts may be in it."""
    if isinstance(value, dict):
        return [*_naming_keys(value), *(each for each in dict.values(value) if type(each) not in _SCALARS)]
    if isinstance(value, (list, tuple, set, frozenset)):
        if _SCALARS.issuperset(map(type, value)):
            return []
        return [each for each in value if type(each) not in _SCALARS]
    cls = type(value)
    if isinstance(value, (type, ModuleType)) or cls.__module__.partition(".")[0] in _CLOSED:
        return []
    try:
        return [each for each in _attributes(value) if type(each) not in _SCALARS]
    except Exception:
        # a user's class that answers to a look in its own way
        return []


def _naming_keys(keys: Iterable[Any]) -> list[Any]:
    """Keys of a mapping that look like names of files. Most are names of columns, options or people."""
    return [each for each in keys if isinstance(each, (str, PurePath)) and _LOOKS_LIKE_PATH(str(each))]


def _attributes(value: Any) -> list[Any]:
    """What an object goes by: a data set is read through the path that it holds."""
    attributes = getattr(value, "__dict__", None)
    held = list(attributes.values()) if type(attributes) is dict else []
    for base in type(value).__mro__:
        slots = base.__dict__.get("__slots__", ())
        held.extend(getattr(value, name, None) for name in ((slots,) if isinstance(slots, str) else slots))
    return held


def named_paths(call: Place) -> tuple[NamedPath, ...]:
    """What the literal arguments of a call, and its declarations, may name."""
    declared = call.declared
    found: list[NamedPath] = []
    names = set()
    for name, expression in argument_expressions(call):
        names.add(name)
        role = role_of(call, name)
        if role is not None:
            limit = MOST_MENTIONS if role == "automatic" else None
            found.extend(NamedPath(name, text, role) for text in _literal_texts(expression, limit))
    if declared.inputs or declared.outputs:
        parameters = _parameters(call.target)
        found.extend(_declared(declared.inputs or (), "input", names, parameters))
        found.extend(_declared(declared.outputs, "output", names, parameters))
    return tuple(dict.fromkeys(found))


def literal_texts(call: Place) -> tuple[str, ...]:
    """Every text in the literal arguments of a call, configs that are handed on included."""
    found: dict[str, None] = {}
    for _, expression in argument_expressions(call):
        found.update(dict.fromkeys(_literal_texts(expression, MOST_MENTIONS)))
    return tuple(found)


def role_of(call: Place, name: str) -> Role | None:
    """What texts in the argument ``name`` are; None where no argument counts as a file unless declared."""
    declared = call.declared
    if not declared.outputs and declared.inputs is None:
        return "automatic"
    aliases = {name}
    if name.startswith("@") and name[1:].isdigit():
        aliases.update(list(_parameters(call.target))[int(name[1:]) : int(name[1:]) + 1])
    if not aliases.isdisjoint(declared.outputs):
        return "output"
    if declared.inputs is not None and not aliases.isdisjoint(declared.inputs):
        return "input"
    return "automatic" if declared.inputs or declared.inputs is None else None


def _declared(texts: tuple[str, ...], role: Role, names: set[str], parameters: dict[str, Any]) -> Iterator[NamedPath]:
    """What is declared and is no argument of the call: the default of a parameter, or else a path itself."""
    positions = list(parameters)
    for text in texts:
        if text in names or (text in parameters and f"@{positions.index(text)}" in names):
            continue
        if text in parameters:
            yield from (NamedPath(text, each, role) for each in find_mentions(parameters[text], limit=None))
        else:
            yield NamedPath("", text, role)


def _parameters(target: Any) -> dict[str, Any]:
    """Names of a callable's parameters in order, with their defaults (None without)."""
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):
        return {}
    return {
        name: None if parameter.default is parameter.empty else parameter.default
        for name, parameter in signature.parameters.items()
    }


def _literal_texts(expression: Any, limit: int | None) -> tuple[str, ...]:
    if isinstance(expression, Raw):
        return find_mentions(written_content(expression), limit=limit)
    if not isinstance(expression, Items):
        return () if isinstance(expression, Ref) else find_mentions(expression, limit=limit)
    found = list(find_mentions(_naming_keys(expression.keys or ()), limit=limit))
    for value in expression.values:
        found.extend(_literal_texts(value, limit))
    return tuple(found) if limit is None or len(found) <= limit else ()
