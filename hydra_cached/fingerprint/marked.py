"""Lets marks (`@version` and the like) count as what they say, and not as decorators in a text. Sets none."""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from types import FunctionType
from typing import Any

from hydra_cached.fingerprint.bindings import COMPREHENSIONS, bind_function

_ATTRIBUTE = "__hydra_cached_marks__"
_PACKAGE = "hydra_cached"
_NAMES = ("not_deterministic", "not_cached", "version", "env", "input_files", "output_files", "depends_on")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# what is declared of files and other code has no key of its own, or none that says all
_KEPT = ("inputs", "outputs", "depends_on")


def drop_marks(tree: ast.Module) -> None:
    """Take the decorators of ours out of the tree of a file, as far as it surely imports them."""
    imported: dict[str, str] = {}
    bound: Counter[str] = Counter()
    for node in _in_scope(tree.body):
        bound.update(_bound_by(node))
        if isinstance(node, ast.Import):
            imported.update((each.asname or each.name, "") for each in node.names if each.name == _PACKAGE)
        elif isinstance(node, ast.ImportFrom) and node.module == _PACKAGE and not node.level:
            imported.update((each.asname or each.name, each.name) for each in node.names if each.name in _NAMES)
    if not imported or bound["*"]:
        return
    # what a function declares global may be bound in there
    bound.update(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)
    _drop_below(tree.body, {name: original for name, original in imported.items() if bound[name] == 1})


def _drop_below(body: Iterable[ast.AST], known: dict[str, str], outside: dict[str, str] | None = None) -> None:
    """Take marks out of what ``body`` defines.

    Args:
        known: names of marks, and of the package, as decorators here may use them.
        outside: the same for what stands in functions, where the body is one of a class.
    """
    for node in body:
        if not isinstance(node, _DEFINITIONS):
            _drop_below(ast.iter_child_nodes(node), known, outside)
            continue
        node.decorator_list = [each for each in node.decorator_list if not _is_mark(each, known)]
        inner = known if outside is None else outside
        if isinstance(node, ast.ClassDef):
            bound = {name for each in _in_scope(node.body) for name in _bound_by(each)}
            _drop_below(node.body, _without(inner, bound), inner)
        else:
            _drop_below(node.body, _without(inner, bind_function(node)))


def _without(known: dict[str, str], bound: Container[str]) -> dict[str, str]:
    return {name: original for name, original in known.items() if name not in bound}


def _in_scope(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes that stand in the scope of ``body`` itself, as far as they may bind names there."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            yield node
        elif isinstance(node, COMPREHENSIONS):
            # all but these is local to it
            waiting.extend(each.target for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
        else:
            yield node
            waiting.extend(ast.iter_child_nodes(node))


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
