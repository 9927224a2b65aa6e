"""Writes a definition's syntax tree as text in which only what runs counts.

Not in it: positions, comments, docstrings and other lone constants, parentheses, and annotations where nothing reads
them. Annotations are kept in class bodies (dataclasses read them) and in the signatures of decorated functions.
"""

from __future__ import annotations

import ast
from typing import TypeAlias

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores", "lineno", "col_offset"})


def normalise(node: ast.AST, *, is_in_decorated_class: bool = False) -> str:
    """The text of a definition or module.

    Args:
        node: where to begin.
        is_in_decorated_class: whether something may read the annotations of this method.
    """
    parts: list[str] = []
    _write(node, parts, is_in_decorated_class, False)
    return "".join(parts)


def _write(node: ast.AST, parts: list[str], reads_annotations: bool, is_class_body: bool) -> None:
    kind = type(node)
    if kind is ast.Constant:
        value = node.value  # type: ignore[attr-defined]
        # Python limits the length of decimal text
        text = f"{value:x}" if type(value) is int else repr(value)
        parts.append(f"{type(value).__name__}:{text};")
        return
    if kind is ast.AnnAssign and not is_class_body:
        _write_annotated(node, parts, reads_annotations)  # type: ignore[arg-type]
        return
    skipped: tuple[str, ...] = ()
    if isinstance(node, _FUNCTIONS):
        keeps = reads_annotations or bool(node.decorator_list)
        if not keeps:
            skipped = ("returns",)
    elif kind is ast.ClassDef:
        keeps = bool(node.decorator_list or node.keywords)  # type: ignore[attr-defined]
    elif kind is ast.arg:
        keeps = False
        if not reads_annotations:
            skipped = ("annotation",)
    else:
        keeps = reads_annotations and (kind is ast.arguments or is_class_body)
    inside = _is_class_body(node, is_class_body)
    parts.append(kind.__name__)
    parts.append("(")
    for field in node._fields:
        if field in _SKIPPED or field in skipped:
            continue
        item = getattr(node, field, None)
        if field == "body" and isinstance(item, list):
            _write_body(item, parts, keeps and inside, inside)
        elif isinstance(item, list):
            inner = is_class_body if field in {"orelse", "finalbody", "handlers", "cases"} else False
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
        if isinstance(statement, ast.Pass):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
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


def _is_class_body(node: ast.AST, is_class_body: bool) -> bool:
    if isinstance(node, ast.ClassDef):
        return True
    return is_class_body and not isinstance(node, _FUNCTIONS)
