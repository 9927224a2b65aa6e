"""Reads a file's text: which definition each compiled function comes from, and what each definition says.

Function and tree are paired by name and first line, as the compiler sees them; lambdas of one line by compiling the
text once more with every lambda on a line of its own.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.bytecode import dump_code, inner_codes
from hydra_cached.fingerprint.definition import digest_text
from hydra_cached.fingerprint.effects import find_assignments, find_effects, find_imports
from hydra_cached.fingerprint.reading import ClassReading, FileReading, FunctionReading, StatementReading
from hydra_cached.fingerprint.syntax import Definition, is_apart, normalise
from hydra_cached.fingerprint.uses import uses_of_class, uses_of_function, uses_of_statements

_CO_OPTIMIZED = 1
_CODE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Place:
    """A definition in a tree.

    Attributes:
        is_in_decorated_class: whether something may read the annotations of this method.
    """

    qualname: str
    node: Definition
    line: int
    is_in_decorated_class: bool

    @property
    def is_bare(self) -> bool:
        return not (self.is_in_decorated_class or getattr(self.node, "decorator_list", False))


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's tree and code, and which belongs to which."""

    file: str
    tree: ast.Module
    code: CodeType
    functions: tuple[tuple[CodeType, Place], ...]
    classes: tuple[Place, ...]


def digest_code(code: CodeType) -> str:
    """32 hexadecimal digits for compiled code as it is, its file and lines included."""
    return blake3(dump_code(code)).hexdigest(_CODE_BYTES)


def parse(text: str, file: str) -> Parsed | None:
    """The definitions of a file; None where the text cannot be compiled."""
    try:
        tree = ast.parse(text, file)
        code = compile(text, file, "exec", dont_inherit=True, optimize=sys.flags.optimize)
        places = list(_places(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    functions = tuple(_pair(text, file, code, [each for each in places if not isinstance(each.node, ast.ClassDef)]))
    classes = tuple(each for each in places if isinstance(each.node, ast.ClassDef))
    return Parsed(file, tree, code, functions, classes)


def read_file(parsed: Parsed, stamp: Sequence[int]) -> FileReading:
    """What every definition of a file says."""
    functions: dict[str, FunctionReading] = {}
    members: dict[str, list[tuple[str, Place]]] = defaultdict(list)
    for code, place in parsed.functions:
        try:
            digest = digest_code(code)
            functions[digest] = read_function(place)
        except (ValueError, RecursionError):
            continue  # its code says enough
        members[place.qualname.rpartition(".")[0]].append((digest, place))
    classes: dict[str, list[ClassReading]] = defaultdict(list)
    for place in parsed.classes:
        try:
            classes[place.qualname].append(_read_class(place, members[place.qualname]))
        except RecursionError:
            continue
    making: dict[str, list[ast.stmt]] = defaultdict(list)
    lines: dict[str, int] = {}
    for name, statement in find_assignments(parsed.tree):
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        lines.setdefault(name, statement.lineno)
        if any(isinstance(inner, ast.Call) for inner in ast.walk(statement)):
            making[name].append(statement)
    effects = list(find_effects(parsed.tree))
    parts: dict[str, Any] = {
        "functions": functions,
        "classes": classes,
        "effects": _read_statements([statement for _, statement in effects]),
        "effect_places": [imports for imports, _ in effects],
        "imports": find_imports(parsed.tree),
        "making": {name: _read_statements(statements) for name, statements in making.items()},
        "lines": lines,
    }
    return FileReading(stamp, parts)


def read_function(place: Place) -> FunctionReading:
    """What one function says.

    Raises:
        RecursionError: it is nested too deep.
    """
    text = normalise(place.node, is_in_decorated_class=place.is_in_decorated_class)
    uses = uses_of_function(place.node, reads_annotations=place.is_in_decorated_class)
    return FunctionReading(place.line, digest_text("text", text), place.is_bare, uses.pack(), uses.blind)


def _read_class(place: Place, members: list[tuple[str, Place]]) -> ClassReading:
    node = place.node
    assert isinstance(node, ast.ClassDef)
    uses = uses_of_class(node, is_apart)
    methods: dict[str, list[str]] = defaultdict(list)
    for digest, member in members:
        # a class may be defined twice
        if place.line <= member.line <= (node.end_lineno or place.line):
            methods[member.qualname.rpartition(".")[2]].append(digest)
    return ClassReading(
        place.line,
        digest_text("text", normalise(node)),
        " ".join(_assigned_names(node)),
        dict(methods),
        uses.pack(),
        uses.blind,
    )


def _read_statements(statements: Sequence[ast.stmt]) -> StatementReading | None:
    if not statements:
        return None
    try:
        text = digest_text("text", *map(normalise, statements))
        uses = uses_of_statements(statements)
    except RecursionError:
        return StatementReading(statements[0].lineno, digest_text("too deep"), "", ())
    return StatementReading(statements[0].lineno, text, uses.pack(), uses.blind)


def _assigned_names(node: ast.ClassDef) -> list[str]:
    """Names that the body of a class assigns values to."""
    found: dict[str, None] = {}
    for statement in node.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        for target in targets:
            found.update({inner.id: None for inner in ast.walk(target) if isinstance(inner, ast.Name)})
    return list(found)


def _places(node: ast.AST, prefix: str = "", is_decorated: bool = False) -> Iterator[Place]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            line = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            qualname = f"{prefix}{child.name}"
            yield Place(qualname, child, line, is_decorated and not isinstance(child, ast.ClassDef))
            if isinstance(child, ast.ClassDef):
                yield from _places(child, f"{qualname}.", bool(child.decorator_list or child.keywords))
            else:
                yield from _places(child, f"{qualname}.<locals>.")
        elif isinstance(child, ast.Lambda):
            qualname = f"{prefix}<lambda>"
            yield Place(qualname, child, child.lineno, False)
            yield from _places(child, f"{qualname}.<locals>.")
        elif not isinstance(child, (ast.Name, ast.Constant)):
            yield from _places(child, prefix, is_decorated)


def _pair(text: str, file: str, code: CodeType, places: list[Place]) -> Iterator[tuple[CodeType, Place]]:
    by_line: dict[tuple[str, int], list[Place]] = defaultdict(list)
    for place in places:
        by_line[place.qualname.rpartition(".")[2], place.line].append(place)
    codes = _functions_in(code)
    apart: list[Place] | None = None
    for index, inner in enumerate(codes):
        found = by_line.get((inner.co_name, inner.co_firstlineno), [])
        if len(found) > 1:
            if apart is None:
                apart = _tell_apart(text, file, places, codes)
            found = apart[index : index + 1]
        if found:
            yield inner, found[0]


def _functions_in(code: CodeType) -> list[CodeType]:
    return [inner for inner in inner_codes(code) if inner.co_flags & _CO_OPTIMIZED]


def _tell_apart(text: str, file: str, places: list[Place], codes: list[CodeType]) -> list[Place]:
    """The place of each of ``codes``; empty where that cannot be told."""
    tree = ast.parse(text, file)
    marked = [place for place in _places(tree) if not isinstance(place.node, ast.ClassDef)]
    for number, place in enumerate(marked, 1):
        for node in (place.node, *getattr(place.node, "decorator_list", ())):
            node.lineno = node.end_lineno = number
            node.col_offset = node.end_col_offset = 0
    try:
        again = compile(tree, file, "exec", dont_inherit=True, optimize=sys.flags.optimize)
    except (SyntaxError, ValueError, RecursionError):
        return []
    numbers = [(inner.co_name, inner.co_firstlineno) for inner in _functions_in(again)]
    # equal lambdas of one line are compiled into one
    if [name for name, _ in numbers] != [code.co_name for code in codes]:
        return []
    return [places[number - 1] if number <= len(places) else None for _, number in numbers]  # type: ignore[misc]
