"""Resolves the names that a definition uses, as it would when it runs: to constants, and to further definitions."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

from hydra_cached.fingerprint.bodies import Home
from hydra_cached.fingerprint.chains import OWN_MODULE, Uses, unpack
from hydra_cached.fingerprint.definition import digest_text
from hydra_cached.fingerprint.distribution import absolute, find_spec
from hydra_cached.fingerprint.nodes import Node, Nodes
from hydra_cached.fingerprint.reading import Blind

MODULE_MACHINERY = frozenset(
    {"__builtins__", "__cached__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"}
    | {"__annotations__", "__all__"}
)
_NO_CELLS: Mapping[str, CellType] = {}
_ABSENT = object()
_CODE = (FunctionType, type, ModuleType)


def follow(nodes: Nodes, node: Node, uses: str, home: Home, cells: Mapping[str, CellType] = _NO_CELLS) -> None:
    """Add to the edges of ``node`` all that its ``uses`` lead to.

    Args:
        nodes: all nodes.
        node: whose uses they are.
        uses: packed names, as far as they are no local ones.
        home: the module it was written in.
        cells: what it closes over, by name.
    """
    names, bar, rest = uses.partition("|")
    edges = node.edges
    if names:
        known = home.chains
        for chain in names.split(" "):
            if cells and chain.partition(".")[0] in cells:
                edges.extend(_follow_cell(nodes, chain, cells))
                continue
            found = known.get(chain)
            if found is None:
                found = known[chain] = tuple(_resolve(nodes, chain, home))
            edges += found
    if bar:
        _follow_rest(nodes, node, unpack(f"|{rest}"), home)


def follow_blind(nodes: Nodes, node: Node, blind: Blind, home: Home) -> None:
    """Add to the edges of ``node`` what of its uses cannot be followed."""
    for line, text, chain in blind:
        found_nodes = _resolve(nodes, chain, home) if chain else ()
        # a module whose attributes are taken by name counts as a whole
        if not any(isinstance(each.target, ModuleType) for each in found_nodes):
            place = Node(None, f"{node.name}: {text}", "unfollowed")
            place.file, place.line = node.file, line
            node.edges.append(place)


def _follow_rest(nodes: Nodes, node: Node, uses: Uses, home: Home) -> None:
    """What is not simply read."""
    edges = node.edges
    for chain in uses.makers.split():
        for found in _resolve(nodes, chain, home):
            edges.extend(_without_content(nodes, found))
    for chain in uses.writes.split():
        for found in _resolve(nodes, chain, home):
            edges.extend(_without_content(nodes, found, is_written=True))
    for wanted in uses.imports.split():
        edges.extend(_follow_import(nodes, wanted, home))
    for text in uses.texts.split():
        named = nodes.named(text)
        # the name of a module is more often that of a logger
        if isinstance(named, (FunctionType, type)):
            edges.append(nodes.of(named))
    if "__subclasses__" in uses.asked:
        for cls in [each.target for each in edges if isinstance(each.target, type)]:
            edges.extend(subclasses(nodes, cls))


def _resolve(nodes: Nodes, chain: str, home: Home) -> Iterable[Node]:
    root, dot, rest = chain.partition(".")
    value = home.namespace.get(root, _ABSENT)
    if value is _ABSENT:
        if root == OWN_MODULE and home.name in sys.modules:
            return (nodes.whole(sys.modules[home.name]),)
        return ()
    if not dot:
        # most names are of this kind
        if type(value) is FunctionType or type(value) is type:
            return (nodes.of(value),)
        if home.text is not None and home.text.reading.line(root) is not None and not isinstance(value, _CODE):
            return (nodes.constant(home.name, root, value),)
    if root in MODULE_MACHINERY:
        return ()
    return _follow_value(nodes, value, home.name, root, rest.split(".") if dot else [])


def _follow_cell(nodes: Nodes, chain: str, cells: Mapping[str, CellType]) -> Iterator[Node]:
    root, *rest = chain.split(".")
    try:
        value = cells[root].cell_contents
    except ValueError:
        return
    # everything else in it was encoded by value
    if isinstance(value, ModuleType):
        yield from _follow_value(nodes, value, "", root, rest)


def _follow_value(nodes: Nodes, value: Any, module: str, name: str, rest: list[str]) -> Iterator[Node]:
    """What `name.rest` leads to, where ``value`` is what the ``module`` has under ``name``."""
    depth = 0
    while isinstance(value, ModuleType):
        if not nodes.bodies.is_first_party(value):
            yield nodes.whole(value)
            # unless the project has put something of its own there
            value = vars(value).get(rest[depth]) if depth < len(rest) else None
            if isinstance(value, (FunctionType, type)) and nodes.bodies.is_first_party(value):
                yield nodes.of(value)
            return
        if depth == len(rest) or rest[depth] == "__dict__":
            yield nodes.whole(value)
            return
        module, name = value.__name__, rest[depth]
        depth += 1
        if name in MODULE_MACHINERY:
            return
        found = _find_attribute(nodes, value, name)
        if found is None:
            maker = vars(value).get("__getattr__")
            if not isinstance(maker, FunctionType):
                return
            yield nodes.of(maker)
            found = (_call_getattr(value, name),)
            if not isinstance(found[0], (FunctionType, type, ModuleType)):
                return
        value = found[0]
    if isinstance(value, (FunctionType, type)):
        yield nodes.of(value)
        if "__doc__" not in rest:
            return
        value, name = value.__doc__, f"{name}.__doc__"
    module, name = nodes.bodies.birthplace(module, name, value)
    yield nodes.constant(module, name, value)


def _find_attribute(nodes: Nodes, module: ModuleType, name: str) -> tuple[Any] | None:
    content = vars(module)
    if name in content:
        return (content[name],)
    # there or not, depending on who imported it before
    inner = f"{module.__name__}.{name}"
    if "__path__" in content and (inner in sys.modules or find_spec(inner) is not None):
        loaded = load_module(nodes, inner)
        return None if loaded is None else (loaded,)
    return None


def _call_getattr(module: ModuleType, name: str) -> Any:
    try:
        # the body would do so; packages import their parts like this
        return getattr(module, name)
    except Exception:
        return None


def _without_content(nodes: Nodes, node: Node, *, is_written: bool = False) -> Iterator[Node]:
    """What counts of a registry where something is registered: the code that does it, not what else is in it."""
    if node.reader is not None and node.target is not None and not isinstance(node.target, (FunctionType, type)):
        nodes.read(node)
    if node.kind != "constant" or not (is_written or node.holds_code):
        yield node
        return
    value = node.target
    if isinstance(value, MethodType):
        yield nodes.of(value.__func__)
        value = value.__self__
    for inner in (getattr(value, "func", None), getattr(value, "__wrapped__", None)):
        if isinstance(inner, (FunctionType, type)):
            yield nodes.of(inner)
    cls = value if isinstance(value, type) else type(value)
    yield nodes.of(cls)


def _follow_import(nodes: Nodes, wanted: str, home: Home) -> Iterator[Node]:
    relative, _, chain = wanted.partition(":")
    name = absolute(relative, home.namespace)
    if not name:
        return  # fails when it runs, too
    origin = nodes.bodies.origins.of_module(name)
    yield nodes.distribution(origin.distribution)
    if not origin.is_first_party:
        return
    loaded = load_module(nodes, name)
    if loaded is None:
        yield nodes.fixed(name, "", "opaque", digest_text("module", name))
        return
    yield nodes.module(name)
    if chain == "*":
        yield nodes.whole(loaded)
    elif chain:
        yield from _follow_value(nodes, loaded, name, "", chain.split("."))


def subclasses(nodes: Nodes, cls: type) -> Iterator[Node]:
    """The first-party classes below ``cls``, for what asks a class for them."""
    found: list[type] = type.__subclasses__(cls)
    for below in found:
        if nodes.bodies.is_first_party(below):
            yield nodes.of(below)
        yield from subclasses(nodes, below)


def load_module(nodes: Nodes, name: str) -> ModuleType | None:
    """A module, imported if need be: the body that uses it would do so; None where that fails."""
    if name in sys.modules:
        return sys.modules[name]
    try:
        loaded = importlib.import_module(name)
    except Exception:
        # whatever a module raises on import: it is not there to be read
        return None
    nodes.imports += 1
    return loaded
