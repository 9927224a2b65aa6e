"""Finds the syntax tree behind loaded code. Gives none where the text on disk is not what was loaded.

A definition is found by its qualified name, and believed when compiling the text gives the very code that is loaded;
a module whose compiled file belongs to another version of its text is not believed at all.
"""

from __future__ import annotations

import ast
import os
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any

from hydra_cached.fingerprint.bytecode import inner_codes
from hydra_cached.fingerprint.syntax import Definition

_CO_OPTIMIZED = 1


@dataclass(frozen=True, slots=True)
class Found:
    """A definition in a file.

    Attributes:
        is_in_decorated_class: whether something may read the annotations of this method.
    """

    node: Definition
    file: str
    line: int
    is_in_decorated_class: bool = False


@dataclass(frozen=True, slots=True)
class _Text:
    """A file as read: its tree, its definitions by qualified name and first line, its code objects likewise."""

    file: str
    stamp: tuple[int, int, int]
    tree: ast.Module
    nodes: dict[tuple[str, int], list[Found]] = field(repr=False)
    codes: dict[str, list[CodeType]] = field(repr=False)


class Sources:
    """Files read and parsed, each once as long as it does not change."""

    def __init__(self) -> None:
        self._texts: dict[str, _Text | None] = {}

    def find_function(self, function: FunctionType) -> Found | None:
        """The definition of a function or lambda; None without source, or where the source is another."""
        code = function.__code__
        text = self._read(code.co_filename, function.__globals__.get("__name__"))
        return None if text is None else _find_code(text, code)

    def find_class(self, cls: type) -> Found | None:
        """The class statement of ``cls``; None without source, or where the source is another."""
        module = sys.modules.get(cls.__module__)
        file = getattr(module, "__file__", None)
        methods = [member.__code__ for member in map(_unwrap, vars(cls).values()) if isinstance(member, FunctionType)]
        own = [code for code in methods if _qualname_of(code).rpartition(".")[0] in ("", cls.__qualname__)]
        if not isinstance(file, str):
            # a class of a file that was run, not imported
            file = next((code.co_filename for code in own), None)
        text = None if file is None else self._read(file, cls.__module__)
        if text is None:
            return None
        candidates = [
            found
            for (qualname, _), nodes in text.nodes.items()
            for found in nodes
            if qualname == cls.__qualname__ and isinstance(found.node, ast.ClassDef)
        ]
        fitting = [found for found in candidates if _holds_methods(text, found, own)]
        return fitting[0] if len(fitting) == 1 else None

    def module_tree(self, name: str, file: str) -> ast.Module | None:
        """The tree of an imported module; None without source, or where the source is another."""
        text = self._read(file, name)
        return None if text is None else text.tree

    def _read(self, file: str, module_name: Any) -> _Text | None:
        if file.startswith("<"):
            return None
        try:
            status = os.stat(file)
        except OSError:
            return None
        stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
        known = self._texts.get(file)
        if known is None or known.stamp != stamp:
            known = self._texts[file] = _parse(file, stamp)
        if known is None or _is_newer_than_loaded(sys.modules.get(str(module_name)), file, status):
            return None
        return known


def _parse(file: str, stamp: tuple[int, int, int]) -> _Text | None:
    try:
        with tokenize.open(file) as stream:
            tree = ast.parse(stream.read(), file)
        code = compile(tree, file, "exec", dont_inherit=True, optimize=sys.flags.optimize)
        nodes: dict[tuple[str, int], list[Found]] = defaultdict(list)
        for qualname, found in _definitions(tree, file):
            nodes[qualname, found.line].append(found)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    codes: dict[str, list[CodeType]] = defaultdict(list)
    for qualname, inner in _qualified(code):
        codes[qualname].append(inner)
    return _Text(file, stamp, tree, nodes, codes)


def _is_newer_than_loaded(module: Any, file: str, status: os.stat_result) -> bool:
    """Whether the compiled file that Python wrote on import belongs to another version of the text."""
    cached = getattr(getattr(module, "__spec__", None), "cached", None)
    if not cached or sys.dont_write_bytecode or getattr(module, "__file__", None) != file:
        return False
    try:
        with open(cached, "rb") as stream:
            header = stream.read(16)
    except OSError:
        return False
    if len(header) < 16 or header[4:8] != b"\0\0\0\0":
        return False
    wanted = (int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    return wanted != (int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little"))


def _find_code(text: _Text, code: CodeType) -> Found | None:
    qualname = _qualname_of(code) or code.co_name
    same: list[CodeType] = [
        candidate
        for name, candidates in text.codes.items()
        # without co_qualname (Python 3.10) the last part of the name must do
        if name == qualname or (not hasattr(code, "co_qualname") and name.rpartition(".")[2] == code.co_name)
        for candidate in candidates
        if is_same_code(candidate, code)
    ]
    same.sort(key=lambda candidate: abs(candidate.co_firstlineno - code.co_firstlineno))
    for candidate in same:
        found = [
            node
            for (name, line), nodes in text.nodes.items()
            if line == candidate.co_firstlineno and name.rpartition(".")[2] == code.co_name
            for node in nodes
        ]
        # several lambdas on one line cannot be told apart
        return found[0] if len(found) == 1 else None
    return None


def _holds_methods(text: _Text, found: Found, methods: list[CodeType]) -> bool:
    last = found.node.end_lineno or found.line
    for method in methods:
        # what a decorator or metaclass made has another file name, and is not in the text
        if method.co_filename != text.file:
            continue
        inside = (
            candidate
            for candidates in text.codes.values()
            for candidate in candidates
            if candidate.co_name == method.co_name and found.line <= candidate.co_firstlineno <= last
        )
        if not any(is_same_code(candidate, method) for candidate in inside):
            return False
    return True


def is_same_code(one: CodeType, other: CodeType) -> bool:
    """Whether two code objects do the same, wherever they stand."""
    return (
        one.co_name == other.co_name
        and one.co_code == other.co_code
        and one.co_names == other.co_names
        and one.co_varnames == other.co_varnames
        and one.co_freevars == other.co_freevars
        and one.co_flags == other.co_flags
        and one.co_argcount == other.co_argcount
        and one.co_kwonlyargcount == other.co_kwonlyargcount
        and one.co_posonlyargcount == other.co_posonlyargcount
        and len(one.co_consts) == len(other.co_consts)
        and all(map(_is_same_constant, one.co_consts, other.co_consts))
    )


def _is_same_constant(one: Any, other: Any) -> bool:
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return is_same_code(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_is_same_constant, one, other))
    # 0.0 == -0.0 == 0 == False
    return (type(one) is type(other) and one == other and repr(one) == repr(other)) or _are_same_sets(one, other)


def _are_same_sets(one: Any, other: Any) -> bool:
    if not (isinstance(one, frozenset) and isinstance(other, frozenset)):
        return False
    return {(type(item), repr(item)) for item in one} == {(type(item), repr(item)) for item in other}


def _definitions(node: ast.AST, file: str, prefix: str = "", is_decorated: bool = False) -> Iterator[tuple[str, Found]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            line = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            qualname = f"{prefix}{child.name}"
            yield qualname, Found(child, file, line, is_decorated)
            if isinstance(child, ast.ClassDef):
                yield from _definitions(child, file, f"{qualname}.", bool(child.decorator_list or child.keywords))
            else:
                yield from _definitions(child, file, f"{qualname}.<locals>.")
        elif isinstance(child, ast.Lambda):
            qualname = f"{prefix}<lambda>"
            yield qualname, Found(child, file, child.lineno)
            yield from _definitions(child, file, f"{qualname}.<locals>.")
        else:
            yield from _definitions(child, file, prefix, is_decorated)


def _qualified(code: CodeType, prefix: str = "") -> Iterator[tuple[str, CodeType]]:
    if hasattr(code, "co_qualname"):
        for inner in inner_codes(code):
            yield _qualname_of(inner), inner
        return
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            qualname = f"{prefix}{constant.co_name}"
            yield qualname, constant
            separator = ".<locals>." if constant.co_flags & _CO_OPTIMIZED else "."
            yield from _qualified(constant, qualname + separator)


def _qualname_of(code: CodeType) -> str:
    return str(getattr(code, "co_qualname", ""))


def _unwrap(member: Any) -> Any:
    if isinstance(member, (staticmethod, classmethod)):
        return member.__func__
    return member.fget if isinstance(member, property) else member
