"""Compares what a module holds with what its text says, where nothing else tells whether that is what was imported.

Every function must be the compiled text to the line, and every annotation that counts must be that of the text.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from hydra_cached.fingerprint.parsing import Parsed, Place, digest_code


def fits(namespace: Mapping[str, Any], parsed: Parsed) -> bool:
    """Whether nothing in a module differs from its text, as far as that can be seen."""
    places = {_key(code): place for code, place in parsed.functions}
    name = namespace.get("__name__")
    seen: set[int] = set()
    for value in list(namespace.values()):
        for function in _functions(value, name, seen):
            if function.__code__.co_filename != parsed.file or function.__globals__ is not namespace:
                continue
            place = places.get(_key(function.__code__))
            if place is None:
                return False
            if not place.is_bare and not _has_annotations(function, _of_arguments(place), namespace):
                return False
    for place in parsed.classes:
        cls = _find(namespace, place.qualname)
        if isinstance(cls, type) and cls.__module__ == name and not _has_annotations(cls, _of_class(place), namespace):
            return False
    return True


def _functions(value: Any, module: Any, seen: set[int]) -> Iterator[FunctionType]:
    """The functions that a value of a module is or holds, each once."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, FunctionType):
        yield value
        yield from _functions(value.__dict__.get("__wrapped__"), module, seen)
    elif isinstance(value, (staticmethod, classmethod)):
        yield from _functions(value.__func__, module, seen)
    elif isinstance(value, property):
        for part in (value.fget, value.fset, value.fdel):
            yield from _functions(part, module, seen)
    elif isinstance(value, type) and value.__module__ == module:
        for member in list(vars(value).values()):
            yield from _functions(member, module, seen)


def _has_annotations(thing: Any, expected: Mapping[str, ast.expr], namespace: Mapping[str, Any]) -> bool:
    try:
        found = inspect.get_annotations(thing)
    except Exception:
        # names that only type checkers import
        return False
    # a typed dict has those of its bases, too
    if not (found.keys() >= expected.keys() if hasattr(thing, "__total__") else found.keys() == expected.keys()):
        return False
    local = dict(vars(thing)) if isinstance(thing, type) else {}
    for name, node in expected.items():
        value = found[name]
        try:
            if isinstance(value, str) and not isinstance(node, ast.Constant):
                if ast.unparse(ast.parse(value, mode="eval")) != ast.unparse(node):
                    return False
                continue
            made = eval(compile(ast.Expression(node), "<annotation>", "eval"), dict(namespace), local)
            if not (made is value or repr(made) == repr(value)):
                return False
        except Exception:
            # whatever names of another text raise
            return False
    return True


def _of_class(place: Place) -> dict[str, ast.expr]:
    assert isinstance(place.node, ast.ClassDef)
    statements = (each for each in place.node.body if isinstance(each, ast.AnnAssign))
    return {each.target.id: each.annotation for each in statements if isinstance(each.target, ast.Name)}


def _of_arguments(place: Place) -> dict[str, ast.expr]:
    node = place.node
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    found = {each.arg: each.annotation for each in every if each is not None and each.annotation is not None}
    if node.returns is not None:
        found["return"] = node.returns
    return found


def _find(namespace: Mapping[str, Any], qualname: str) -> Any:
    first, *rest = qualname.split(".")
    found = namespace.get(first)
    for name in rest:
        found = vars(found).get(name) if isinstance(found, type) else None
    return found


def _key(code: CodeType) -> str:
    try:
        return digest_code(code)
    except ValueError:
        return ""
