"""Reads functions and classes: their own text, the values they hold, and what they lead to."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from abc import ABCMeta
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from hydra_cached.fingerprint.bodies import UNSURE
from hydra_cached.fingerprint.constants import read_member
from hydra_cached.fingerprint.definition import digest_text, qualified_name
from hydra_cached.fingerprint.distribution import module_of
from hydra_cached.fingerprint.held import Held, finish
from hydra_cached.fingerprint.kinds import is_immutable
from hydra_cached.fingerprint.names import uses_of_code
from hydra_cached.fingerprint.nodes import Node, Nodes
from hydra_cached.fingerprint.recording import Recording
from hydra_cached.fingerprint.scope import follow, subclasses
from hydra_cached.fingerprint.syntax import readable

_CONTAINERS = (dict, list, set)
_UNBOUND = object()
_PLAIN = (int, float, complex, str, bytes, bool, tuple, frozenset, type(None), *_CONTAINERS)


def read_function(nodes: Nodes, node: Node) -> None:
    """A first-party function."""
    function: Any = node.target
    module = module_of(function)
    if not isinstance(function, FunctionType):
        # a compiled one: its module is a file
        node.edges.append(nodes.module(module))
        return
    code = function.__code__
    found = nodes.bodies.find_function(function)
    node.name, node.kind = qualified_name(function), "function"
    if found is None:
        uses = uses_of_code(code)
        node.file, node.line = code.co_filename, code.co_firstlineno
    else:
        uses = found.reading.uses
        text = found.text
        node.file, node.line = text.file, found.reading.line
    node.write = lambda: _write_function(nodes, function)
    node.digest = nodes.bodies.digest(function)
    node.written = frozenset(uses.written.split())
    cells: dict[str, CellType] = {}
    if function.__closure__ is not None:
        cells = dict(zip(code.co_freevars, function.__closure__, strict=True))
    if cells or function.__defaults__ or function.__kwdefaults__ or function.__dict__:
        _add_state(nodes, node, function, module, cells, uses.writes.split())
    node.edges.append(nodes.module(module))
    follow(nodes, node, uses, function.__globals__, module, cells)
    if "." in function.__qualname__:
        owner = _owner_of(function)
        if owner is not None:
            node.edges.append(nodes.of(owner))
    if _asks_for_subclasses(code):
        classes = [each.target for each in node.edges if isinstance(each.target, type)]
        for cls in classes:
            node.edges.extend(subclasses(nodes, cls))


def _add_state(
    nodes: Nodes,
    node: Node,
    function: FunctionType,
    module: str,
    cells: Mapping[str, CellType],
    written: Sequence[str],
) -> None:
    """Defaults, attributes, and what a function closes over, but for what it only writes into."""
    for name, cell in cells.items():
        if name in written or name == "__class__":
            content = _content(cell)
            node.edges.append(nodes.of(content if isinstance(content, type) else type(content)))
    kept = {name: cell for name, cell in cells.items() if name not in written and name != "__class__"}

    def read() -> Held:
        recording = Recording(nodes.bodies, module)
        for part in (function.__defaults__, function.__kwdefaults__, function.__dict__):
            recording.add(part)
        for name, cell in kept.items():
            content = _content(cell)
            recording.mark(name)
            if isinstance(content, ModuleType):
                # followed by what is used of it
                recording.write_text(content.__name__)
            elif content is not _UNBOUND:
                recording.add(content)
        return finish(recording)

    # cells may be given other values
    is_fixed = not (kept or function.__dict__ or function.__kwdefaults__) and is_immutable(function.__defaults__)
    held = nodes.held.read(function, "", read, is_fixed=is_fixed)
    node.digest = digest_text(node.digest, held.digest)
    nodes.add_held(node, held, module)


def read_class(nodes: Nodes, node: Node) -> None:
    """A first-party class, with its methods, its bases and its metaclass."""
    cls: type = node.target
    module = module_of(cls)
    found = nodes.bodies.find_class(cls)
    node.name, node.kind = qualified_name(cls), "class"
    node.file = nodes.bodies.origins.of(cls).file
    node.edges.append(nodes.module(module))
    assigned: frozenset[str] = frozenset()
    if found is not None:
        text = found.text
        node.file, node.line = text.file, found.reading.line
        node.write = lambda: _write_class(nodes, cls)
        node.digest = found.reading.text
        # members of an enum are told by their text: as values they lead back to the class
        assigned = frozenset() if hasattr(cls, "__members__") else frozenset(found.reading.assigned.split())
    is_sure = found is not None and found.is_sure
    if not is_sure:
        node.digest = digest_text(UNSURE, node.digest)
    names = []
    for name, member in list(vars(cls).items()):
        functions = _functions_in(member)
        if functions:
            if found is not None and any(each.__code__.co_filename.startswith("<") for each in functions):
                continue  # a decorator made it from what the class says
            node.edges.extend(map(nodes.of, functions))
            if not all(_is_method(each, cls, name) for each in functions):
                names.append(name)
        elif (
            (name in assigned or _is_put_in(cls, name, member))
            and not name.startswith("__")
            and not _add_registry(nodes, node, name, member)
        ):
            names.append(name)
    if names or not is_sure:
        held = nodes.held.read(cls, "", lambda: _hold_members(nodes, cls, module, names, is_sure), is_fixed=False)
        node.digest = digest_text(node.digest, held.digest)
        nodes.add_held(node, held, module)
    node.edges.extend(
        nodes.of(each) for each in (type(cls), *cls.__mro__[1:]) if each is not type and each is not object
    )
    if found is not None:
        namespace = vars(sys.modules[module]) if module in sys.modules else {}
        follow(nodes, node, found.reading.uses, namespace, module)


def read_foreign(nodes: Nodes, node: Node) -> None:
    """A function or class of a library: its distribution, and what of the user's a wrapper has in it."""
    target = node.target
    node.edges.append(nodes.distribution(nodes.bodies.origins.of(target).distribution))
    if not isinstance(target, FunctionType):
        return
    parts = (target.__defaults__, target.__kwdefaults__, target.__dict__)
    if target.__closure__ is None and not any(parts):
        return
    module = module_of(target)

    def read() -> Held:
        recording = Recording(nodes.bodies, module)
        recording.add(target)
        for part in parts:
            recording.add(part)
        recording.references[:] = [each for each in recording.references if each is not target]
        return finish(recording)

    held = nodes.held.read(target, "", read, is_fixed=False)
    if any(map(nodes.bodies.is_first_party, (*held.references, *held.classes))):
        node.name, node.kind, node.digest = qualified_name(target), "function", held.digest
        nodes.add_held(node, held, module)


def _hold_members(nodes: Nodes, cls: type, module: str, names: Sequence[str], is_sure: bool) -> Held:
    recording = Recording(nodes.bodies, module)
    if not is_sure:
        recording.add(cls)
    members = vars(cls)
    for name in names:
        if name in members:
            recording.mark(name)
            recording.add(members[name])
    return finish(recording)


def _add_registry(nodes: Nodes, node: Node, name: str, member: Any) -> bool:
    """Whether a member of a class is a container that holds code, and so stands for itself."""
    if type(member) not in _CONTAINERS:
        return False
    cls: type = node.target
    inner = Node(member, "", None, reader=lambda nodes, inner: read_member(nodes, inner, cls, name))
    nodes.read(inner)
    if inner.holds_code:
        inner.file, inner.line = node.file, node.line
        node.members = {**(node.members or {}), name: inner}
    return inner.holds_code


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _UNBOUND


def _functions_in(member: Any) -> list[FunctionType]:
    parts: list[Any]
    if isinstance(member, FunctionType):
        parts = [member, member.__dict__.get("__wrapped__")] if member.__dict__ else [member]
    elif isinstance(member, property):
        parts = [member.fget, member.fset, member.fdel]
    elif isinstance(member, cached_property):
        parts = [member.func]
    elif type(member) in _PLAIN:
        return []
    else:
        # staticmethod, classmethod, lru_cache and partialmethod-like wrappers say what they hold
        parts = [getattr(member, "__wrapped__", None), getattr(member, "__func__", None)]
    return [part for part in parts if isinstance(part, FunctionType)]


def _is_method(function: FunctionType, cls: type, name: str) -> bool:
    """Whether a function is what the class statement defines under that name."""
    return function.__module__ == cls.__module__ and function.__qualname__ == f"{cls.__qualname__}.{name}"


def _is_put_in(cls: type, name: str, member: Any) -> bool:
    """Whether a plain value was put into a class from outside, as far as that can be told from what metaclasses do."""
    return not name.startswith("_") and type(member) in _PLAIN and type(cls) in (type, ABCMeta)


def _owner_of(function: FunctionType) -> type | None:
    """The class whose method ``function`` is, if it is one by name."""
    path = function.__qualname__.split(".")[:-1]
    if "<locals>" in path:
        return None
    found: Any = function.__globals__.get(path[0])
    for name in path[1:]:
        found = getattr(found, name, None)
    return found if isinstance(found, type) else None


def _asks_for_subclasses(code: CodeType) -> bool:
    if "__subclasses__" in code.co_names:
        return True
    return any(_asks_for_subclasses(each) for each in code.co_consts if isinstance(each, CodeType))


def _write_function(nodes: Nodes, function: FunctionType) -> str:
    found = nodes.bodies.find_function(function)
    place = None if found is None else nodes.bodies.sources.place_of(function, found.text)
    if place is None:
        return _written(function) if found is None else ""
    return readable(place.node, is_in_decorated_class=place.is_in_decorated_class)


def _write_class(nodes: Nodes, cls: type) -> str:
    found = nodes.bodies.find_class(cls)
    parsed = None if found is None else nodes.bodies.sources.parsed(found.text)
    if found is None or parsed is None:
        return ""
    place = next(
        each for each in parsed.classes if (each.qualname, each.line) == (cls.__qualname__, found.reading.line)
    )
    return readable(place.node)


def _written(function: FunctionType) -> str:
    """The text of a function of a notebook or a prompt, as far as somebody keeps it."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError, IndexError):
        return ""
    is_definition = isinstance(tree.body[0], (ast.FunctionDef, ast.AsyncFunctionDef)) if tree.body else False
    return readable(tree.body[0]) if is_definition else ""
