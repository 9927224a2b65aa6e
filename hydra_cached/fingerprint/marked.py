"""Lets marks (`@version` and the like) count as what they say, and not as decorators in a text. Sets none."""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Iterator
from types import FunctionType
from typing import Any

_ATTRIBUTE = "__hydra_cached_marks__"
_PACKAGE = "hydra_cached"
_NAMES = ("not_deterministic", "not_cached", "version", "env", "input_files", "output_files", "depends_on")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# what is declared of files and other code has no key of its own, or none that says all
_KEPT = ("inputs", "outputs", "depends_on")


def drop_marks(tree: ast.Module) -> None:
    """Take the decorators of ours out of the tree of a file, as far as it surely imports them."""
    imported: dict[str, str] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            imported.update((each.asname or each.name, "") for each in statement.names if each.name == _PACKAGE)
        elif isinstance(statement, ast.ImportFrom) and statement.module == _PACKAGE and not statement.level:
            imported.update((each.asname or each.name, each.name) for each in statement.names if each.name in _NAMES)
    if not imported:
        return
    bound = Counter(name for node in ast.walk(tree) for name in _bound_by(node))
    # a name that is bound once, wherever that is, means the same everywhere
    sure = {name: original for name, original in imported.items() if bound[name] == 1 and not bound["*"]}
    for node in ast.walk(tree):
        if isinstance(node, _DEFINITIONS):
            node.decorator_list = [each for each in node.decorator_list if not _is_mark(each, sure)]


def marks_on(target: Any) -> Any:
    """The marks that a function or class was given itself; None without."""
    return vars(target).get(_ATTRIBUTE)


def note_marks(cls: type, note: Any) -> None:
    """Tell ``note`` under which name a class has its marks."""
    note(cls, _ATTRIBUTE)


def state_of(function: FunctionType) -> dict[str, Any]:
    """The attributes of a function, with what its marks declare that counts as its code."""
    marks = marks_on(function)
    if marks is None:
        return vars(function)
    return {**{name: value for name, value in vars(function).items() if name != _ATTRIBUTE}, **kept_marks(marks)}


def kept_marks(marks: Any) -> dict[str, Any]:
    """What marks declare that counts as code: all but the version, environment variables and flags."""
    declared = {f"@{name}": getattr(marks, name) for name in _KEPT}
    return {name: value for name, value in declared.items() if value or (name == "@inputs" and value is not None)}


def version_marks(target: Any) -> Any:
    """The marks whose version counts for a call of ``target``; None without a version."""
    for owner in _owners(target):
        marks: Any = getattr(owner, _ATTRIBUTE, None)
        # an object that invents any attribute it is asked for has no marks
        if type(marks).__module__.startswith(f"{_PACKAGE}.") and marks.version is not None:
            return marks
    return None


def _owners(target: Any) -> Iterator[Any]:
    """What may be marked of a target, as calls look for it: the outer before the inner."""
    while isinstance(target, functools.partial):
        yield target
        target = target.func
    yield target
    if isinstance(target, type):
        yield from (target.__init__, target.__new__)  # type: ignore[misc]
    elif callable(target):
        called: Any = type(target)
        yield called.__call__


def _is_mark(decorator: ast.expr, sure: dict[str, str]) -> bool:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return sure.get(node.value.id) == "" and node.attr in _NAMES
    return isinstance(node, ast.Name) and bool(sure.get(node.id))


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.arg):
        yield node.arg
    else:
        # `def name`, `except E as name`, `case [*name]`, `case {**rest}`, `global name`
        for field in ("name", "rest"):
            if isinstance(getattr(node, field, None), str):
                yield getattr(node, field)
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
