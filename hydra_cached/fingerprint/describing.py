"""Reads functions and classes: their own text, the values they hold, and what they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import CellType, FunctionType, ModuleType
from typing import Any

from hydra_cached.fingerprint.bodies import UNSURE, Home
from hydra_cached.fingerprint.chains import unpack
from hydra_cached.fingerprint.constants import read_member
from hydra_cached.fingerprint.definition import digest_text, module_label, qualified_name
from hydra_cached.fingerprint.distribution import module_of
from hydra_cached.fingerprint.held import Held, finish, hold, hold_plain
from hydra_cached.fingerprint.inputs import class_key
from hydra_cached.fingerprint.kinds import is_immutable
from hydra_cached.fingerprint.marked import kept_marks, marks_on, note_marks, state_of
from hydra_cached.fingerprint.members import is_generated, is_put_in, members_of
from hydra_cached.fingerprint.names import uses_of_code
from hydra_cached.fingerprint.nodes import Node, Nodes
from hydra_cached.fingerprint.recording import Recording
from hydra_cached.fingerprint.scope import follow, follow_blind

_CONTAINERS = (dict, list, set)
_UNBOUND = object()


def read_function(nodes: Nodes, node: Node) -> None:
    """A first-party function."""
    function: Any = node.target
    if not isinstance(function, FunctionType):
        # a compiled one: its module is a file
        node.edges.append(nodes.module(module_of(function)))
        return
    code, home = function.__code__, node.home or nodes.bodies.home(function.__globals__)
    found = nodes.bodies.find_function(function, home)
    qualname = function.__qualname__
    node.name, node.kind = f"{module_label(function.__module__)}.{qualname}", "function"
    node.digest = nodes.bodies.digest_function(function, found)
    if found is None:
        read = uses_of_code(code)
        uses, blind = read.pack(), read.blind
        node.file, node.line = code.co_filename, code.co_firstlineno
    else:
        (node.line, _, _, uses, blind), text, _ = found
        node.file = text.file
    node.uses = uses
    edges = node.edges
    edges.append(nodes.module(home.name))
    cells: dict[str, CellType] = {}
    if function.__closure__ is not None:
        cells = dict(zip(code.co_freevars, function.__closure__, strict=True))
    state = function.__dict__ and state_of(function)
    if cells or function.__defaults__ or function.__kwdefaults__ or state:
        _add_state(nodes, node, function, home.name, cells)
    if state is not function.__dict__:
        _add_marks(nodes, node)
    if "." in qualname:
        owner = _owner_of(function, home)
        if owner is not None:
            edges.append(nodes.of(owner))
    follow(nodes, node, uses, home, cells)
    if blind:
        follow_blind(nodes, node, blind, home)


def _add_state(nodes: Nodes, node: Node, function: FunctionType, module: str, cells: Mapping[str, CellType]) -> None:
    """Defaults, attributes, and what a function closes over, but for what it only writes into."""
    if not (cells or function.__kwdefaults__ or state_of(function)) and is_immutable(function.__defaults__):
        plain = hold_plain(nodes.bodies, function.__defaults__, module)
        if plain is not None:
            node.digest = digest_text(node.digest, plain.digest)
            return
    written = unpack(node.uses).writes.split()
    for name, cell in cells.items():
        if name in written or name == "__class__":
            content = _content(cell)
            node.edges.append(nodes.of(content if isinstance(content, type) else type(content)))
    kept = {name: cell for name, cell in cells.items() if name not in written and name != "__class__"}
    node.kept = tuple(kept)

    def read() -> Held:
        parts = (function.__defaults__, function.__kwdefaults__, state_of(function))
        plain = None if kept else hold_plain(nodes.bodies, parts, module)
        if plain is not None:
            return plain
        recording = Recording(nodes.bodies, module)
        for part in parts:
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
    held = nodes.held.read(function, "", read, is_fixed=False)
    node.digest = digest_text(node.digest, held.digest)
    nodes.add_held(node, held, module)


def _add_marks(nodes: Nodes, node: Node) -> None:
    """The version by which a function or class is marked, and code that its marks name as a text."""
    marks = marks_on(node.target)
    if marks.version is not None:
        version = Node(marks.version, f"{node.name} @version", "constant", digest_text("version", marks.version))
        version.marks, version.file, version.line = marks, node.file, node.line
        node.edges.append(version)
    for other in marks.depends_on:
        named = nodes.named(other) if isinstance(other, str) else None
        if isinstance(named, (FunctionType, type)):
            node.edges.append(nodes.of(named))


def read_class(nodes: Nodes, node: Node) -> None:
    """A first-party class, with its methods, its bases and its metaclass."""
    cls: type = node.target
    module = module_of(cls)
    home = nodes.bodies.home_of(module)
    home.reads[cls.__qualname__.partition(".")[0]] = None
    found = nodes.bodies.find_class(cls)
    node.name, node.kind = f"{module_label(cls.__module__)}.{cls.__qualname__}", "class"
    edges = node.edges
    edges.append(nodes.module(module))
    assigned: Sequence[str] = ()
    if found is None:
        node.file = nodes.bodies.origins.of_module(module).file
    else:
        reading, text, _ = found
        node.file, node.line, node.digest = text.file, reading.line, reading.text
        # members of an enum are told by their text: as values they lead back to the class
        assigned = () if hasattr(cls, "__members__") else reading.assigned.split()
    is_sure = found is not None and found.is_sure
    if not is_sure:
        node.digest = digest_text(UNSURE, node.digest)
        nodes.bodies.inputs.classes[class_key(cls)] = None
    names = []
    for name, member, functions in members_of(cls):
        if functions:
            if found is not None and is_generated(cls, functions):
                continue
            for function in functions:
                edges.append(nodes.of(function))
                if not _is_method(function, cls, name) and name not in names:
                    names.append(name)
        elif not name.startswith("__"):
            was_put_in = is_put_in(cls, name, member)
            if name in assigned and not was_put_in:
                nodes.bodies.inputs.note_member(cls, name)
            if (was_put_in or name in assigned) and not _add_registry(nodes, node, name, member):
                names.append(name)
    node.kept = names
    if names or not is_sure:
        held = nodes.held.read(cls, "", lambda: _hold_members(nodes, cls, module, names, is_sure), is_fixed=False)
        node.digest = digest_text(node.digest, held.digest)
        nodes.add_held(node, held, module)
    if marks_on(cls) is not None:
        note_marks(cls, nodes.bodies.inputs.note_member)
        declared = kept_marks(marks_on(cls))
        held = hold(nodes.bodies, declared, module)
        node.digest = digest_text(node.digest, held.digest) if declared else node.digest
        nodes.add_held(node, held, module)
        _add_marks(nodes, node)
    for each in (type(cls), *cls.__mro__[1:]):
        if each is not type and each is not object:
            edges.append(nodes.of(each))
    if found is not None:
        follow(nodes, node, found.reading.uses, home)
        follow_blind(nodes, node, found.reading.blind, home)


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
    if is_sure:
        held = {name: vars(cls)[name] for name in names if name in vars(cls)}
        plain = hold_plain(nodes.bodies, held, module)
        if plain is not None:
            return plain
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


def _is_method(function: FunctionType, cls: type, name: str) -> bool:
    """Whether a function is what the class statement defines under that name."""
    return function.__module__ == cls.__module__ and function.__qualname__ == f"{cls.__qualname__}.{name}"


def _owner_of(function: FunctionType, home: Home) -> type | None:
    """The class whose method ``function`` is, if it is one by name."""
    path = function.__qualname__.split(".")[:-1]
    if "<locals>" in path:
        return None
    home.reads[path[0]] = None
    found: Any = function.__globals__.get(path[0])
    for name in path[1:]:
        found = getattr(found, name, None)
    return found if isinstance(found, type) else None
