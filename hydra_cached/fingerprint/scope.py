"""Resolves the names that a definition uses, as it would when it runs: to constants, and to further definitions."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

from hydra_cached.fingerprint.bodies import Home
from hydra_cached.fingerprint.chains import CONSTANT, OWN_MODULE, SOURCE, Uses, unpack
from hydra_cached.fingerprint.definition import digest_text, module_label
from hydra_cached.fingerprint.distribution import absolute, find_spec
from hydra_cached.fingerprint.held import hold
from hydra_cached.fingerprint.launchers import CALLED, RUNNERS, find_launcher
from hydra_cached.fingerprint.nodes import Node, Nodes
from hydra_cached.fingerprint.reading import Blind

MODULE_MACHINERY = frozenset(
    {"__builtins__", "__cached__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"}
    | {"__annotations__", "__all__", "__warningregistry__"}
)
# of functions and classes what counts only for those who read it
READ_ALONE = ("__doc__", "__annotations__", SOURCE)
_NO_CELLS: Mapping[str, CellType] = {}
_ABSENT = object()

Resolved: TypeAlias = tuple[tuple[Node, ...], str]
"""What a name leads to, and "name=what it means", or "" where it means itself or nothing."""

_NOTHING: Resolved = ((), "")


def follow(nodes: Nodes, node: Node, uses: str, home: Home, cells: Mapping[str, CellType] = _NO_CELLS) -> None:
    """Add to the edges of ``node`` all that its ``uses`` lead to, and to its digest what names mean, if not themselves.

    Args:
        nodes: all nodes.
        node: whose uses they are.
        uses: packed names, as far as they are no local ones.
        home: the module it was written in.
        cells: what it closes over, by name.
    """
    names, bar, rest = uses.partition("|")
    edges = node.edges
    meanings: list[str] = []
    if names:
        known = home.chains
        for chain in names.split(" "):
            found = known.get(chain)
            if cells and chain.partition(".")[0] in cells:
                found = _resolve_cell(nodes, chain, cells)
            elif found is None:
                found = known[chain] = _resolve(nodes, chain, home)
            edges += found[0]
            if found[1]:
                meanings.append(found[1])
    if bar:
        meanings.extend(filter(None, _follow_rest(nodes, node, unpack(f"|{rest}"), home)))
    if meanings:
        node.meanings = sorted(meanings)
        node.digest = digest_text(node.digest, *node.meanings)


def follow_blind(nodes: Nodes, node: Node, blind: Blind, home: Home) -> None:
    """Add to the edges of ``node`` what of its uses cannot be followed."""
    for line, text, chain, word in blind:
        if chain.startswith(CALLED):
            found = _follow_launch(nodes, node, chain.removeprefix(CALLED), word, home)
        else:
            found = _resolve(nodes, chain, home)[0] if chain else ()
            # a module whose attributes are taken by name counts as a whole
            found = tuple(each for each in found if isinstance(each.target, ModuleType))
        if found is not None and not found:
            place = Node(None, f"{node.name}: {text}", "unfollowed")
            place.file, place.line = node.file, line
            node.edges.append(place)


def _follow_launch(nodes: Nodes, node: Node, chain: str, word: str, home: Home) -> tuple[Node, ...] | None:
    """What a call runs; () where that cannot be told, None where it is no call of that kind."""
    name = chain.removeprefix(CALLED) if chain.startswith(CALLED) else find_launcher(chain, home.namespace)
    if not name:
        return None
    found = nodes.run(name, word) if word and name in RUNNERS else ()
    node.edges.extend(found)
    return found


def _follow_rest(nodes: Nodes, node: Node, uses: Uses, home: Home) -> Iterator[str]:
    """Follow what is not simply read; gives what names mean."""
    edges = node.edges
    for chains, is_written in ((uses.makers, False), (uses.writes, True)):
        for chain in chains.split():
            found, meaning = _resolve(nodes, chain, home)
            yield meaning
            for each in found:
                edges.extend(_without_content(nodes, each, is_written=is_written))
    for wanted in uses.imports.split():
        found, meaning = _resolve_import(nodes, wanted, home)
        yield meaning
        edges.extend(found)
    for text in uses.texts.split():
        named = nodes.named(text)
        # the name of a module is more often that of a logger
        if isinstance(named, (FunctionType, type)):
            edges.append(nodes.of(named))
    if uses.asked:
        node.asks = [*node.asks, *uses.asked.split()]
    if "__subclasses__" in node.asks:
        for cls in [each.target for each in edges if isinstance(each.target, type)]:
            edges.extend(subclasses(nodes, cls))


def _resolve(nodes: Nodes, chain: str, home: Home) -> Resolved:
    root, dot, rest = chain.partition(".")
    home.reads[root] = None
    value = home.namespace.get(root, _ABSENT)
    if value is _ABSENT:
        if root == OWN_MODULE and home.name in sys.modules:
            return (nodes.whole(sys.modules[home.name]),), ""
        return _NOTHING
    if root in MODULE_MACHINERY:
        return _NOTHING
    if not dot and (type(value) is FunctionType or type(value) is type):
        # most names are of this kind
        found, meaning = [nodes.of(value)], _meaning(nodes, value)
    else:
        found, meaning = _follow_value(nodes, value, home.name, root, rest.split(".") if dot else [])
    is_itself = meaning == f"{home.name}.{chain}" or f"{chain}.".startswith(f"{meaning}.")
    return tuple(found), "" if is_itself else f"{chain}={meaning}"


def _resolve_cell(nodes: Nodes, chain: str, cells: Mapping[str, CellType]) -> Resolved:
    root, *rest = chain.split(".")
    try:
        value = cells[root].cell_contents
    except ValueError:
        return _NOTHING
    # everything else in it was encoded by value
    if not isinstance(value, ModuleType):
        return _NOTHING
    found, meaning = _follow_value(nodes, value, "", root, rest)
    return tuple(found), f"{chain}={meaning}"


def _resolve_import(nodes: Nodes, wanted: str, home: Home) -> Resolved:
    relative, _, chain = wanted.partition(":")
    if relative.startswith(CONSTANT):
        relative = _find_text(relative.removeprefix(CONSTANT), home)
        if not relative:
            place = Node(None, f"{home.name}: import_module({wanted[1:].partition(':')[0]})", "unfollowed")
            place.file = home.text.file if home.text is not None else None
            return (place,), ""
    name = absolute(relative, home.namespace)
    if not name:
        return _NOTHING  # fails when it runs, too
    origin = nodes.bodies.origins.of_module(name)
    distribution = nodes.distribution(origin.distribution)
    if not origin.is_first_party:
        return (distribution,), ""
    loaded = load_module(nodes, name)
    if loaded is None:
        return (nodes.fixed(name, "", "opaque", digest_text("module", name)),), ""
    module = nodes.module(name)
    if chain == "*":
        return (module, nodes.whole(loaded)), ""
    if not chain:
        return (module,), ""
    found, meaning = _follow_value(nodes, loaded, name, "", chain.split("."))
    return (module, *found), "" if meaning == f"{name}.{chain}" else f"{wanted}={meaning}"


def _find_text(chain: str, home: Home) -> str:
    """The text that a module has under a dotted name, or ""."""
    root, *rest = chain.split(".")
    home.reads[root] = None
    value = home.namespace.get(root)
    for name in rest:
        value = vars(value).get(name) if isinstance(value, (ModuleType, type)) else None
    return value if isinstance(value, str) else ""


def _follow_value(nodes: Nodes, value: Any, module: str, name: str, rest: list[str]) -> tuple[list[Node], str]:
    """What `name.rest` leads to, where ``value`` is what the ``module`` has under ``name``, and what that is called."""
    found: list[Node] = []
    inputs = nodes.bodies.inputs
    depth = 0
    while isinstance(value, ModuleType):
        if not nodes.bodies.is_first_party(value):
            return _follow_foreign(nodes, value, rest[depth:])
        if depth == len(rest) or rest[depth] == "__dict__":
            return [*found, nodes.whole(value)], value.__name__
        module, name = value.__name__, rest[depth]
        depth += 1
        if name in MODULE_MACHINERY:
            return found, ""
        nodes.bodies.home(vars(value)).reads[name] = None
        inner = _find_attribute(nodes, value, name)
        if inner is None:
            maker = vars(value).get("__getattr__")
            if not isinstance(maker, FunctionType):
                return found, ""
            found.append(nodes.of(maker))
            # it may give something else next time
            inputs.is_whole = False
            inner = (_call_getattr(value, name),)
            if not isinstance(inner[0], (FunctionType, type, ModuleType)):
                return found, ""
        value = inner[0]
    if isinstance(value, (FunctionType, type)):
        found.append(nodes.of(value))
        read = next((each for each in READ_ALONE if each in rest), None)
        if read is None:
            return found, _meaning(nodes, value)
        inputs.is_whole = False
        value, name = _look_at(value, read), f"{name}.{read}"
    module, name = nodes.bodies.birthplace(module, name, value)
    return [*found, nodes.constant(module, name, value)], f"{module}.{name}"


def look_at(nodes: Nodes, target: FunctionType | type, asked: str) -> Node | None:
    """What of a function or class counts only for those who read it, as a definition; None where there is nothing."""
    nodes.bodies.inputs.is_whole = False
    value = _look_at(target, asked)
    module = nodes.module_of(target)
    return nodes.constant(module, f"{target.__qualname__}.{asked}", value) if value else None


def _look_at(target: FunctionType | type, asked: str) -> Any:
    try:
        return inspect.getsource(target) if asked == SOURCE else getattr(target, asked)
    except Exception:
        # without source, or annotated with names that are not there
        return None


def _follow_foreign(nodes: Nodes, module: ModuleType, rest: list[str]) -> tuple[list[Node], str]:
    """A name of a module that is not the user's: all that counts is whose it is."""
    found = [nodes.whole(module)]
    if not rest:
        return found, module.__name__
    # unless the project has put something of its own there
    value = vars(module).get(rest[0])
    nodes.bodies.inputs.foreign[f"{module.__name__}:{rest[0]}"] = label(value)
    if isinstance(value, (FunctionType, type)) and nodes.bodies.is_first_party(value):
        nodes.bodies.inputs.is_whole = False
        return [*found, nodes.of(value)], _meaning(nodes, value)
    return found, module.__name__


def _meaning(nodes: Nodes, value: FunctionType | type) -> str:
    """What a function or class is called where it was written; one of many that are called so also by its content."""
    module = module_label(value.__module__)
    name = f"{module}.{value.__qualname__}"
    if "<" not in name:
        return name
    held = nodes.held.read(value, "as a value", lambda: hold(nodes.bodies, value, module), is_fixed=False)
    return f"{name} {held.digest}"


def _find_attribute(nodes: Nodes, module: ModuleType, name: str) -> tuple[Any] | None:
    content = vars(module)
    if name in content:
        return (content[name],)
    # there or not, depending on who imported it before
    inner = f"{module.__name__}.{name}"
    if "__path__" not in content:
        return None
    if inner not in sys.modules and find_spec(inner) is None:
        nodes.bodies.inputs.missing.add(inner)
        return None
    loaded = load_module(nodes, inner)
    return None if loaded is None else (loaded,)


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


def subclasses(nodes: Nodes, cls: type) -> Iterator[Node]:
    """The first-party classes below ``cls``, for what asks a class for them."""
    nodes.bodies.inputs.is_whole = False
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
        if find_spec(name) is None:
            nodes.bodies.inputs.missing.add(name)
        else:
            nodes.bodies.inputs.is_whole = False
        return None
    nodes.bodies.inputs.imported.append(name)
    nodes.imports += 1
    return loaded


def label(value: Any) -> str:
    """The module of a function or class, "" for anything else."""
    return str(value.__module__) if isinstance(value, (FunctionType, type)) else ""
