"""Tells which names are local to a function, and which of them an import inside it has bound."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any, TypeAlias

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

Scope: TypeAlias = dict[str, tuple[str, ...] | None]
"""Local names; of those that an import binds, what they may be, as "module" or "module:name"."""

_OPAQUE = (*FUNCTIONS, ast.ClassDef, ast.Lambda)


def bind_function(node: Any) -> Scope:
    """The names that a function or lambda binds: arguments, assignments, imports, definitions; none declared global."""
    scope: Scope = {}
    arguments: ast.arguments = node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        scope[argument.arg] = None
    for extra in (arguments.vararg, arguments.kwarg):
        if extra is not None:
            scope[extra.arg] = None
    for parameter in getattr(node, "type_params", ()):
        scope[parameter.name] = None
    body = node.body if isinstance(node.body, list) else [node.body]
    declared: set[str] = set()
    _bind(body, scope, declared)
    for name in declared:
        scope.pop(name, None)
    return scope


def bind_imports(node: ast.ClassDef) -> Scope:
    """The names that imports in the body of a class bind."""
    scope: Scope = {}
    for statement in node.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            _bind_import(statement, scope)
    return scope


def spec_of(node: ast.expr) -> str | None:
    """The module that `importlib.import_module("a.b")` imports, when ``node`` is such a call."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    function = node.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    wanted = node.args[0]
    if called not in {"import_module", "__import__"} or not isinstance(wanted, ast.Constant):
        return None
    text = wanted.value
    if not isinstance(text, str) or not text.strip("."):
        return None
    # __import__("a.b") gives a
    return text if called == "import_module" else text.partition(".")[0]


def _bind(nodes: Iterable[ast.AST], scope: Scope, declared: set[str]) -> None:
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind is ast.Name:
            if not isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
                scope.setdefault(node.id, None)  # type: ignore[attr-defined]
            continue
        if kind is ast.Constant:
            continue
        if isinstance(node, _OPAQUE):
            if not isinstance(node, ast.Lambda):
                scope.setdefault(node.name, None)
            continue
        if isinstance(node, COMPREHENSIONS):
            # only an assignment expression reaches out of it
            targets = (each.target.id for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
            scope.update({name: None for name in targets if name not in scope})
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            _bind_import(node, scope)
            continue
        if kind is ast.Global:
            declared.update(node.names)  # type: ignore[attr-defined]
            continue
        if kind is ast.Nonlocal:
            continue
        if kind is ast.Assign and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):  # type: ignore[attr-defined]
            spec = spec_of(node.value)  # type: ignore[attr-defined]
            if spec is not None:
                _add_spec(scope, node.targets[0].id, spec)  # type: ignore[attr-defined]
                continue
        # names without a node of their own: `except E as name`, `case [*name]`, `case {**rest}`
        for name in (getattr(node, "name", None), getattr(node, "rest", None)):
            if isinstance(name, str):
                scope.setdefault(name, None)
        waiting.extend(ast.iter_child_nodes(node))


def _bind_import(node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            # `import a.b` binds a
            spec = alias.name if alias.asname else alias.name.partition(".")[0]
            _add_spec(scope, alias.asname or spec, spec)
        return
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name != "*":
            _add_spec(scope, alias.asname or alias.name, f"{module}:{alias.name}")


def _add_spec(scope: Scope, name: str, spec: str) -> None:
    scope[name] = (*(scope.get(name) or ()), spec)
