"""Writes a definition's syntax tree as text in which only what runs counts.

Not in it: positions, comments, docstrings and other lone constants, parentheses, and annotations where nothing reads
them. Annotations are kept in class bodies (dataclasses read them) and in the signatures of decorated functions. Methods
that are definitions of their own are no part of their class.
"""

from __future__ import annotations

import ast
import copy
from typing import Any, TypeAlias

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_BLOCKS = frozenset({"orelse", "finalbody", "handlers", "cases"})
_PLAIN_DECORATORS = frozenset(
    {"staticmethod", "classmethod", "property", "cached_property", "abstractmethod", "override", "final"}
    | {"setter", "getter", "deleter"}
)
_fields: dict[type, tuple[str, ...]] = {}


def normalise(node: ast.AST, *, is_in_decorated_class: bool = False) -> str:
    """The text of a definition or statement.

    Args:
        node: where to begin; a class without the methods that are definitions of their own.
        is_in_decorated_class: whether something may read the annotations of this method.
    """
    parts: list[str] = []
    if isinstance(node, ast.ClassDef):
        node = _without_methods(node)
    _write(node, parts, is_in_decorated_class, False)
    return "".join(parts)


def readable(node: Any, *, is_in_decorated_class: bool = False) -> str:
    """The same as Python source, for people: two trees have the same text here if they have there."""
    made = copy.deepcopy(_without_methods(node) if isinstance(node, ast.ClassDef) else node)
    _strip(made, is_in_decorated_class, False)
    return ast.unparse(ast.fix_missing_locations(made))


def is_apart(method: ast.AST) -> bool:
    """Whether a statement of a class body makes a method that is a definition of its own: nothing unknown wraps it."""
    if not isinstance(method, _FUNCTIONS):
        return False
    for decorator in method.decorator_list:
        name = decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
        if name not in _PLAIN_DECORATORS:
            return False
    return True


def _without_methods(node: ast.ClassDef) -> ast.ClassDef:
    made = copy.copy(node)
    made.body = [statement for statement in node.body if not is_apart(statement)]
    return made


def _write(node: ast.AST, parts: list[str], reads_annotations: bool, is_class_body: bool) -> None:
    kind = type(node)
    if kind is ast.Name:
        parts.append(f"Name({node.id!r},)")  # type: ignore[attr-defined]
        return
    if kind is ast.Constant:
        value = node.value  # type: ignore[attr-defined]
        # Python limits the length of decimal text
        text = f"{value:x}" if type(value) is int else repr(value)
        parts.append(f"{type(value).__name__}:{text};")
        return
    if kind is ast.AnnAssign and not is_class_body:
        _write_annotated(node, parts, reads_annotations)  # type: ignore[arg-type]
        return
    skipped = ""
    keeps = False
    inside = False
    if kind is ast.FunctionDef or kind is ast.AsyncFunctionDef:
        keeps = reads_annotations or bool(node.decorator_list)  # type: ignore[attr-defined]
        if not keeps:
            skipped = "returns"
    elif kind is ast.ClassDef:
        keeps = bool(node.decorator_list or node.keywords)  # type: ignore[attr-defined]
        inside = True
    elif kind is ast.arg:
        if not reads_annotations:
            skipped = "annotation"
    else:
        keeps = reads_annotations and (is_class_body or kind is ast.arguments)
        inside = is_class_body
    fields = _fields.get(kind)
    if fields is None:
        fields = _fields[kind] = tuple(name for name in kind._fields if name not in _SKIPPED)
    parts.append(f"{kind.__name__}(")
    for name in fields:
        if name == skipped:
            continue
        item = getattr(node, name, None)
        if isinstance(item, list):
            if name == "body":
                _write_body(item, parts, keeps and inside, inside)
                continue
            inner = is_class_body and name in _BLOCKS
            parts.append("[")
            for element in item:
                if isinstance(element, ast.AST):
                    _write(element, parts, keeps, inner)
                else:
                    parts.append(f"{element!r},")
            parts.append("]")
        elif isinstance(item, ast.AST):
            _write(item, parts, keeps, False)
        else:
            parts.append(f"{item!r},")
    parts.append(")")


def _write_body(body: list[ast.stmt], parts: list[str], reads_annotations: bool, is_class_body: bool) -> None:
    parts.append("{")
    for statement in body:
        if not _is_idle(statement):
            _write(statement, parts, reads_annotations, is_class_body)
    parts.append("}")


def _write_annotated(node: ast.AnnAssign, parts: list[str], reads_annotations: bool) -> None:
    # outside a class body only the assignment runs; without one it still makes the name local
    if node.value is None:
        parts.append("Local(")
        _write(node.target, parts, reads_annotations, False)
    else:
        parts.append("Assign([")
        _write(node.target, parts, reads_annotations, False)
        parts.append("]")
        _write(node.value, parts, reads_annotations, False)
    parts.append(")")


def _is_idle(statement: ast.stmt) -> bool:
    kind = type(statement)
    if kind is ast.Pass:
        return True
    return kind is ast.Expr and isinstance(statement.value, ast.Constant)  # type: ignore[attr-defined]


def _strip(node: Any, reads_annotations: bool, is_class_body: bool) -> None:
    """Take out what `_write` leaves out, in place; it must keep the same rules."""
    kind = type(node)
    keeps = False
    inside = kind is ast.ClassDef
    if isinstance(node, _FUNCTIONS):
        keeps = reads_annotations or bool(node.decorator_list)
        if not keeps:
            node.returns = None
    elif kind is ast.ClassDef:
        keeps = bool(node.decorator_list or node.keywords)
    elif kind is ast.arg:
        if not reads_annotations:
            node.annotation = None
    else:
        keeps = reads_annotations and (is_class_body or kind is ast.arguments)
        inside = is_class_body
    for name in kind._fields:
        item = getattr(node, name, None)
        if isinstance(item, list):
            is_body = name == "body"
            if is_body:
                item[:] = [each for each in item if not _is_idle(each)] or [ast.Pass()]
            for index, element in enumerate(item):
                if isinstance(element, ast.AnnAssign) and element.value is not None and not (is_body and inside):
                    element = item[index] = ast.Assign([element.target], element.value)
                if isinstance(element, ast.AST):
                    inner = inside if is_body else is_class_body and name in _BLOCKS
                    _strip(element, keeps and inside if is_body else keeps, inner)
        elif isinstance(item, ast.AST):
            _strip(item, keeps, False)
