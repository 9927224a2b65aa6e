"""Finds the paths in the arguments of calls that may name files, and what they are there for. Looks at no file."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from hydra_cached.graph import Items, Place, Raw, Ref, argument_expressions
from hydra_cached.graph.expression import written_content
from hydra_cached.keys.mentions import MOST_MENTIONS, find_mentions, naming_keys

Role: TypeAlias = Literal["automatic", "input", "output"]


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
    bound = _bound_by(call.target)
    for name, value in bound.items():
        role = None if name in names else role_of(call, name)
        if role is not None:
            names.add(name)
            found.extend(NamedPath(name, text, role) for text in find_mentions(value))
    if declared.inputs or declared.outputs:
        parameters = _parameters(call.target)
        found.extend(_declared(declared.inputs or (), "input", names, parameters))
        found.extend(_declared(declared.outputs, "output", names, parameters))
    return tuple(dict.fromkeys(found))


def _bound_by(target: Any) -> Mapping[str, Any]:
    """What a partial that is the target gives of the arguments, by name."""
    if not isinstance(target, functools.partial):
        return {}
    try:
        return inspect.signature(target.func).bind_partial(*target.args, **target.keywords).arguments
    except (TypeError, ValueError):
        return target.keywords


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
    found = list(find_mentions(naming_keys(expression.keys or ()), limit=limit))
    for value in expression.values:
        found.extend(_literal_texts(value, limit))
    return tuple(found) if limit is None or len(found) <= limit else ()
