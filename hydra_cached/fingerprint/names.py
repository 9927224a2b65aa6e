"""Reads from a function's code or a class's tree which names it uses. Resolves none of them."""

from __future__ import annotations

import ast
import dis
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType

from hydra_cached.fingerprint.bytecode import inner_codes

_GLOBAL = frozenset(
    dis.opmap[name]
    for name in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
    if name in dis.opmap
)
# LOAD_GLOBAL keeps a flag in its lowest bit since 3.11
_LOAD_GLOBAL = dis.opmap["LOAD_GLOBAL"]
_LOAD_GLOBAL_SHIFT = 1 if sys.version_info >= (3, 11) else 0
_IMPORT_NAME = dis.opmap["IMPORT_NAME"]
_LOAD_CONST = dis.opmap["LOAD_CONST"]
_LOAD_SMALL_INT = dis.opmap.get("LOAD_SMALL_INT", -1)


@dataclass(frozen=True, slots=True)
class Import:
    """An import inside a body: module, number of leading dots, names taken from it."""

    module: str
    level: int
    names: tuple[str, ...]


@dataclass(slots=True)
class Names:
    """Names in use. ``attributes`` holds every name after a dot, whatever stands before it.

    ``whole`` holds names used otherwise than before a dot (attributes as ".name"), and ``whole_imports`` what local
    ones of them may be, if it is a module: what stands behind them goes who knows where.
    """

    globals: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    imports: set[Import] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    whole_imports: set[Import] = field(default_factory=set)

    def add_code(self, code: CodeType) -> None:
        """Add what ``code`` and the functions in it use."""
        for inner in inner_codes(code):
            self._scan(inner)

    def add_trees(self, nodes: Iterable[ast.AST]) -> None:
        """Add what expressions use that run when a definition is made: decorators, bases, defaults, class bodies."""
        for root in nodes:
            for node in ast.walk(root):
                if isinstance(node, ast.Name):
                    self.globals.add(node.id)
                elif isinstance(node, ast.Attribute):
                    self.attributes.add(node.attr)

    def add_uses(self, tree: ast.AST) -> None:
        """Add how the definition ``tree`` uses its names, local ones included, and modules it imports by a text."""
        before_dot = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and id(node) not in before_dot:
                self.whole.add(node.id)
            elif isinstance(node, ast.Attribute) and id(node) not in before_dot:
                self.whole.add(f".{node.attr}")
            elif isinstance(node, ast.Call) and node.args and _called_name(node) in {"import_module", "__import__"}:
                wanted = node.args[0]
                if isinstance(wanted, ast.Constant) and isinstance(wanted.value, str):
                    module = wanted.value.lstrip(".")
                    self.imports.add(Import(module, len(wanted.value) - len(module), ("*",)))
        for node in ast.walk(tree):
            # bound to a local name, and handed on from there
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if (alias.asname or alias.name) in self.whole:
                        self.imports.add(Import(alias.name, 0, ("*",)))
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) in self.whole:
                        parent = f"{node.module}." if node.module else ""
                        self.whole_imports.add(Import(f"{parent}{alias.name}", node.level, ("*",)))

    def _scan(self, code: CodeType) -> None:
        raw, names, constants = code.co_code, code.co_names, code.co_consts
        extended = 0
        loaded: list[object] = [0, None]
        found: set[int] = set()
        for position in range(0, len(raw), 2):
            operation, argument = raw[position], raw[position + 1] | extended
            extended = argument << 8 if operation == dis.EXTENDED_ARG else 0
            if operation in _GLOBAL:
                index = argument >> _LOAD_GLOBAL_SHIFT if operation == _LOAD_GLOBAL else argument
                self.globals.add(names[index])
                found.add(index)
            elif operation == _LOAD_CONST:
                loaded = [loaded[1], constants[argument]]
            elif operation == _LOAD_SMALL_INT:
                loaded = [loaded[1], argument]
            elif operation == _IMPORT_NAME:
                level, wanted = loaded
                self.imports.add(
                    Import(
                        names[argument],
                        level if isinstance(level, int) else 0,
                        tuple(wanted) if isinstance(wanted, tuple) else (),
                    )
                )
                found.add(argument)
        # a name may be a global here and an attribute there
        self.attributes.update(names)


def defining_expressions(node: ast.AST) -> list[ast.AST]:
    """The parts of a definition that run when it is made, not when it is called."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        annotations: list[ast.AST] = []
        if node.decorator_list:
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            annotations = [argument.annotation for argument in every if argument and argument.annotation]
        return [*node.decorator_list, *_defaults(node.args), *annotations]
    if isinstance(node, ast.Lambda):
        return _defaults(node.args)
    if isinstance(node, ast.ClassDef):
        found: list[ast.AST] = [*node.decorator_list, *node.bases, *node.keywords]
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.extend(defining_expressions(statement))
            else:
                found.append(statement)
        return found
    return []


def assigned_names(node: ast.ClassDef) -> frozenset[str]:
    """Names that the body of a class assigns values to."""
    found: set[str] = set()
    for statement in node.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        for target in targets:
            found.update(inner.id for inner in ast.walk(target) if isinstance(inner, ast.Name))
    return frozenset(found)


def imported_names(node: ast.AST) -> frozenset[str]:
    """Names that the imports in a tree bind."""
    aliases = [
        alias for inner in ast.walk(node) if isinstance(inner, (ast.Import, ast.ImportFrom)) for alias in inner.names
    ]
    return frozenset(alias.asname or alias.name.partition(".")[0] for alias in aliases)


def _called_name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _defaults(arguments: ast.arguments) -> list[ast.AST]:
    return [default for default in (*arguments.defaults, *arguments.kw_defaults) if default is not None]
